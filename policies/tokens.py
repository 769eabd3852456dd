"""Pulumi's type tokens of the resources that rules judge, and the tags they read."""

from __future__ import annotations

from typing import Final

MODEL: Final = "aws:sagemaker/model:Model"
ENDPOINT_CONFIGURATION: Final = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
ENDPOINT: Final = "aws:sagemaker/endpoint:Endpoint"

KEY: Final = "aws:kms/key:Key"
KEY_ALIAS: Final = "aws:kms/alias:Alias"

BUCKETS: Final = ("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")
"""`BucketV2` is what pulumi-aws 6 called the same resource."""

ROLE: Final = "aws:iam/role:Role"
ROLE_POLICY: Final = "aws:iam/rolePolicy:RolePolicy"
ROLE_POLICY_ATTACHMENT: Final = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
MANAGED_POLICY: Final = "aws:iam/policy:Policy"

MODEL_PACKAGE_GROUP_POLICY: Final = "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy"
CLOUD_CONTROL: Final = "aws:cloudcontrol/resource:Resource"
MODEL_PACKAGE: Final = "AWS::SageMaker::ModelPackage"
"""What a CLOUD_CONTROL resource's `typeName` is for a version in the Model Registry."""

STACK: Final = "pulumi:pulumi:Stack"

STAGE_TAG: Final = "holdfast:stage"
"""`production` or `development`, on models, endpoint configurations and endpoints."""

SSM_ACCESS_UNTIL_TAG: Final = "holdfast:ssm-access-until"
"""The end date of SSM access, on endpoint configurations and endpoints that have it."""

RECOMMENDATION_TAG: Final = "holdfast:recommendation"
"""Where the instance type comes from, on endpoint configurations: type, moment, job, and `simulated` if it is."""

GUARDED_TAG: Final = "holdfast:guarded"
"""`true` on what resource hooks guard against deletion: a pack sees tags, it can't see hooks."""

POLICY_ATTACHMENT: Final = "aws:iam/policyAttachment:PolicyAttachment"
BUCKET_POLICY: Final = "aws:s3/bucketPolicy:BucketPolicy"
BUCKET_ENCRYPTION: Final = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2",
)
REPOSITORY: Final = "aws:ecr/repository:Repository"
REPOSITORY_POLICY: Final = "aws:ecr/repositoryPolicy:RepositoryPolicy"
KEY_POLICY: Final = "aws:kms/keyPolicy:KeyPolicy"
BUCKET_LIFECYCLE: Final = (
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2",
)
REPOSITORY_LIFECYCLE: Final = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
