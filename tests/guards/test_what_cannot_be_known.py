"""Bad input and what lies out of sight: a clear answer, and never "not used" when it could not be known."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pulumi
import pytest
from botocore.exceptions import ClientError

from guards import foreign, kinds
from guards.hooks import Guards
from guards.install import install
from guards.report import Refused, Report
from guards.resource_policies import EMPTY

ACCOUNT = "123456789012"
OTHER = "444455556666"


def key(identity: str, arn: str = "") -> dict[str, Any]:
    return {"arn": arn or f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/{identity}", "keyId": identity}


def refused(call: str, code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, call)


@pytest.mark.parametrize(
    ("arn", "words"),
    [
        (f"arn:aws-cn:kms:eu-west-1:{ACCOUNT}:key/1", r"aws-cn.*signed in to account 123456789012 \(aws\)"),
        (f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1", r"is in Region us-east-1.*AWS_REGION=us-east-1"),
        (f"arn:aws:kms:eu-west-1:{OTHER}:key/1", r"is in account 444455556666.*same credentials"),
    ],
    ids=["partition", "region", "account"],
)
def test_a_resource_that_the_session_cannot_see_is_unknown(arn: str, words: str, run: Any, tenant: Any) -> None:
    """Another partition, Region, or a session for another account; the twin is the tenant's, of this place."""
    run.delete(kinds.KEY, "twin", "2", key("2"))

    with pytest.raises(Refused, match=words):
        run.delete(kinds.KEY, "k", "1", key("1", arn))
    assert [one.outcome for one in run.report.found] == ["unknown"]


@pytest.mark.parametrize(
    ("given", "outcome", "words"),
    [
        ("arn:aws:s3:::models", "violated", "an ARN of service s3; here belongs one of kms"),
        (f"arn:aws-cn:kms:eu-west-1:{ACCOUNT}:key/1", "violated", "in partition aws-cn"),
        (f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1", "unknown", "a key in Region us-east-1"),
    ],
    ids=["service", "partition", "region"],
)
def test_a_configuration_that_names_what_cannot_be_there_is_not_made(
    given: str, outcome: str, words: str, run: Any, tenant: Any
) -> None:
    """Another service, partition or Region in `kmsKeyArn`; the twin names the tenant's key."""
    run.create(kinds.CONFIGURATION, "twin", {"name": "twin", "kmsKeyArn": tenant.key_arn, "productionVariants": []})

    with pytest.raises(Refused, match=f"^reference-is-of-the-right-place: .*{words}"):
        run.create(kinds.CONFIGURATION, "c", {"name": "c", "kmsKeyArn": given, "productionVariants": []})
    assert [one.outcome for one in run.report.found] == [outcome]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("AccessDeniedException", "Give the deploying identity sagemaker:DescribeEndpoint"),
        ("ThrottlingException", "AWS throttled the call to the end of the retries; run again later"),
    ],
)
def test_a_call_refused_in_the_middle_of_the_scan_is_unknown(
    code: str, words: str, run: Any, tenant: Any, monkeypatch: Any
) -> None:
    """The listing was answered, one description isn't."""
    account = run.guards.account()
    client = Mock(wraps=account.client("sagemaker"))
    client.describe_endpoint.side_effect = refused("DescribeEndpoint", code)
    monkeypatch.setitem(account._clients, "sagemaker", client)

    with pytest.raises(Refused, match=words):
        run.delete(kinds.KEY, "k", "1", key("1"))


def test_an_endpoint_deleted_while_it_is_read_uses_nothing(run: Any, tenant: Any, monkeypatch: Any) -> None:
    """Listed, then gone: that is known, not unknown."""
    account = run.guards.account()
    client = Mock(wraps=account.client("sagemaker"))
    client.describe_endpoint.side_effect = ClientError(
        {"Error": {"Code": "ValidationException", "Message": "Could not find endpoint"}}, "DescribeEndpoint"
    )
    monkeypatch.setitem(account._clients, "sagemaker", client)

    run.delete(kinds.KEY, "k", tenant.key, key(tenant.key))

    assert run.report.found == []


# --- unknown in previews ------------------------------------------------------------------------------------------


def warning(run: Any) -> Any:
    """The same run, with unknown as a warning in previews."""
    run.report = Report(dry_run=run.dry_run, directory=run.tmp_path, unknown_warns=True)
    run.guards = Guards(
        program_done=lambda: run.program.program_done,
        dry_run=run.dry_run,
        project="p",
        stack="s",
        report=run.report,
        account=run.guards.account(),
    )
    return run


def test_unknown_may_be_a_warning_in_previews(preview: Any, tenant: Any) -> None:
    """Visible, and not refusing; what is certainly wrong still refuses."""
    run = warning(preview)

    run.delete(kinds.KEY, "k", "1", key("1", f"arn:aws:kms:eu-west-1:{OTHER}:key/1"))
    assert [(one.outcome, one.advisory) for one in run.report.found] == [("unknown", True)]

    with pytest.raises(Refused, match="key-in-use-stays"):
        run.delete(kinds.KEY, "used", tenant.key, key(tenant.key))


def test_unknown_is_never_a_warning_in_up(up: Any, tenant: Any) -> None:
    """Whatever the setting says."""
    with pytest.raises(Refused, match="could not be known"):
        warning(up).delete(kinds.KEY, "k", "1", key("1", f"arn:aws:kms:eu-west-1:{OTHER}:key/1"))


def test_a_setting_that_is_neither_is_an_error(monkeypatch: Any) -> None:
    """Before anything is installed."""
    monkeypatch.setenv("HOLDFAST_UNKNOWN_IN_PREVIEWS", "ignore")

    with pytest.raises(pulumi.RunError, match="is refuse or warn, not 'ignore'"):
        install()


def test_a_model_package_that_a_model_is_made_from_stays(
    run: Any, aws: Any, tenant: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By Cloud Control, which carries other types too: those are none of the guards' business."""
    monkeypatch.setattr(foreign, "live_policy", lambda *_: EMPTY)  # moto has no policies of package groups
    arn = f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:model-package/trees/1"
    sagemaker = aws("sagemaker")
    sagemaker.create_model(
        ModelName="packaged", ExecutionRoleArn=tenant.role_arn, PrimaryContainer={"ModelPackageName": arn}
    )
    variant = {"VariantName": "v", "ModelName": "packaged", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName="packaged", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="packaged", EndpointConfigName="packaged")
    package = {"typeName": "AWS::SageMaker::ModelPackage"}
    run.delete(kinds.CLOUD_CONTROL, "other-type", arn, {"typeName": "AWS::SageMaker::Space"})
    run.delete(kinds.CLOUD_CONTROL, "twin", arn.replace("/1", "/2"), package)
    assert run.report.found == []

    with pytest.raises(Refused, match=r"model-package-in-use-stays: .*endpoint packaged"):
        run.delete(kinds.CLOUD_CONTROL, "p", arn, package)
