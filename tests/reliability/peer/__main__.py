"""An endpoint as published modules make it: fixed names, one inline policy, a fixed key in S3, and no guards."""

import json

import pulumi
import pulumi_aws as aws

config = pulumi.Config()
name = config.require("name")
region = aws.get_region_output().region
account = aws.get_caller_identity_output().account_id

key_arn = None
key = config.get("key") or "own"
if key == "own":
    own = aws.kms.Key(name, is_enabled=config.get("keyEnabled") != "false", deletion_window_in_days=7)
    aws.kms.Alias(name, name=f"alias/{name}", target_key_id=own.key_id)
    key_arn = own.arn
elif key != "none":
    key_arn = aws.kms.get_key_output(key_id=key).arn

bucket = aws.s3.Bucket(name, bucket=account.apply(lambda id_: f"{name}-models-{id_}"), force_destroy=True)
artifact = aws.s3.BucketObjectv2(
    name, bucket=bucket.bucket, key="model.tar.gz", source=pulumi.FileAsset(config.require("artifact"))
)

subnets = config.get_object("subnets")
groups = config.get_object("securityGroups")
if not subnets:
    vpc = aws.ec2.Vpc(name, cidr_block="10.0.0.0/16", enable_dns_hostnames=True, tags={"Name": name})
    subnets = [aws.ec2.Subnet(f"{name}-0", vpc_id=vpc.id, cidr_block="10.0.0.0/24").id]
    groups = [aws.ec2.SecurityGroup(name, name=name, vpc_id=vpc.id, description=name).id]

role = aws.iam.Role(
    name,
    name=name,
    assume_role_policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "sagemaker.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
    ),
)
image = config.require("image")
repository = image.partition("/")[2].partition("@")[0]
given = config.get("permissions")
if given:
    with open(given, encoding="utf-8") as file:
        document = pulumi.Output.from_input(file.read())
else:
    document = pulumi.Output.all(bucket.arn, account, region).apply(
        lambda known: json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{known[0]}/*"},
                    {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
                    {
                        "Effect": "Allow",
                        "Action": [
                            "ecr:BatchGetImage",
                            "ecr:GetDownloadUrlForLayer",
                            "ecr:BatchCheckLayerAvailability",
                        ],
                        "Resource": f"arn:aws:ecr:{known[2]}:{known[1]}:repository/{repository}",
                    },
                ],
            }
        )
    )
rights = aws.iam.RolePolicy(name, name=name, role=role.name, policy=document)

model = aws.sagemaker.Model(
    name,
    name=name,
    execution_role_arn=role.arn,
    primary_container={
        "image": image,
        "model_data_url": pulumi.Output.concat("s3://", bucket.bucket, "/", artifact.key),
        "environment": config.get_object("environment") or {},
    },
    vpc_config={"subnets": subnets, "security_group_ids": groups},
    opts=pulumi.ResourceOptions(depends_on=[rights]),
)
instance_type = config.get("instanceType") or "ml.m5.large"
configuration = aws.sagemaker.EndpointConfiguration(
    name,
    name=name,
    kms_key_arn=None if instance_type.startswith("ml.g5") else key_arn,
    production_variants=[
        {
            "variant_name": "main",
            "model_name": model.name,
            "instance_type": instance_type,
            "initial_instance_count": config.get_int("instanceCount") or 1,
        }
    ],
)
endpoint = aws.sagemaker.Endpoint(name, name=name, endpoint_config_name=configuration.name)
pulumi.export("endpointName", endpoint.name)
