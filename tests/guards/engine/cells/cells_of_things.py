"""What is used as a whole: removed, and replaced by one of another name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cell import REMOVED, Cell, Change, Inputs, filled, rename, trust

if TYPE_CHECKING:
    from collections.abc import Iterator


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
