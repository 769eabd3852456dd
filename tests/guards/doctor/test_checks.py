"""The doctor's checks: one thing is broken under an endpoint that lacks nothing, and the check of its name says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from guards.live import Account, AccountUnknown
from pipeline.doctor import checks
from pipeline.doctor.checks import CHECKS
from pipeline.doctor.diagnosis import diagnose

if TYPE_CHECKING:
    from collections.abc import Callable

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
VARIANT = {"VariantName": "v", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.fixture
def patient(aws: Any, tenant: Any) -> Any:
    """The endpoint `patient`, which lacks nothing: the tenant's things, an image that is there, a role that may."""
    pushed = aws("ecr").put_image(
        repositoryName=tenant.repository,
        imageManifest=json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "layers": []}),
        imageManifestMediaType=MANIFEST,
        imageTag="1",
    )
    everything = document({"Effect": "Allow", "Action": "*", "Resource": "*"})
    aws("iam").put_role_policy(RoleName=tenant.role, PolicyName="all", PolicyDocument=everything)
    aws("s3").create_bucket(Bucket="captured", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    sagemaker = aws("sagemaker")
    for delete, name in (("endpoint", "Endpoint"), ("endpoint_config", "EndpointConfig"), ("model", "Model")):
        given = {"Endpoint": tenant.endpoint, "EndpointConfig": tenant.configuration, "Model": tenant.model}[name]
        getattr(sagemaker, f"delete_{delete}")(**{f"{name}Name": given})
    sagemaker.create_model(
        ModelName="patient",
        ExecutionRoleArn=tenant.role_arn,
        PrimaryContainer={
            "Image": f"{tenant.image.partition('@')[0]}@{pushed['image']['imageId']['imageDigest']}",
            "ModelDataUrl": f"s3://{tenant.bucket}/{tenant.artifact}",
        },
        VpcConfig={"Subnets": [tenant.subnet], "SecurityGroupIds": [tenant.group]},
    )
    sagemaker.create_endpoint_config(
        EndpointConfigName="patient",
        KmsKeyId="alias/tenant",
        ProductionVariants=[{**VARIANT, "ModelName": "patient"}],
        DataCaptureConfig={
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": "s3://captured/",
            "CaptureOptions": [{"CaptureMode": "Input"}],
        },
    )
    sagemaker.create_endpoint(EndpointName="patient", EndpointConfigName="patient")
    return tenant


def fail(aws: Any, tenant: Any) -> None:
    from moto.sagemaker.models import sagemaker_backends

    sagemaker_backends["123456789012"]["eu-west-1"].endpoints["patient"].endpoint_status = "Failed"


def withdraw(aws: Any, tenant: Any) -> None:
    aws("iam").put_role_policy(
        RoleName=tenant.role,
        PolicyName="all",
        PolicyDocument=document(
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"},
        ),
    )


def distrust(aws: Any, tenant: Any) -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    aws("iam").update_assume_role_policy(RoleName=tenant.role, PolicyDocument=document(trust))


def forget_image(aws: Any, tenant: Any) -> None:
    aws("ecr").batch_delete_image(repositoryName=tenant.repository, imageIds=[{"imageTag": "1"}])


BROKEN: dict[str, Callable[[Any, Any], Any]] = {
    "endpoints-are-in-service": fail,
    "definitions-are-there": lambda aws, t: aws("sagemaker").delete_model(ModelName="patient"),
    "artifacts-are-there": lambda aws, t: aws("s3").delete_object(Bucket=t.bucket, Key=t.artifact),
    "images-are-there": forget_image,
    "roles-are-trusted": distrust,
    "roles-have-what-models-need": withdraw,
    "keys-are-usable": lambda aws, t: aws("kms").schedule_key_deletion(KeyId=t.key),
    "networks-are-there": lambda aws, t: aws("ec2").delete_subnet(SubnetId=t.subnet),
    "buckets-for-results-are-there": lambda aws, t: aws("s3").delete_bucket(Bucket="captured"),
}


def account_of(run: Any) -> Account:
    found: Account = run.guards.account()
    return found


def test_an_endpoint_that_lacks_nothing_is_healthy(aws: Any, patient: Any, up: Any) -> None:
    """The twin of all that follow."""
    diagnosis = diagnose(account_of(up), CHECKS)

    assert list(diagnosis.endpoints) == ["patient"]
    assert diagnosis.findings == ()


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_told_by_its_check_alone(name: str, aws: Any, patient: Any, up: Any) -> None:
    """With the endpoint, the path of use and what to do."""
    BROKEN[name](aws, patient)

    diagnosis = diagnose(account_of(up), CHECKS)

    assert {one.name for one in diagnosis.findings} == {name}
    assert {one.resource_name for one in diagnosis.findings} == {"patient"}
    assert all(one.refuses and one.fix and one.source == "check" for one in diagnosis.findings)


def test_every_file_of_the_folder_is_in_force_and_was_tried_on_something_broken() -> None:
    """A check nobody registered, or nobody ever saw fail, is none."""
    folder = Path(checks.__file__).parent
    files = {path.stem.replace("_", "-") for path in folder.glob("*.py")} - {"--init--"}

    assert files == {check.name for check in CHECKS}
    assert {check.name for check in CHECKS} <= set(BROKEN) | TRIED_ELSEWHERE


TRIED_ELSEWHERE = {
    "model-packages-are-approved",
    "credentials-providers-are-there",
    "private-images-can-be-pulled",
    "ssm-access-is-off-or-ends",
}
"""Checks of other capabilities, which are broken in their own tests."""


def test_what_cannot_be_examined_is_unknown_and_the_rest_goes_on(
    aws: Any, patient: Any, up: Any, monkeypatch: Any
) -> None:
    """Access to S3 denied: never healthy, never a traceback."""
    account = account_of(up)
    ask = account.ask

    def denied(service: str, operation: str, **parameters: Any) -> Any:
        if (service, operation) == ("ecr", "describe_images"):
            raise AccountUnknown("ecr:DescribeImages answered AccessDeniedException: no. Give the identity the right.")
        return ask(service, operation, **parameters)

    monkeypatch.setattr(account, "ask", denied)
    aws("kms").disable_key(KeyId=patient.key)
    diagnosis = diagnose(account, CHECKS)

    told = {one.name: one for one in diagnosis.findings}
    assert {name: one.outcome for name, one in told.items()} == {
        "images-are-there": "unknown",
        "keys-are-usable": "violated",
    }
    assert "ecr:DescribeImages" in told["images-are-there"].message


def test_an_endpoint_deleted_while_it_is_read_is_none(aws: Any, patient: Any, up: Any, monkeypatch: Any) -> None:
    """Listed, and gone when it is described."""
    account = account_of(up)
    monkeypatch.setattr(account, "pages", lambda *args, **_: [{"EndpointName": "gone"}] if "Endpoints" in args else [])

    assert diagnose(account, CHECKS).endpoints == {}
