"""A recommendation job fails for what its role can't read or use: artifacts, images, payloads, keys, quotas."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from account_world import ACCOUNT, REGION, artifact
from botocore.exceptions import ClientError
from recommendation_world import PAYLOAD, Ground, bucket_policy, put_job_ground, register

from rehearsal.account.recommendations.network import PERMISSIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from account_world import World


@pytest.fixture(scope="module")
def ground(world: World) -> Ground:
    """All that a job needs; each test takes something away and puts it back."""
    return put_job_ground(world, "access")


@pytest.fixture(autouse=True)
def nothing_stays(ground: Ground) -> Iterator[None]:
    """However a job ends, its addresses are given back."""
    before = ground.free()
    yield

    assert ground.free() == before
    assert ground.interfaces() == []


@contextmanager
def policy(world: World, bucket: str, condition: dict[str, Any]) -> Iterator[None]:
    """A bucket policy for a while."""
    s3 = world.client("s3")
    s3.put_bucket_policy(Bucket=bucket, Policy=bucket_policy(bucket, condition))
    yield
    s3.delete_bucket_policy(Bucket=bucket)


@pytest.mark.parametrize(
    "condition",
    [
        {"StringNotEquals": {"aws:SourceVpce": "the endpoint"}},
        {"StringNotEquals": {"aws:SourceVpc": "the vpc"}},
        {"Null": {"aws:SourceVpc": "true"}},
    ],
)
def test_a_bucket_that_is_limited_to_the_vpc_fails_the_job(
    world: World, ground: Ground, condition: dict[str, dict[str, str]]
) -> None:
    """The registry and the job read from outside, though the instances would come by the right endpoint."""
    named = {"the endpoint": ground.endpoint, "the vpc": ground.vpc}
    filled = {op: {key: named.get(value, value) for key, value in keys.items()} for op, keys in condition.items()}
    with policy(world, ground.made["bucket"], filled):
        said = ground.reason()

    assert "Failed to download model data" in said
    assert "it allows requests from a VPC only, and this one comes from outside" in said


def test_a_version_in_a_bucket_that_is_limited_to_the_vpc_is_not_registered(world: World, ground: Ground) -> None:
    """The registry reads the artifact itself, and from outside."""
    limited = policy(world, ground.made["bucket"], {"StringNotEquals": {"aws:SourceVpce": ground.endpoint}})
    with limited, pytest.raises(ClientError, match="the bucket policy denies s3:GetObject"):
        register(world, ground)


def test_a_bucket_that_is_closed_to_the_vpc_fails_the_instances(world: World, ground: Ground) -> None:
    """The other way round: outside all is well, by the endpoint it isn't."""
    with policy(world, ground.made["bucket"], {"StringEquals": {"aws:SourceVpce": ground.endpoint}}):
        said = ground.reason()
        ground.works(vpc=False)

    assert f"denies s3:GetObject on arn:aws:s3:::{ground.made['bucket']}/m/model.tar.gz" in said


def test_an_image_that_is_limited_to_the_vpc_fails_the_job(world: World, ground: Ground) -> None:
    ecr = world.client("ecr")
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "ecr:BatchGetImage",
        "Condition": {"StringNotEquals": {"aws:SourceVpc": ground.vpc}},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    ecr.set_repository_policy(repositoryName=ground.name, policyText=document)
    said = ground.reason()
    ecr.delete_repository_policy(repositoryName=ground.name)

    assert "ecr:BatchGetImage" in said or "BatchGetImage permission" in said


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"5.1,3.5,1.4,0.2", "is not a gzip compressed tar archive"),
        (PAYLOAD[:40], "is not a gzip compressed tar archive"),
        (b"", "is empty"),
        (None, "there is no object at the sample payload URL"),
    ],
)
def test_a_payload_that_is_no_archive_fails_the_job(
    world: World, ground: Ground, body: bytes | None, words: str
) -> None:
    """Before any instance is started."""
    s3 = world.client("s3")
    key = f"other-{words[-9:].strip()}.tar.gz"
    if body is not None:
        s3.put_object(Bucket=ground.made["bucket"], Key=key, Body=body)
    package = register(
        world, ground, SamplePayloadUrl=f"s3://{ground.made['bucket']}/{key if body is not None else 'x'}"
    )
    said = ground.reason(ModelPackageVersionArn=package)

    assert said.startswith("PayloadError when calling InvokeEndpoint operation: ")
    assert words in said


def test_what_disappeared_since_the_registration_fails_the_job(world: World, ground: Ground) -> None:
    s3 = world.client("s3")
    s3.delete_object(Bucket=ground.made["bucket"], Key="m/model.tar.gz")
    said = ground.reason()
    s3.put_object(Bucket=ground.made["bucket"], Key="m/model.tar.gz", Body=artifact("iris"))

    assert "Failed to download model data" in said


def test_a_key_that_the_role_may_not_use_fails_the_job(world: World, ground: Ground) -> None:
    """kms:CreateGrant for the volumes, kms:GenerateDataKey for the output."""
    key = ground.made["key"]
    volume = ground.reason(VolumeKmsKeyId=key)
    output = ground.reason(request={"OutputConfig": {"KmsKeyId": key}})
    ground.grant([*PERMISSIONS, "kms:CreateGrant", "kms:GenerateDataKey"])
    ground.works(VolumeKmsKeyId=key)
    ground.grant(list(PERMISSIONS))

    assert "kms:CreateGrant" in volume
    assert "kms:GenerateDataKey" in output


def test_a_quota_of_zero_fails_one_type_and_not_the_others(world: World, ground: Ground) -> None:
    """In the words of SageMaker's ResourceLimitExceeded."""
    world.account.set_quota("ml.c5.large", 0, region=REGION)
    done = ground.run("quota", "ml.c5.large", "ml.m5.large")
    alone = ground.reason(EndpointConfigurations=[{"InstanceType": "ml.c5.large"}])
    world.account.set_quota("ml.c5.large", 20, region=REGION)
    failed = ground.steps("quota", Status="FAILED")

    assert (done["Status"], len(done["InferenceRecommendations"])) == ("COMPLETED", 1)
    assert len(failed) == 1
    assert alone.startswith(
        "ResourceLimitExceeded when calling CreateEndpoint operation: The account-level service limit 'ml.c5.large for "
        "endpoint usage' is 0 Instances"
    )


def test_faults_by_name(world: World, ground: Ground) -> None:
    """No capacity for one type, a model that doesn't process the payload, an answer that is lost."""
    world.account.arm("capacity-error")
    partial = ground.run("capacity", "ml.c5.large", "ml.m5.large")
    world.account.arm("job-fails")
    failed = ground.reason()
    world.account.arm("lost-response")
    with pytest.raises(Exception, match=r"closed|reset|Connection"):
        ground.ask("lost", "ml.m5.large")

    assert len(partial["InferenceRecommendations"]) == 1
    assert (
        "InsufficientInstanceCapacity"
        in ground.steps("capacity", Status="FAILED")[0]["InferenceBenchmark"]["FailureReason"]
    )
    assert failed.startswith("ModelError when calling InvokeEndpoint operation")
    assert ground.wait("lost")["Status"] == "COMPLETED"


def test_a_role_that_can_t_be_assumed_is_refused(ground: Ground) -> None:
    with pytest.raises(
        ClientError, match="Provided role ARN cannot be assumed and an AWSSecurityTokenServiceException"
    ):
        ground.ask("role", "ml.m5.large", request={"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/nobody"})


def test_quotas_are_told_by_service_quotas(world: World, ground: Ground) -> None:
    """One for each type; a changed one beside its default."""
    quotas = world.client("service-quotas")
    listed = [
        each
        for page in quotas.get_paginator("list_service_quotas").paginate(ServiceCode="sagemaker")
        for each in page["Quotas"]
    ]
    named = {each["QuotaName"]: each for each in listed}
    one = named["ml.r5.large for endpoint usage"]
    world.account.set_quota("ml.r5.large", 3, region=REGION)
    asked = {"ServiceCode": "sagemaker", "QuotaCode": one["QuotaCode"]}

    assert one["Value"] > 3
    assert named["ml.p4d.24xlarge for endpoint usage"]["Value"] == 0
    assert quotas.get_service_quota(**asked)["Quota"]["Value"] == 3
    assert quotas.get_aws_default_service_quota(**asked)["Quota"]["Value"] == one["Value"]


@pytest.mark.parametrize("field", ["Domain", "SamplePayloadUrl"])
def test_a_version_without_a_mandatory_field_is_refused(world: World, ground: Ground, field: str) -> None:
    package = register(world, ground, **{field: None})
    with pytest.raises(ClientError, match=f"Specify {field} in the Model Package version"):
        ground.ask("mandatory", "ml.m5.large", ModelPackageVersionArn=package)
