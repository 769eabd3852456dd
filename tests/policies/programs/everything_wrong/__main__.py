"""Deliberately bad: every rule has something to refuse here.

`STAGE` changes what the endpoint is declared as, `UNTIL` gives its SSM access an end date.
"""

import os

import pulumi

TAGS = {
    "holdfast:stage": os.environ.get("STAGE", "production"),
    "holdfast:ssm-access-until": os.environ.get("UNTIL", ""),
}


class Resource(pulumi.CustomResource):
    """Any resource of pulumi-aws, without importing it."""

    arn: pulumi.Output[str]
    name: pulumi.Output[str]
    bucket: pulumi.Output[str]


def resource(token: str, name: str, properties: dict, **options: object) -> Resource:
    """Register one."""
    return Resource(token, name, {"arn": None, "name": None, **properties}, pulumi.ResourceOptions(**options))


key = resource("aws:kms/key:Key", "unguarded", {"isEnabled": False})
bucket = resource("aws:s3/bucket:Bucket", "artifacts", {"bucket": "artifacts"})
repository = resource("aws:ecr/repository:Repository", "scoring", {"name": "scoring"})
images = resource(
    "aws:ecr/lifecyclePolicy:LifecyclePolicy",
    "scoring",
    {
        "repository": repository.name,
        "policy": '{"rules": [{"selection": {"tagStatus": "any"}, "action": {"type": "expire"}}]}',
    },
)
lifecycle = resource(
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "artifacts",
    {"bucket": bucket.bucket, "rules": [{"id": "all", "status": "Enabled", "expiration": {"days": 90}}]},
)
role = resource("aws:iam/role:Role", "scoring", {"name": "scoring"})
rights = resource(
    "aws:iam/rolePolicy:RolePolicy",
    "scoring",
    {"role": role.name, "policy": '{"Version": "2012-10-17", "Statement": []}', "name": "scoring"},
)
model = resource(
    "aws:sagemaker/model:Model",
    "scoring",
    {
        "name": "scoring",
        "executionRoleArn": role.arn,
        "primaryContainer": {
            "image": pulumi.Output.concat("registry.example.com/", repository.name, ":latest"),
            "imageConfig": {"repositoryAuthConfig": {"repositoryCredentialsProviderArn": "credentials"}},
            "modelDataUrl": pulumi.Output.concat("s3://", bucket.bucket, "/scoring/model.tar.gz"),
        },
    },
)
version = resource(
    "aws:cloudcontrol/resource:Resource",
    "scoring",
    {
        "typeName": "AWS::SageMaker::ModelPackage",
        "desiredState": '{"InferenceSpecification": {"Containers": [{"Image": "scoring:latest"}]}}',
    },
)
group_policy = resource(
    "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy",
    "scoring",
    {
        "modelPackageGroupName": "scoring",
        "resourcePolicy": '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}',
    },
)
registered = resource(
    "aws:sagemaker/model:Model",
    "registered",
    {"name": "registered", "executionRoleArn": role.arn, "primaryContainer": {"modelPackageName": version.id}},
)
configuration = resource(
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration",
    "scoring",
    {
        "kmsKeyArn": key.arn,
        "tags": {tag: value for tag, value in TAGS.items() if value},
        "productionVariants": [
            {"modelName": model.name, "instanceType": "ml.g5.xlarge", "enableSsmAccess": True, "variantName": "a"}
        ],
    },
    delete_before_replace=True,
)
endpoint = resource(
    "aws:sagemaker/endpoint:Endpoint", "scoring", {"name": "scoring", "endpointConfigName": configuration.name}
)
