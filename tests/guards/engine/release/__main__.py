"""An endpoint on what boto3 has made (role, image, artifact), in its `VERSION`; two keys, less those in `GONE`."""

import os

import pulumi
import pulumi_aws as aws

import guards

guards.install(verify=os.environ.get("VERIFY") != "no")

version = os.environ.get("VERSION", "1")
gone = os.environ.get("GONE", "").split(",")

for name in ("held", "spare"):
    if name not in gone:
        pulumi.export(name, aws.kms.Key(name).arn)

model = aws.sagemaker.Model(
    "model",
    execution_role_arn=os.environ["ROLE"],
    primary_container={
        "image": os.environ["IMAGE"],
        "model_data_url": "s3://artifacts/model.tar.gz",
        "environment": {"VERSION": version},
    },
)
configuration = aws.sagemaker.EndpointConfiguration(
    "configuration",
    production_variants=[
        {"variant_name": "v", "model_name": model.name, "instance_type": "ml.m5.large", "initial_instance_count": 1}
    ],
)
aws.sagemaker.Endpoint("endpoint", name="released", endpoint_config_name=configuration.name)
pulumi.export("model", model.name)
pulumi.export("configuration", configuration.name)
