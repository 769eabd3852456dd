"""At the end of a preview the planned encryption of what the run writes counts; what stays holds its key."""

from __future__ import annotations

import json
from typing import Any

import pytest

from guards import kinds
from guards.report import Refused

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
NONE = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}


def by(key: str) -> dict[str, Any]:
    return {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": key}}


@pytest.fixture
def key(aws: Any, tenant: Any) -> str:
    """The ARN of a key that nobody uses yet."""
    arn: str = aws("kms").create_key()["KeyMetadata"]["Arn"]
    return arn


@pytest.fixture
def captured(aws: Any, tenant: Any, key: str) -> str:
    """A foreign endpoint's captured data is written to a bucket that encrypts with the key by default."""
    s3, sagemaker = aws("s3"), aws("sagemaker")
    s3.create_bucket(Bucket="captured", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    s3.put_bucket_encryption(Bucket="captured", ServerSideEncryptionConfiguration={"Rules": [rule]})
    sagemaker.create_endpoint_config(
        EndpointConfigName="capturing",
        ProductionVariants=[
            {
                "VariantName": "v",
                "ModelName": tenant.model,
                "InstanceType": "ml.m5.large",
                "InitialInstanceCount": 1,
            }
        ],
        DataCaptureConfig={
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": "s3://captured/data",
            "CaptureOptions": [{"CaptureMode": "Input"}],
        },
    )
    sagemaker.create_endpoint(EndpointName="captured", EndpointConfigName="capturing")
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}  # so that the role may use any key
    document = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    aws("iam").put_role_policy(RoleName=tenant.role, PolicyName="all", PolicyDocument=document)
    return "captured"


@pytest.fixture
def encrypted(aws: Any, tenant: Any, key: str) -> dict[str, Any]:
    """The tenant's artifact, encrypted with the key; its inputs in state."""
    aws("s3").put_object(
        Bucket=tenant.bucket, Key=tenant.artifact, Body=b"m", ServerSideEncryption="aws:kms", SSEKMSKeyId=key
    )
    return {"bucket": tenant.bucket, "key": tenant.artifact, "kmsKeyId": key, "serverSideEncryption": "aws:kms"}


def delete(run: Any, key: str) -> None:
    run.delete(kinds.KEY, "key", key.rpartition("/")[2], {"arn": key})


def change_default(run: Any, bucket: str, old: dict[str, Any], new: dict[str, Any]) -> None:
    inputs = {"bucket": bucket, "rules": [new]}
    run.register(kinds.BUCKET_ENCRYPTION, "default", inputs)
    run.update(kinds.BUCKET_ENCRYPTION, "default", bucket, {"bucket": bucket, "rules": [old]}, inputs)


def test_a_key_that_is_the_default_of_a_bucket_in_use_stays(run: Any, captured: str, key: str) -> None:
    """The bucket's setting is registered, and stays as it is."""
    run.register(kinds.BUCKET_ENCRYPTION, "default", {"bucket": captured, "rules": [by(key)]})

    with pytest.raises(Refused, match=r"key-in-use-stays.*<- default encryption of bucket captured \(SSE-KMS key\)"):
        delete(run, key)


def test_a_key_that_the_same_run_takes_out_of_a_default_may_go(preview: Any, captured: str, key: str) -> None:
    """Updated in place to AES256; the account still shows the key."""
    change_default(preview, captured, by(key), NONE)

    delete(preview, key)

    assert preview.report.found == []


def test_at_up_the_default_is_what_the_account_shows(up: Any, aws: Any, captured: str, key: str) -> None:
    """Planned is nothing; done is."""
    change_default(up, captured, by(key), NONE)
    with pytest.raises(Refused, match=r"default encryption of bucket"):
        delete(up, key)

    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    aws("s3").put_bucket_encryption(Bucket=captured, ServerSideEncryptionConfiguration={"Rules": [rule]})
    delete(up, key)

    assert len(up.report.found) == 1


def test_in_the_middle_of_a_run_the_present_default_still_counts(preview: Any, captured: str, key: str) -> None:
    """Deleted before its replacement exists, the key may go before the setting changes."""
    change_default(preview, captured, by(key), NONE)
    preview.program.program_done = False

    with pytest.raises(Refused, match=r"default encryption of bucket"):
        delete(preview, key)


def test_a_key_goes_together_with_the_default_that_names_it(preview: Any, captured: str, key: str) -> None:
    """The setting is removed from the program: the bucket falls back to AES256."""
    preview.delete(kinds.BUCKET_ENCRYPTION, "default", captured, {"bucket": captured, "rules": [by(key)]})

    delete(preview, key)

    assert preview.report.found == []


def test_a_key_that_a_bucket_is_just_being_given_stays(preview: Any, aws: Any, captured: str) -> None:
    """The account doesn't show it yet."""
    other = aws("kms").create_key()["KeyMetadata"]["Arn"]
    change_default(preview, captured, NONE, by(other))

    with pytest.raises(Refused, match=r"<- default encryption of bucket captured \(SSE-KMS key\)"):
        delete(preview, other)


def test_a_bucket_that_carries_its_default_itself_counts_as_planned(preview: Any, captured: str, key: str) -> None:
    """`serverSideEncryptionConfiguration` of the bucket."""
    old = {"bucket": captured, "serverSideEncryptionConfiguration": {"rule": by(key)}}
    new = {"bucket": captured, "serverSideEncryptionConfiguration": {"rule": NONE}}
    preview.register(kinds.BUCKET, "bucket", new)
    preview.update(kinds.BUCKET, "bucket", captured, old, new)

    delete(preview, key)

    assert preview.report.found == []


def test_an_artifact_that_stays_holds_its_key_whatever_the_buckets_default_becomes(
    preview: Any, tenant: Any, encrypted: dict[str, Any], key: str
) -> None:
    """S3 encrypts what is written, not what lies there."""
    change_default(preview, tenant.bucket, by(key), NONE)

    with pytest.raises(Refused, match=r"<- artifact models/tenant/model.tar.gz \(SSE-KMS key of the object\) <- model"):
        delete(preview, key)


def test_a_registered_artifact_that_does_not_change_holds_its_key(
    preview: Any, tenant: Any, encrypted: dict[str, Any], key: str
) -> None:
    """Without a key in the program: it was written when the bucket's default was another."""
    preview.register(kinds.OBJECT, "o", {"bucket": tenant.bucket, "key": tenant.artifact})

    with pytest.raises(Refused, match=r"<- artifact models/tenant/model.tar.gz"):
        delete(preview, key)


@pytest.mark.parametrize(
    ("change", "passes"),
    [({"serverSideEncryption": "AES256", "kmsKeyId": None}, True), ({"tags": {"a": "b"}}, False)],
    ids=["written", "tagged"],
)
def test_a_key_may_go_when_its_object_is_written_anew_without_it(
    change: dict[str, Any], passes: bool, preview: Any, encrypted: dict[str, Any], key: str
) -> None:
    """Its twin changes the object's tags, which writes nothing."""
    old = encrypted
    new = {name: value for name, value in {**old, **change}.items() if value is not None}
    preview.register(kinds.OBJECT, "o", new)
    preview.update(kinds.OBJECT, "o", f"{old['bucket']}/{old['key']}", old, new)

    if passes:
        delete(preview, key)

        assert preview.report.found == []
    else:
        with pytest.raises(Refused, match=r"SSE-KMS key of the object"):
            delete(preview, key)


def release(run: Any, tenant: Any, artifact: dict[str, Any]) -> None:
    """The stack's new endpoint, of an artifact that this run uploads."""
    run.register(kinds.OBJECT, "o", artifact)
    url = f"s3://{artifact['bucket']}/{artifact['key']}"
    run.register(
        kinds.MODEL,
        "m",
        {"name": "m", "executionRoleArn": tenant.role_arn, "primaryContainer": {"modelDataUrl": url}},
    )
    variant = {"modelName": "m", "variantName": "v"}
    run.register(kinds.CONFIGURATION, "c", {"name": "c", "productionVariants": [variant]})
    run.register(kinds.ENDPOINT, "e", {"name": "new", "endpointConfigName": "c"})


@pytest.mark.parametrize("own", [{}, {"serverSideEncryption": "AES256"}], ids=["default", "own"])
def test_an_artifact_that_will_be_uploaded_takes_the_buckets_default_unless_it_says_otherwise(
    own: dict[str, Any], preview: Any, tenant: Any, captured: str, key: str
) -> None:
    """It isn't there yet; the bucket's default is the account's."""
    release(preview, tenant, {"bucket": captured, "key": "new.tar.gz", **own})
    preview.delete(kinds.ENDPOINT, "captured", "captured", {"name": "captured"})

    if own:
        delete(preview, key)

        assert preview.report.found == []
    else:
        with pytest.raises(Refused, match=r"<- artifact captured/new.tar.gz .* <- endpoint new "):
            delete(preview, key)


def test_an_artifact_that_will_be_uploaded_with_a_key_holds_it(preview: Any, tenant: Any, key: str) -> None:
    """kmsKeyId of the planned object."""
    release(preview, tenant, {"bucket": tenant.bucket, "key": "new.tar.gz", "kmsKeyId": key})

    with pytest.raises(Refused, match=r"<- artifact models/new.tar.gz \(SSE-KMS key of the object\)"):
        delete(preview, key)


def test_a_default_that_is_not_known_yet_is_undecided(preview: Any, captured: str, key: str) -> None:
    """It may be the key, or another."""
    change_default(preview, captured, NONE, by(UNKNOWN))

    delete(preview, key)

    assert [(one.name, one.outcome) for one in preview.report.found] == [
        ("bucket-in-use-stays-writable", "undecided"),  # whether the role may use the other key
        ("key-in-use-stays", "undecided"),
    ]
