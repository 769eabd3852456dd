"""The cells of the guards' table: what is done to which thing, which guard refuses it, and the twin that passes.

Read by the program (which has no other knowledge of them) and by the tests. `use` is what boto3 makes of a thing: an
endpoint's model (`model`), or an endpoint configuration (`config`), in which `{id}` stands for the resource's id.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Inputs = dict[str, Any]
REMOVED = None


@dataclass(frozen=True)
class Change:
    """A resource: its inputs, what they become (None: it is removed), and how an endpoint uses it."""

    before: Inputs
    after: Inputs | None
    use: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Cell:
    """One cell: `<thing>-<change>`; the guard that refuses it; its twin differs in one value and passes."""

    name: str
    token: str
    guard: str
    refused: Change
    twin: Change
    alone: bool = False
    """Its refusal keeps the program waiting when a run goes on after errors: it has a run of its own."""

    def is_changed(self, asked: str) -> bool:
        """Whether a run that was `asked` for `together`, `all`, or one cell by its name changes this one."""
        return asked in {"all", self.name} or (asked == "together" and not self.alone)

    def resources(self) -> Iterator[tuple[str, Change]]:
        """The resource, its twin, and for a removal another one that only a destroy takes away."""
        yield self.name, self.refused
        yield f"{self.name}-twin", self.twin
        if self.refused.after is REMOVED and self.twin.after is REMOVED:
            spare = rename(self.twin.before, "-twin", "-spare")
            if spare != self.twin.before:
                yield f"{self.name}-spare", Change(spare, REMOVED)


def rename(value: Any, old: str, new: str) -> Any:
    """The same inputs under another physical name."""
    if isinstance(value, str):
        return value.replace(old, new)
    if isinstance(value, dict):
        return {key: rename(part, old, new) for key, part in value.items()}
    return [rename(part, old, new) for part in value] if isinstance(value, list) else value


def document(*statements: Inputs) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any, resource: Any = "*", **more: Any) -> Inputs:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def trust(service: str = "sagemaker") -> str:
    return document(
        {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    )


def cells(world: dict[str, Any]) -> list[Cell]:
    """All of them."""
    return [*things(world), *rights(world), *resource_policies(world), *networks(world), *narrowings(world)]


def things(world: dict[str, Any]) -> Iterator[Cell]:
    """What is used as a whole: removed, and replaced by one of another name."""
    image, role = world["image"], world["role"]
    capture = {"DataCaptureConfig": "s3://{name}/"}
    made = {"executionRoleArn": role, "primaryContainer": {"image": image}}
    variant = {
        "variantName": "v",
        "modelName": world["model"],
        "instanceType": "ml.m5.large",
        "initialInstanceCount": 1,
    }
    network = {"vpcId": world["vpc"]}
    table: list[tuple[str, str, str, Inputs, Inputs, dict[str, Any]]] = [
        (
            "key",
            "aws:kms/key:Key",
            "key-in-use-stays",
            {"deletionWindowInDays": 7},
            {"multiRegion": True},
            {"config": {"KmsKeyId": "{id}"}},
        ),
        (
            "alias",
            "aws:kms/alias:Alias",
            "alias-in-use-stays",
            {"name": "alias/{n}", "targetKeyId": world["key"]},
            {"name": "alias/{n}-2"},
            {"config": {"KmsKeyId": "alias/{n}"}},
        ),
        (
            "bucket",
            "aws:s3/bucket:Bucket",
            "bucket-in-use-stays",
            {"bucket": "{n}"},
            {"bucket": "{n}-2"},
            {"config": rename(capture, "{name}", "{n}")},
        ),
        (
            "artifact",
            "aws:s3/bucketObjectv2:BucketObjectv2",
            "artifact-in-use-stays",
            {"bucket": world["bucket"], "key": "{n}/model.tar.gz", "content": "1"},
            {"key": "{n}-2/model.tar.gz"},
            {"model": {"ModelDataUrl": f"s3://{world['bucket']}/{{n}}/model.tar.gz"}},
        ),
        (
            "execution-role",
            "aws:iam/role:Role",
            "role-in-use-stays",
            {"name": "{n}", "assumeRolePolicy": trust()},
            {"name": "{n}-2"},
            {
                "model": {
                    "ExecutionRoleArn": world["roles"] + "{n}",
                    "Image": world["foreign_image"],
                    "ModelDataUrl": "",
                }
            },
        ),
        (
            "repository",
            "aws:ecr/repository:Repository",
            "repository-in-use-stays",
            {"name": "{n}", "forceDelete": True},
            {"name": "{n}-2"},
            {"model": {"Image": "{n}"}},
        ),
        (
            "subnet",
            "aws:ec2/subnet:Subnet",
            "subnet-in-use-stays",
            {**network, "cidrBlock": "{cidr}"},
            {"cidrBlock": "{cidr2}"},
            {"model": {"Subnets": "{id}"}},
        ),
        (
            "security-group",
            "aws:ec2/securityGroup:SecurityGroup",
            "security-group-in-use-stays",
            {**network, "name": "{n}", "description": "one"},
            {"name": "{n}-2", "description": "another"},
            {"model": {"SecurityGroupIds": "{id}"}},
        ),
        (
            "vpc",
            "aws:ec2/vpc:Vpc",
            "vpc-in-use-stays",
            {"cidrBlock": "10.1.0.0/16"},
            {"cidrBlock": "10.2.0.0/16"},
            {"model": {"Vpc": "{id}"}},
        ),
        (
            "vpc-endpoint",
            "aws:ec2/vpcEndpoint:VpcEndpoint",
            "vpc-endpoint-in-use-stays",
            {**network, "serviceName": "com.amazonaws.us-east-1.s3"},
            {"serviceName": "com.amazonaws.us-east-1.dynamodb"},
            {},
        ),
        (
            "route-table",
            "aws:ec2/routeTable:RouteTable",
            "route-table-in-use-stays",
            {**network},
            {"vpcId": world["spare_vpc"]},
            {"model": {"RouteTable": "{id}"}},
        ),
        (
            "model",
            "aws:sagemaker/model:Model",
            "model-in-use-stays",
            {**made, "name": "{n}"},
            {"name": "{n}-2"},
            {"variant": "{n}"},
        ),
        (
            "endpoint-configuration",
            "aws:sagemaker/endpointConfiguration:EndpointConfiguration",
            "endpoint-configuration-in-use-stays",
            {"name": "{n}", "productionVariants": [variant]},
            {"name": "{n}-2"},
            {"endpoint": "{n}"},
        ),
        (
            "function",
            "aws:lambda/function:Function",
            "function-in-use-stays",
            {
                "name": "{n}",
                "role": world["function_role"],
                "runtime": "python3.12",
                "handler": "index.handler",
                "s3Bucket": world["bucket"],
                "s3Key": "function.zip",
            },
            {"name": "{n}-2"},
            {"model": {"Function": world["functions"] + "{n}"}},
        ),
        (
            "secret",
            "aws:secretsmanager/secret:Secret",
            "secret-in-use-stays",
            {"name": "{n}", "recoveryWindowInDays": 0},
            {"name": "{n}-2"},
            {"model": {"Secret": "{id}"}},
        ),
        (
            "model-package-group",
            "aws:sagemaker/modelPackageGroup:ModelPackageGroup",
            "model-package-group-in-use-stays",
            {"modelPackageGroupName": "{n}"},
            {"modelPackageGroupName": "{n}-2"},
            {"model": {"PackageGroup": "{n}"}},
        ),
    ]
    number = 0
    for thing, token, guard, before, other, use in table:
        for change in ("removed", "replaced"):
            pair = []
            for which in ("", "-twin"):
                number += 2
                cidrs = {"{cidr}": f"10.0.{number}.0/24", "{cidr2}": f"10.0.{number + 1}.0/24"}
                inputs = filled(before, f"{thing}-{change}{which}", cidrs)
                after = {**inputs, **filled(other, f"{thing}-{change}{which}", cidrs)}
                made_use = filled(use, f"{thing}-{change}", cidrs) if not which else {}
                if thing == "vpc-endpoint":
                    own = world["networks"][f"{thing}-{change}{which}"]
                    inputs, after = ({**one, "routeTableIds": [own["table"]]} for one in (inputs, after))
                    made_use = {} if which else {"model": {"Subnets": own["subnet"]}}
                pair.append(Change(inputs, REMOVED if change == "removed" else after, made_use))
            yield Cell(f"{thing}-{change}", token, guard, *pair)


def filled(value: Any, name: str, cidrs: dict[str, str]) -> Any:
    made = rename(value, "{n}", name)
    for old, new in cidrs.items():
        made = rename(made, old, new)
    return made


READ = "s3:GetObject"
WRITE = "s3:PutObject"


def rights(world: dict[str, Any]) -> Iterator[Cell]:
    """What a role may do, each cell with a role of its own that has no other rights."""
    token, guard = "aws:iam/rolePolicy:RolePolicy", "role-in-use-keeps-its-rights"

    def policy(role: str, action: Any, name: str = "one") -> Inputs:
        return {"role": role, "name": name, "policy": document(allow(action))}

    for change, after, twin_after in (
        ("removed", REMOVED, REMOVED),
        ("replaced", policy("rights-replaced", WRITE, "two"), policy("rights-replaced-twin", READ, "two")),
        ("narrowed", policy("rights-narrowed", WRITE), policy("rights-narrowed-twin", [READ])),
    ):
        role = f"rights-{change}"
        uses = {"model": {"ExecutionRoleArn": world["roles"] + role}}
        twin = {"model": {"ExecutionRoleArn": world["roles"] + f"{role}-twin"}}
        kept = READ if change != "removed" else WRITE  # what the twin has: for a removal, a right that nobody needs
        yield Cell(
            role,
            token,
            guard,
            Change(policy(role, READ), after, uses),
            Change(policy(f"{role}-twin", kept), twin_after, twin),
        )
    attached = {"role": "attachment-removed", "policyArn": world["policies"] + "reading"}
    spare = {"role": "attachment-removed-twin", "policyArn": world["policies"] + "writing"}
    yield Cell(
        "attachment-removed",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        guard,
        Change(attached, REMOVED, {"model": {"ExecutionRoleArn": world["roles"] + "attachment-removed"}}),
        Change(spare, REMOVED),
    )
    managed = {"name": "managed-policy-narrowed", "policy": document(allow(READ))}
    yield Cell(
        "managed-policy-narrowed",
        "aws:iam/policy:Policy",
        guard,
        Change(
            managed,
            {**managed, "policy": document(allow(WRITE))},
            {
                "attach": "managed-policy-narrowed",
                "model": {"ExecutionRoleArn": world["roles"] + "managed-policy-narrowed"},
            },
        ),
        Change(
            rename(managed, "narrowed", "narrowed-twin"),
            {"name": "managed-policy-narrowed-twin", "policy": document(allow([READ, WRITE]))},
            {
                "attach": "managed-policy-narrowed-twin",
                "model": {"ExecutionRoleArn": world["roles"] + "managed-policy-narrowed-twin"},
            },
        ),
    )
    boundary = {"name": "boundary-added", "assumeRolePolicy": trust()}
    limits = {"permissionsBoundary": world["policies"] + "writing"}, {"permissionsBoundary": world["policies"] + "all"}
    yield Cell(
        "boundary-added",
        "aws:iam/role:Role",
        guard,
        Change(
            boundary,
            {**boundary, **limits[0]},
            {"grant": "boundary-added", "model": {"ExecutionRoleArn": world["roles"] + "boundary-added"}},
        ),
        Change(
            rename(boundary, "added", "added-twin"),
            {**rename(boundary, "added", "added-twin"), **limits[1]},
            {"grant": "boundary-added-twin", "model": {"ExecutionRoleArn": world["roles"] + "boundary-added-twin"}},
        ),
    )
    trusted = {"name": "trust-narrowed", "assumeRolePolicy": trust()}
    both = document(*(json.loads(trust(one))["Statement"][0] for one in ("sagemaker", "lambda")))
    foreign = world["foreign_image"]
    yield Cell(
        "trust-narrowed",
        "aws:iam/role:Role",
        "role-in-use-stays-trusted",
        Change(
            trusted,
            {**trusted, "assumeRolePolicy": trust("lambda")},
            {"model": {"ExecutionRoleArn": world["roles"] + "trust-narrowed", "Image": foreign, "ModelDataUrl": ""}},
        ),
        Change(
            rename(trusted, "narrowed", "narrowed-twin"),
            {"name": "trust-narrowed-twin", "assumeRolePolicy": both},
            {
                "model": {
                    "ExecutionRoleArn": world["roles"] + "trust-narrowed-twin",
                    "Image": foreign,
                    "ModelDataUrl": "",
                }
            },
        ),
    )


def principal(arn: str, action: Any, resource: Any = None, effect: str = "Allow") -> Inputs:
    made = {"Effect": effect, "Principal": {"AWS": arn}, "Action": action}
    return {**made, "Resource": resource} if resource else made


def resource_policies(world: dict[str, Any]) -> Iterator[Cell]:
    """What a bucket, a key, a repository and a function let a role do that has no rights of its own (`guest`)."""
    guest, root = world["roles"] + "guest", {"AWS": world["root"]}
    everything = {"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"}
    key_actions = ["kms:Decrypt", "kms:CreateGrant", "kms:DescribeKey"]
    pull = ["ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"]
    bucket_token, key_token = "aws:s3/bucketPolicy:BucketPolicy", "aws:kms/keyPolicy:KeyPolicy"
    repository_token = "aws:ecr/repositoryPolicy:RepositoryPolicy"

    def bucket(name: str, *actions: str) -> Inputs:
        objects = f"arn:aws:s3:::{name}/*"
        return {"bucket": name, "policy": document(*(principal(guest, one, objects) for one in actions))}

    def key(name: str, *statements: Inputs) -> Inputs:
        return {"keyId": world["keys"][name], "policy": document(everything, *statements)}

    def repository(name: str, *actions: Any) -> Inputs:
        return {"repository": name, "policy": document(*(principal(guest, one) for one in actions))}

    for change in ("removed", "narrowed"):
        gone, kept = (REMOVED, REMOVED) if change == "removed" else (0, 0)
        name = f"bucket-policy-{change}"
        uses = {
            "model": {
                "ExecutionRoleArn": guest,
                "ModelDataUrl": f"s3://{name}/model.tar.gz",
                "Image": world["foreign_image"],
            }
        }
        yield Cell(
            name,
            bucket_token,
            "bucket-in-use-stays-readable",
            Change(bucket(name, READ), gone if gone is None else bucket(name, WRITE), uses),
            Change(
                bucket(f"{name}-twin", WRITE if kept is None else READ),
                kept if kept is None else bucket(f"{name}-twin", READ, WRITE),
                {} if kept is None else rename(uses, name, f"{name}-twin"),
            ),
        )
        name = f"key-policy-{change}"
        uses = {"config": {"KmsKeyId": world["keys"][name], "Role": guest}}
        yield Cell(
            name,
            key_token,
            "key-in-use-stays-usable",
            Change(
                key(name, principal(guest, key_actions, "*")),
                gone if gone is None else key(name, principal(guest, "kms:Describe*", "*")),
                uses,
            ),
            Change(
                key(f"{name}-twin", principal(guest, key_actions, "*")),
                kept if kept is None else key(f"{name}-twin", principal(guest, [*key_actions, "kms:Encrypt"], "*")),
                {} if kept is None else {"config": {"KmsKeyId": world["keys"][f"{name}-twin"], "Role": guest}},
            ),
        )
        name = f"repository-policy-{change}"
        login = world["roles"] + "login"
        uses = {"model": {"ExecutionRoleArn": login, "Image": name, "ModelDataUrl": ""}}
        twin = rename(uses, name, f"{name}-twin")
        yield Cell(
            name,
            repository_token,
            "repository-in-use-stays-readable",
            rename_role(
                Change(repository(name, pull), gone if gone is None else repository(name, "ecr:PutImage"), uses),
                guest,
                login,
            ),
            rename_role(
                Change(
                    repository(f"{name}-twin", "ecr:PutImage" if kept is None else pull),
                    kept if kept is None else repository(f"{name}-twin", pull, "ecr:PutImage"),
                    {} if kept is None else twin,
                ),
                guest,
                login,
            ),
        )
    name = "grant-removed"
    operations = ["Decrypt", "CreateGrant", "DescribeKey"]
    yield Cell(
        name,
        "aws:kms/grant:Grant",
        "key-in-use-stays-usable",
        Change(
            {"keyId": world["keys"][name], "name": name, "granteePrincipal": guest, "operations": operations},
            REMOVED,
            {"config": {"KmsKeyId": world["keys"][name], "Role": guest}},
        ),
        Change(
            {
                "keyId": world["keys"][f"{name}-twin"],
                "name": f"{name}-twin",
                "granteePrincipal": guest,
                "operations": operations,
            },
            REMOVED,
        ),
    )
    name = "permission-removed"
    permission = {"statementId": name, "action": "lambda:InvokeFunction", "function": name, "principal": guest}
    yield Cell(
        name,
        "aws:lambda/permission:Permission",
        "function-in-use-stays-callable",
        Change(
            permission,
            REMOVED,
            {"model": {"ExecutionRoleArn": guest, "Function": world["functions"] + name, "ModelDataUrl": ""}},
        ),
        Change(rename(permission, "-removed", "-removed-twin"), REMOVED),
    )


def rename_role(change: Change, old: str, new: str) -> Change:
    return Change(rename(change.before, old, new), rename(change.after, old, new), change.use)


def networks(world: dict[str, Any]) -> Iterator[Cell]:
    """Routes, associations, gateway endpoints, rules of groups. Each has a subnet or group of its own, by boto3."""
    made = world["networks"]
    wide, narrow = "0.0.0.0/0", "10.9.0.0/16"
    for change in ("removed", "replaced"):
        route = {
            "routeTableId": made[f"route-{change}"]["table"],
            "destinationCidrBlock": narrow,
            "gatewayId": world["gateway"],
        }
        twin = {**route, "routeTableId": made[f"route-{change}-twin"]["table"]}
        other = {"destinationCidrBlock": "10.8.0.0/16"}
        removed = change == "removed"
        yield Cell(
            f"route-{change}",
            "aws:ec2/route:Route",
            "route-in-use-stays",
            Change(
                route,
                REMOVED if removed else {**route, **other},
                {"model": {"Subnets": made[f"route-{change}"]["subnet"]}},
            ),
            Change(twin, REMOVED if removed else {**twin, **other}),
        )
    table = {"vpcId": world["vpc"], "routes": [{"cidrBlock": narrow, "gatewayId": world["gateway"]}]}
    yield Cell(
        "routes-narrowed",
        "aws:ec2/routeTable:RouteTable",
        "route-in-use-stays",
        Change(table, {**table, "routes": []}, {"model": {"RouteTable": "{id}"}}),
        Change(
            table,
            {**table, "routes": [{"cidrBlock": wide, "gatewayId": world["gateway"]}]},
            {"model": {"RouteTable": "{id}"}},
        ),
    )
    for change in ("removed", "moved"):
        one, two = made[f"association-{change}"], made[f"association-{change}-twin"]
        joined, twin = ({"subnetId": each["subnet"], "routeTableId": each["table"]} for each in (one, two))
        removed = change == "removed"
        yield Cell(
            f"association-{change}",
            "aws:ec2/routeTableAssociation:RouteTableAssociation",
            "subnet-in-use-keeps-its-routes",
            Change(
                joined,
                REMOVED if removed else {**joined, "routeTableId": world["empty_table"]},
                {"model": {"Subnets": one["subnet"]}},
            ),
            Change(
                twin,
                REMOVED if removed else {**twin, "routeTableId": world["full_table"]},
                {} if removed else {"model": {"Subnets": two["subnet"]}},
            ),
        )
    gate = {"vpcEndpointId": world["gate"], "routeTableId": made["gateway-association-removed"]["table"]}
    yield Cell(
        "gateway-association-removed",
        "aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation",
        "vpc-endpoint-in-use-keeps-its-routes",
        Change(gate, REMOVED, {"model": {"Subnets": made["gateway-association-removed"]["subnet"]}}),
        Change({**gate, "routeTableId": made["gateway-association-removed-twin"]["table"]}, REMOVED),
    )
    endpoint = {"vpcId": world["vpc"], "serviceName": "com.amazonaws.us-east-1.s3"}
    one, two = made["vpc-endpoint-leaves"], made["vpc-endpoint-leaves-twin"]
    yield Cell(
        "vpc-endpoint-leaves",
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        "vpc-endpoint-in-use-keeps-its-routes",
        Change(
            {**endpoint, "routeTableIds": [one["table"]]},
            {**endpoint, "routeTableIds": []},
            {"model": {"Subnets": one["subnet"]}},
        ),
        Change({**endpoint, "routeTableIds": [two["table"]]}, {**endpoint, "routeTableIds": []}),
    )
    one, two = made["vpc-endpoint-closes"], made["vpc-endpoint-closes-twin"]
    opened = document({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"})
    closed = document({"Effect": "Allow", "Principal": "*", "Action": WRITE, "Resource": "*"})
    enough = document({"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"})
    yield Cell(
        "vpc-endpoint-closes",
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        "vpc-endpoint-in-use-stays-open",
        Change(
            {**endpoint, "routeTableIds": [one["table"]], "policy": opened},
            {**endpoint, "routeTableIds": [one["table"]], "policy": closed},
            {"model": {"Subnets": one["subnet"]}},
        ),
        Change(
            {**endpoint, "routeTableIds": [two["table"]], "policy": opened},
            {**endpoint, "routeTableIds": [two["table"]], "policy": enough},
            {"model": {"Subnets": two["subnet"]}},
        ),
    )
    out, into = "security-group-in-use-keeps-its-way-out", "vpc-endpoint-in-use-keeps-its-way-in"
    rule = {"ipProtocol": "tcp", "fromPort": 443, "toPort": 443}
    for change, after, safe in (
        ("removed", REMOVED, REMOVED),
        ("narrowed", {"cidrIpv4": narrow}, {"ipProtocol": "-1", "fromPort": -1, "toPort": -1}),
    ):
        one, two = made[f"egress-{change}"], made[f"egress-{change}-twin"]
        first, second = ({**rule, "cidrIpv4": wide, "securityGroupId": each["group"]} for each in (one, two))
        yield Cell(
            f"egress-{change}",
            "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
            out,
            Change(
                first, after if after is None else {**first, **after}, {"model": {"SecurityGroupIds": one["group"]}}
            ),
            Change(
                second,
                safe if safe is None else {**second, **safe},
                {} if safe is None else {"model": {"SecurityGroupIds": two["group"]}},
            ),
        )
    one, two = made["classic-rule-removed"], made["classic-rule-removed-twin"]
    classic = {"type": "egress", "protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": [wide]}
    yield Cell(
        "classic-rule-removed",
        "aws:ec2/securityGroupRule:SecurityGroupRule",
        out,
        Change({**classic, "securityGroupId": one["group"]}, REMOVED, {"model": {"SecurityGroupIds": one["group"]}}),
        Change({**classic, "securityGroupId": two["group"]}, REMOVED),
    )
    group = {"vpcId": world["vpc"], "egress": [{"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": [wide]}]}
    less = [{"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": [narrow]}]
    https = [{"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": [wide]}]
    yield Cell(
        "group-narrowed",
        "aws:ec2/securityGroup:SecurityGroup",
        out,
        Change(
            {**group, "name": "group-narrowed", "description": "x"},
            {**group, "name": "group-narrowed", "description": "x", "egress": less},
            {"model": {"SecurityGroupIds": "{id}"}},
        ),
        Change(
            {**group, "name": "group-narrowed-twin", "description": "x"},
            {**group, "name": "group-narrowed-twin", "description": "x", "egress": https},
            {"model": {"SecurityGroupIds": "{id}"}},
        ),
    )
    gate_rule = {**rule, "cidrIpv4": "10.0.0.0/16"}
    yield Cell(
        "ingress-removed",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        into,
        Change({**gate_rule, "securityGroupId": world["interface_group"]}, REMOVED),
        Change({**gate_rule, "securityGroupId": made["ingress-removed-twin"]["group"]}, REMOVED),
    )


def narrowings(world: dict[str, Any]) -> Iterator[Cell]:
    """Disabled, moved, overwritten, expiring, encrypted with a key that the role may not use; an endpoint replaced."""
    key = {"deletionWindowInDays": 7, "isEnabled": True}
    yield Cell(
        "key-disabled",
        "aws:kms/key:Key",
        "key-in-use-stays-enabled",
        Change(key, {**key, "isEnabled": False}, {"config": {"KmsKeyId": "{id}"}}),
        Change(key, {**key, "enableKeyRotation": True}, {"config": {"KmsKeyId": "{id}"}}),
    )
    alias = {"name": "alias/alias-moved", "targetKeyId": world["key"]}
    twin = {"name": "alias/alias-moved-twin", "targetKeyId": world["key"]}
    yield Cell(
        "alias-moved",
        "aws:kms/alias:Alias",
        "alias-in-use-keeps-its-key",
        Change(alias, {**alias, "targetKeyId": world["other_key"]}, {"config": {"KmsKeyId": "alias/alias-moved"}}),
        Change(twin, {**twin, "targetKeyId": world["other_key"]}),
    )
    stored = {"bucket": world["bucket"], "key": "overwritten/model.tar.gz", "content": "1"}
    beside = {"bucket": world["bucket"], "key": "overwritten-twin/model.tar.gz", "content": "1"}
    url = f"s3://{world['bucket']}/"
    yield Cell(
        "artifact-overwritten",
        "aws:s3/bucketObjectv2:BucketObjectv2",
        "artifact-in-use-is-not-overwritten",
        Change(stored, {**stored, "content": "2"}, {"model": {"ModelDataUrl": url + "overwritten/model.tar.gz"}}),
        Change(
            beside, {**beside, "tags": {"a": "b"}}, {"model": {"ModelDataUrl": url + "overwritten-twin/model.tar.gz"}}
        ),
    )

    def lifecycle(bucket: str, prefix: str) -> Inputs:
        rule = {"id": "one", "status": "Enabled", "filter": {"prefix": prefix}, "expiration": {"days": 30}}
        return {"bucket": bucket, "rules": [rule]}

    yield Cell(
        "lifecycle-widened",
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "artifact-in-use-does-not-expire",
        Change(
            lifecycle("lifecycle-widened", "captured/"),
            lifecycle("lifecycle-widened", "model"),
            {"model": {"ModelDataUrl": "s3://lifecycle-widened/model.tar.gz"}},
        ),
        Change(
            lifecycle("lifecycle-widened-twin", "captured/"),
            lifecycle("lifecycle-widened-twin", "results/"),
            {"model": {"ModelDataUrl": "s3://lifecycle-widened-twin/model.tar.gz"}},
        ),
    )

    def expiring(repository: str, tag: str) -> Inputs:
        selection = {
            "tagStatus": "tagged",
            "tagPrefixList": [tag],
            "countType": "sinceImagePushed",
            "countUnit": "days",
            "countNumber": 14,
        }
        rule = {"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}
        return {"repository": repository, "policy": json.dumps({"rules": [rule]})}

    yield Cell(
        "image-expiring",
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        "image-in-use-does-not-expire",
        Change(
            expiring("image-expiring", "build-"),
            expiring("image-expiring", "served"),
            {"model": {"Image": "image-expiring"}},
        ),
        Change(
            expiring("image-expiring-twin", "build-"),
            expiring("image-expiring-twin", "old-"),
            {"model": {"Image": "image-expiring-twin"}},
        ),
    )

    def default(bucket: str, key: str) -> Inputs:
        rule = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": key}}
        return {"bucket": bucket, "rules": [rule]}

    token = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    closed, usable = world["closed_key"], world["other_key"]
    yield Cell(
        "default-key-moved",
        token,
        "bucket-in-use-stays-writable",
        Change(
            default("default-key-moved", world["key"]),
            default("default-key-moved", closed),
            {"config": {"DataCaptureConfig": "s3://default-key-moved/"}},
        ),
        Change(
            default("default-key-moved-twin", world["key"]),
            default("default-key-moved-twin", usable),
            {"config": {"DataCaptureConfig": "s3://default-key-moved-twin/"}},
        ),
    )
    endpoint = {"name": "endpoint-replaced", "endpointConfigName": world["configuration"]}
    yield Cell(
        "endpoint-replaced",
        "aws:sagemaker/endpoint:Endpoint",
        "endpoint-is-never-replaced",
        Change(endpoint, {**endpoint, "name": "endpoint-replaced-2"}),
        Change({**endpoint, "name": "endpoint-removed"}, REMOVED),
        alone=True,
    )
