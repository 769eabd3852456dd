"""Each type's life: check, create, read, no difference, update in place, the verdict of a replacement, delete."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from provider_client import Engine, Resource, kinds, nothing_differs
from provider_world import ROOT, World, document

from rehearsal.provider.types import TYPES
from rehearsal.values import Archive, Asset

if TYPE_CHECKING:
    from rehearsal.account import Account


@dataclass
class Case:
    """One type: its inputs, a change made in place, and a change that replaces (the change, and its path)."""

    token: str
    inputs: Any
    update: Any = field(default_factory=dict)
    replaces: tuple[dict[str, Any], str] | None = None
    needs: tuple[str, str, dict[str, str]] | None = None
    """A call (service, method, parameters) that the account must have."""


def expiring(days: int) -> str:
    """An ECR life cycle policy."""
    selection = {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": days}
    return json.dumps({"rules": [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]})


def preferences(group: str) -> str:
    """A session document."""
    return json.dumps(
        {"schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": {"cloudWatchLogGroupName": group}}
    )


def sharing(account: str) -> str:
    """A model package group's policy."""
    group = "arn:aws:sagemaker:eu-central-1:111122223333:model-package-group/world"
    return document("sagemaker:DescribeModelPackageGroup", {"AWS": f"arn:aws:iam::{account}:root"}, group)


def version(world: World, **more: Any) -> dict[str, Any]:
    """A model package version by Cloud Control."""
    containers = {"Containers": [{"Image": world.image}]}
    types = {"SupportedContentTypes": ["text/csv"], "SupportedResponseMIMETypes": ["text/csv"]}
    state = {"ModelPackageGroupName": world.package_group.id, "InferenceSpecification": {**containers, **types}, **more}
    return {"typeName": "AWS::SageMaker::ModelPackage", "desiredState": json.dumps(state)}


CASES = [
    Case(
        "aws:kms/key:Key",
        lambda w: {"description": "a"},
        {"description": "b", "enableKeyRotation": True},
        ({"keyUsage": "SIGN_VERIFY"}, "keyUsage"),
    ),
    Case("aws:kms/alias:Alias", lambda w: {"targetKeyId": w.key.id}, {}, ({"name": "alias/other"}, "name")),
    Case(
        "aws:kms/keyPolicy:KeyPolicy",
        lambda w: {"keyId": w.spare_key.id, "policy": document("kms:*", {"AWS": ROOT})},
        {"policy": document(["kms:*", "kms:Decrypt"], {"AWS": ROOT})},
    ),
    Case(
        "aws:iam/role:Role",
        lambda w: {"assumeRolePolicy": w.trust, "tags": {"a": "1"}},
        {"description": "new", "maxSessionDuration": 7200, "tags": {"b": "2"}},
        ({"path": "/elsewhere/"}, "path"),
    ),
    Case(
        "aws:iam/rolePolicy:RolePolicy",
        lambda w: {"role": w.role.id, "policy": document("s3:GetObject")},
        {"policy": document("s3:PutObject")},
        ({"name": "other"}, "name"),
    ),
    Case(
        "aws:iam/policy:Policy",
        lambda w: {"policy": document("s3:GetObject"), "description": "a"},
        {"policy": document("s3:PutObject"), "tags": {"a": "1"}},
        ({"description": "b"}, "description"),
    ),
    Case(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        lambda w: {"role": w.role.id, "policyArn": w.policy.id},
        replaces=({"policyArn": "arn:aws:iam::aws:policy/Other"}, "policyArn"),
    ),
    Case(
        "aws:s3/bucket:Bucket",
        lambda w: {"tags": {"a": "1"}},
        {"tags": {}, "forceDestroy": True, "versioning": {"enabled": True}},
        ({"bucket": "some-other-bucket"}, "bucket"),
    ),
    Case(
        "aws:s3/bucketVersioning:BucketVersioning",
        lambda w: {"bucket": w.bucket.id, "versioningConfiguration": {"status": "Enabled"}},
        {"versioningConfiguration": {"status": "Suspended"}},
        ({"bucket": "other"}, "bucket"),
    ),
    Case(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        lambda w: {
            "bucket": w.bucket.id,
            "rules": [
                {
                    "applyServerSideEncryptionByDefault": {
                        "sseAlgorithm": "aws:kms",
                        "kmsMasterKeyId": w.key.outputs["arn"],
                    },
                    "bucketKeyEnabled": True,
                }
            ],
        },
        {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]},
        ({"bucket": "other"}, "bucket"),
    ),
    Case(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        lambda w: {"bucket": w.bucket.id, "blockPublicAcls": True},
        {"restrictPublicBuckets": True},
        ({"bucket": "other"}, "bucket"),
    ),
    Case(
        "aws:s3/bucketPolicy:BucketPolicy",
        lambda w: {
            "bucket": w.bucket.id,
            "policy": document("s3:GetObject", {"AWS": ROOT}, f"arn:aws:s3:::{w.bucket.id}/*"),
        },
        {"policy": document("s3:*", {"AWS": ROOT}, "*")},
        ({"bucket": "other"}, "bucket"),
    ),
    Case(
        "aws:s3/bucketObjectv2:BucketObjectv2",
        lambda w: {"bucket": w.bucket.id, "source": Asset("one", text="one"), "tags": {"a": "1"}},
        {"source": Asset("two", text="two"), "contentType": "text/plain"},
        ({"key": "elsewhere"}, "key"),
    ),
    Case(
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        lambda w: {"bucket": w.bucket.id, "rule": {"objectOwnership": "BucketOwnerEnforced"}},
        {"rule": {"objectOwnership": "BucketOwnerPreferred"}},
        ({"bucket": "other"}, "bucket"),
    ),
    Case(
        "aws:ec2/vpc:Vpc",
        lambda w: {"cidrBlock": "10.1.0.0/16", "tags": {"Name": "a"}},
        {"enableDnsHostnames": True, "tags": {"Name": "b"}},
        ({"cidrBlock": "10.2.0.0/16"}, "cidrBlock"),
    ),
    Case(
        "aws:ec2/subnet:Subnet",
        lambda w: {"vpcId": w.vpc.id, "cidrBlock": "10.0.9.0/24", "availabilityZone": "eu-central-1a"},
        {"mapPublicIpOnLaunch": True, "tags": {"Name": "b"}},
        ({"availabilityZone": "eu-central-1b"}, "availabilityZone"),
    ),
    Case(
        "aws:ec2/securityGroup:SecurityGroup",
        lambda w: {
            "vpcId": w.vpc.id,
            "egress": [{"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]}],
            "ingress": [
                {"protocol": "tcp", "fromPort": 443, "toPort": 443, "self": True, "cidrBlocks": ["10.0.0.0/16"]}
            ],
        },
        {"ingress": [], "egress": [{"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["10.0.0.0/16"]}]},
        ({"description": "another"}, "description"),
    ),
    Case(
        "aws:ec2/securityGroupRule:SecurityGroupRule",
        lambda w: {
            "securityGroupId": w.group.id,
            "type": "egress",
            "protocol": "tcp",
            "fromPort": 443,
            "toPort": 443,
            "cidrBlocks": ["10.0.0.0/16"],
        },
        {"description": "to the registry"},
        ({"toPort": 444}, "toPort"),
    ),
    Case(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        lambda w: {
            "securityGroupId": w.group.id,
            "ipProtocol": "tcp",
            "fromPort": 8080,
            "toPort": 8080,
            "referencedSecurityGroupId": w.group.id,
        },
        {"toPort": 8090, "description": "wider", "tags": {"a": "1"}},
        ({"referencedSecurityGroupId": None, "cidrIpv4": "10.0.0.0/8"}, "cidrIpv4"),
    ),
    Case(
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        lambda w: {"securityGroupId": w.group.id, "ipProtocol": "-1", "cidrIpv4": "0.0.0.0/0"},
        {"cidrIpv4": "10.0.0.0/8"},
        ({"securityGroupId": "sg-other"}, "securityGroupId"),
    ),
    Case(
        "aws:ec2/routeTable:RouteTable",
        lambda w: {"vpcId": w.vpc.id, "tags": {"a": "1"}},
        {"tags": {"a": "2"}},
        ({"vpcId": "vpc-other"}, "vpcId"),
    ),
    Case(
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        lambda w: {"routeTableId": w.table.id, "subnetId": w.subnet.id},
        lambda w: {"routeTableId": w.other_table.id},
        replaces=({"subnetId": "subnet-other"}, "subnetId"),
    ),
    Case(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        lambda w: {"vpcId": w.vpc.id, "serviceName": "com.amazonaws.eu-central-1.s3", "routeTableIds": [w.table.id]},
        {"routeTableIds": [], "tags": {"a": "1"}},
        ({"serviceName": "com.amazonaws.eu-central-1.dynamodb"}, "serviceName"),
    ),
    Case(
        "aws:ec2/route:Route",
        lambda w: {
            "routeTableId": w.table.id,
            "destinationCidrBlock": "10.9.0.0/16",
            "gatewayId": w.aws.client("ec2").create_internet_gateway()["InternetGateway"]["InternetGatewayId"],
        },
        lambda w: {"gatewayId": w.aws.client("ec2").create_internet_gateway()["InternetGateway"]["InternetGatewayId"]},
        ({"destinationCidrBlock": "10.8.0.0/16"}, "destinationCidrBlock"),
    ),
    Case(
        "aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation",
        lambda w: {"vpcEndpointId": w.gateway.id, "routeTableId": w.table.id},
        replaces=({"routeTableId": "rtb-other"}, "routeTableId"),
    ),
    Case(
        "aws:kms/grant:Grant",
        lambda w: {
            "keyId": w.key.id,
            "granteePrincipal": w.role.outputs["arn"],
            "operations": ["Decrypt", "DescribeKey"],
        },
        replaces=({"operations": ["Decrypt"]}, "operations"),
    ),
    Case(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        lambda w: {
            "bucket": w.bucket.id,
            "rules": [
                {
                    "id": "captured",
                    "status": "Enabled",
                    "filter": {"and": {"prefix": "captured/", "tags": {"a": "1"}}},
                    "expiration": {"days": 90},
                }
            ],
        },
        {"rules": [{"id": "all", "status": "Enabled", "filter": {"prefix": "old/"}, "expiration": {"days": 9}}]},
        ({"bucket": "other"}, "bucket"),
    ),
    Case(
        "aws:ecr/repository:Repository",
        lambda w: {"imageTagMutability": "MUTABLE", "tags": {"a": "1"}},
        {"imageTagMutability": "IMMUTABLE", "imageScanningConfiguration": {"scanOnPush": True}, "tags": {}},
        ({"encryptionConfigurations": [{"encryptionType": "KMS"}]}, "encryptionConfigurations[0].encryptionType"),
    ),
    Case(
        "aws:ecr/repositoryPolicy:RepositoryPolicy",
        lambda w: {"repository": w.repository.id, "policy": document("ecr:BatchGetImage", {"AWS": ROOT}, None)},
        {"policy": document("ecr:GetDownloadUrlForLayer", {"AWS": ROOT}, None)},
        ({"repository": "other"}, "repository"),
    ),
    Case(
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        lambda w: {"repository": w.repository.id, "policy": expiring(14)},
        replaces=({"policy": expiring(7)}, "policy"),
    ),
    Case(
        "aws:sagemaker/model:Model",
        lambda w: {
            "executionRoleArn": w.role.outputs["arn"],
            "primaryContainer": {"image": w.image, "environment": {"A": "1"}},
            "vpcConfig": {"subnets": [w.subnet.id], "securityGroupIds": [w.group.id]},
        },
        {"tags": {"stage": "production"}},
        ({"primaryContainer": {"image": "other", "environment": {"A": "1"}}}, "primaryContainer.image"),
    ),
    Case(
        "aws:sagemaker/endpointConfiguration:EndpointConfiguration",
        lambda w: {"kmsKeyArn": w.key.outputs["arn"], "productionVariants": [w.variant()]},
        {"tags": {"stage": "production"}},
        ({"kmsKeyArn": "arn:aws:kms:eu-central-1:111122223333:key/other"}, "kmsKeyArn"),
    ),
    Case(
        "aws:sagemaker/endpoint:Endpoint",
        lambda w: {
            "endpointConfigName": w.configuration.id,
            "deploymentConfig": {
                "blueGreenUpdatePolicy": {
                    "trafficRoutingConfiguration": {"type": "ALL_AT_ONCE", "waitIntervalInSeconds": 0}
                },
                "autoRollbackConfiguration": {"alarms": [{"alarmName": "errors"}]},
            },
        },
        {"tags": {"stage": "production"}},
        ({"deploymentConfig": None}, "deploymentConfig"),
    ),
    Case(
        "aws:sagemaker/modelPackageGroup:ModelPackageGroup",
        lambda w: {"modelPackageGroupName": "trees", "modelPackageGroupDescription": "a"},
        {"tags": {"a": "1"}},
        ({"modelPackageGroupDescription": "b"}, "modelPackageGroupDescription"),
    ),
    Case(
        "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy",
        lambda w: {"modelPackageGroupName": w.package_group.id, "resourcePolicy": sharing("222233334444")},
        {"resourcePolicy": sharing("333344445555")},
        ({"modelPackageGroupName": "other"}, "modelPackageGroupName"),
    ),
    Case(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        lambda w: {
            "metricName": "Invocation5XXErrors",
            "namespace": "AWS/SageMaker",
            "statistic": "Sum",
            "period": 60,
            "evaluationPeriods": 1,
            "threshold": 1,
            "comparisonOperator": "GreaterThanOrEqualToThreshold",
            "dimensions": {"EndpointName": "e", "VariantName": "v"},
        },
        {"threshold": 2.5, "treatMissingData": "breaching", "tags": {"a": "1"}},
        ({"name": "other"}, "name"),
    ),
    Case(
        "aws:cloudwatch/logGroup:LogGroup",
        lambda w: {"retentionInDays": 30, "tags": {"a": "1"}},
        {"retentionInDays": 0, "tags": {}},
        ({"name": "/aws/sagemaker/Endpoints/other"}, "name"),
    ),
    Case(
        "aws:lambda/function:Function",
        lambda w: {
            "role": w.role.outputs["arn"],
            "runtime": "python3.12",
            "handler": "index.handler",
            "code": Archive("one", assets={"index.py": Asset("a", text="def handler(event, context): return 1")}),
            "environment": {"variables": {"A": "1"}},
        },
        {
            "timeout": 30,
            "environment": {"variables": {"A": "2"}},
            "description": "reads credentials",
            "code": Archive("two", assets={"index.py": Asset("b", text="def handler(event, context): return 2")}),
            "tags": {"a": "1"},
        },
        ({"name": "other"}, "name"),
    ),
    Case(
        "aws:lambda/permission:Permission",
        lambda w: {
            "function": w.function.id,
            "action": "lambda:InvokeFunction",
            "principal": "sagemaker.amazonaws.com",
        },
        replaces=({"principal": "events.amazonaws.com"}, "principal"),
    ),
    Case(
        "aws:appautoscaling/target:Target",
        lambda w: {**w.scalable("one"), "minCapacity": 1, "maxCapacity": 2},
        {"maxCapacity": 4},
        ({"resourceId": "endpoint/other/variant/main"}, "resourceId"),
    ),
    Case(
        "aws:appautoscaling/policy:Policy",
        lambda w: {
            **w.scalable("two", register=True),
            "policyType": "TargetTrackingScaling",
            "targetTrackingScalingPolicyConfiguration": {
                "targetValue": 70,
                "predefinedMetricSpecification": {"predefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
            },
        },
        {
            "targetTrackingScalingPolicyConfiguration": {
                "targetValue": 50.5,
                "predefinedMetricSpecification": {"predefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
            },
        },
        ({"name": "other"}, "name"),
    ),
    Case(
        "aws:secretsmanager/secret:Secret",
        lambda w: {"recoveryWindowInDays": 0, "description": "a", "tags": {"a": "1"}},
        {"description": "b", "tags": {}, "policy": document("secretsmanager:GetSecretValue", {"AWS": ROOT})},
        ({"name": "other"}, "name"),
    ),
    Case(
        "aws:secretsmanager/secretVersion:SecretVersion",
        lambda w: {"secretId": w.secret.id, "secretString": "user:password"},
        {"versionStages": ["AWSCURRENT", "BLUE"]},
        ({"secretString": "user:another"}, "secretString"),
    ),
    Case(
        "aws:ssm/document:Document",
        lambda w: {"documentType": "Session", "content": preferences("a"), "tags": {"a": "1"}},
        {"content": preferences("b"), "tags": {"b": "2"}},
        ({"documentType": "Command"}, "documentType"),
    ),
    Case(
        "aws:cloudcontrol/resource:Resource",
        lambda w: version(w, ModelApprovalStatus="PendingManualApproval"),
        lambda w: version(w, ModelApprovalStatus="Approved", ApprovalDescription="tried"),
        ({"typeName": "AWS::SageMaker::ModelPackageGroup"}, "typeName"),
    ),
    Case(
        "aws:ram/resourceShare:ResourceShare",
        lambda w: {"allowExternalPrincipals": True, "tags": {"a": "1"}},
        {"allowExternalPrincipals": False, "tags": {"b": "2"}},
        ({"permissionArns": ["arn:aws:ram::aws:permission/Other"]}, "permissionArns"),
    ),
    Case(
        "aws:ram/resourceAssociation:ResourceAssociation",
        lambda w: {"resourceShareArn": w.share.id, "resourceArn": w.package_group.outputs["arn"]},
        replaces=({"resourceArn": "arn:aws:sagemaker:::other"}, "resourceArn"),
    ),
    Case(
        "aws:ram/principalAssociation:PrincipalAssociation",
        lambda w: {"resourceShareArn": w.share.id, "principal": "444455556666"},
        replaces=({"principal": "777788889999"}, "principal"),
    ),
]


IDS = [case.token.rpartition(":")[2] for case in CASES]
NUMBERS = itertools.count()


def lacking(aws: Any, service: str, method: str, parameters: dict[str, str]) -> str:
    """What the account says if it doesn't have a call."""
    try:
        getattr(aws.client(service), method)(**parameters)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 501:
            return str(error)
    return ""


@pytest.fixture
def made(request: pytest.FixtureRequest, engine: Engine, world: World, aws: Any) -> Any:
    """The case's resource, created, and deleted afterwards."""
    case: Case = request.param
    if case.needs and (lack := lacking(aws, *case.needs)):
        pytest.skip(lack)
    inputs = case.inputs(world)
    logical_name = f"life-{next(NUMBERS)}"
    if case.token.endswith(":ModelPackageGroup"):  # it has no automatic name, and each needs one of its own
        inputs["modelPackageGroupName"] = logical_name
    resource = engine.create(case.token, logical_name, inputs)
    yield case, inputs, resource
    if resource.id:
        engine.delete(resource)


ALWAYS_THERE = {
    "aws:secretsmanager/secretVersion:SecretVersion",
    "aws:kms/keyPolicy:KeyPolicy",
    "aws:s3/bucketVersioning:BucketVersioning",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
}
"""What a delete resets, because AWS always has one."""

every = pytest.mark.parametrize("made", CASES, ids=IDS, indirect=True)


def test_every_type_has_a_case() -> None:
    covered = {case.token for case in CASES}

    assert set(TYPES) == covered


@every
def test_what_was_created_is_as_asked_and_reads_back_the_same(made: Any, engine: Engine) -> None:
    _, inputs, resource = made

    found = engine.read(resource)

    assert resource.id
    assert found is not None
    assert found.outputs == resource.outputs
    assert found.inputs == resource.inputs
    assert nothing_differs(engine.diff(resource, inputs))
    assert nothing_differs(engine.diff(found, inputs))


@every
def test_outputs_have_only_names_that_the_sdk_knows(made: Any) -> None:
    case, _, resource = made

    assert set(resource.outputs) <= set(TYPES[case.token].outputs())


@every
def test_a_preview_tells_unknown_outputs_and_invents_none(made: Any, engine: Engine) -> None:
    case, inputs, resource = made

    shown = engine.preview(case.token, "previewed", inputs)

    assert [name for name in resource.outputs if name not in shown and resource.outputs[name]] == []
    given = {name: value for name, value in inputs.items() if name != "tags"}
    assert all(name in shown for name in given)


@every
def test_an_update_in_place_takes_and_is_stable(made: Any, engine: Engine, world: World) -> None:
    case, inputs, resource = made
    if not case.update:
        pytest.skip("nothing of this type changes in place without another resource")
    change = case.update(world) if callable(case.update) else case.update
    wanted = {**inputs, **change}

    difference = engine.diff(resource, wanted)
    engine.update(resource, wanted)
    found = engine.read(resource)

    assert list(difference.replaces) == []
    assert {path.partition("[")[0].partition(".")[0] for path in difference.detailedDiff} == set(difference.diffs)
    assert nothing_differs(engine.diff(resource, wanted))
    assert found is not None
    assert found.outputs == resource.outputs
    assert nothing_differs(engine.diff(found, wanted))


@every
def test_a_replacement_is_announced_with_its_path(made: Any, engine: Engine) -> None:
    case, inputs, resource = made
    if case.replaces is None:
        pytest.skip("nothing of this type replaces but its region")
    change, path = case.replaces
    wanted = {name: value for name, value in {**inputs, **change}.items() if value is not None}

    difference = engine.diff(resource, wanted)

    assert path in kinds(difference)
    assert kinds(difference)[path].endswith("_REPLACE")
    assert difference.replaces


@every
def test_after_a_delete_it_is_gone_and_a_second_delete_is_no_error(made: Any, engine: Engine, account: Account) -> None:
    case, _, resource = made
    token = case.token
    gone = Resource(case.token, resource.name, resource.id, resource.inputs, resource.outputs)

    engine.delete(resource)
    resource.id = ""
    found = engine.read(gone)
    account.advance(3600)
    engine.delete(gone)

    assert found is None or token in ALWAYS_THERE


@every
def test_another_region_replaces(made: Any, engine: Engine) -> None:
    case, inputs, resource = made
    if "region" not in TYPES[case.token].inputs():
        pytest.skip("a service without regions")

    difference = engine.diff(resource, {**inputs, "region": "us-west-2"})
    same = engine.diff(resource, {**inputs, "region": "eu-central-1"})

    assert "region" in difference.replaces
    assert nothing_differs(same)
