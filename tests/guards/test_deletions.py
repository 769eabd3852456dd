"""Deletions: refused while another stack's endpoint uses the thing, passed for the nearest twin that nothing uses."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError

from guards import kinds
from guards.report import Refused

ACCOUNT = "123456789012"
REGION = "eu-west-1"


def key(identity: str) -> dict[str, Any]:
    return {"arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{identity}", "keyId": identity}


def anew(run: Any) -> Any:
    """Another run of the same sort."""
    return type(run)(run.tmp_path, dry_run=run.dry_run, program=type(run.program)(program_done=True))


def gateway_endpoints(tenant: Any, aws: Any) -> tuple[str, str]:
    """One of the main route table, which the tenant's subnet has, and one of another table, which no subnet has."""
    ec2 = aws("ec2")
    tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [tenant.vpc]}])["RouteTables"]
    other = ec2.create_route_table(VpcId=tenant.vpc)["RouteTable"]["RouteTableId"]
    service = f"com.amazonaws.{REGION}.s3"
    used, unused = (
        ec2.create_vpc_endpoint(VpcId=tenant.vpc, ServiceName=service, RouteTableIds=[table])["VpcEndpoint"]
        for table in (tables[0]["RouteTableId"], other)
    )
    return used["VpcEndpointId"], unused["VpcEndpointId"]


def removed(tenant: Any, aws: Any) -> dict[str, tuple[str, str, dict[str, Any], str, dict[str, Any]]]:
    """For each guard: type, id and state of what is used; id and state of its twin that isn't."""
    other_key = aws("kms").create_key()["KeyMetadata"]["KeyId"]
    gateways = gateway_endpoints(tenant, aws)
    names = {kind: f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{kind}/" for kind in ("model", "endpoint-config")}
    return {
        "key-in-use-stays": (kinds.KEY, tenant.key, key(tenant.key), other_key, key(other_key)),
        "alias-in-use-stays": (kinds.ALIAS, "alias/tenant", {"name": "alias/tenant"}, "alias/t", {"name": "alias/t"}),
        "bucket-in-use-stays": (kinds.BUCKET, "models", {"bucket": "models"}, "models2", {"bucket": "models2"}),
        "artifact-in-use-stays": (
            kinds.OBJECT,
            "models/tenant/model.tar.gz",
            {"bucket": "models", "key": "tenant/model.tar.gz"},
            "models/tenant/model.tar",
            {"bucket": "models", "key": "tenant/model.tar"},
        ),
        "role-in-use-stays": (
            kinds.ROLE,
            "tenant-role",
            {"arn": f"arn:aws:iam::{ACCOUNT}:role/tenant-role"},
            "tenant-role2",
            {"arn": f"arn:aws:iam::{ACCOUNT}:role/tenant-role2"},
        ),
        "repository-in-use-stays": (
            kinds.REPOSITORY,
            "serving",
            {"arn": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/serving"},
            "serving2",
            {"arn": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/serving2"},
        ),
        "subnet-in-use-stays": (kinds.SUBNET, tenant.subnet, {}, "subnet-0", {}),
        "security-group-in-use-stays": (kinds.GROUP, tenant.group, {}, "sg-0", {}),
        "vpc-in-use-stays": (kinds.VPC, tenant.vpc, {}, "vpc-0", {}),
        "vpc-endpoint-in-use-stays": (
            kinds.VPC_ENDPOINT,
            gateways[0],
            {"vpcId": tenant.vpc},
            gateways[1],
            {"vpcId": tenant.vpc},
        ),
        "model-in-use-stays": (
            kinds.MODEL,
            tenant.model,
            {"arn": names["model"] + tenant.model},
            "other",
            {"arn": names["model"] + "other"},
        ),
        "endpoint-configuration-in-use-stays": (
            kinds.CONFIGURATION,
            tenant.configuration,
            {"arn": names["endpoint-config"] + tenant.configuration},
            "other",
            {"arn": names["endpoint-config"] + "other"},
        ),
    }


GUARDS = [
    "key-in-use-stays",
    "alias-in-use-stays",
    "bucket-in-use-stays",
    "artifact-in-use-stays",
    "role-in-use-stays",
    "repository-in-use-stays",
    "subnet-in-use-stays",
    "security-group-in-use-stays",
    "vpc-in-use-stays",
    "vpc-endpoint-in-use-stays",
    "model-in-use-stays",
    "endpoint-configuration-in-use-stays",
]


@pytest.mark.parametrize("guard", GUARDS)
def test_what_an_endpoint_uses_is_not_deleted_and_its_unused_twin_is(
    guard: str, run: Any, tenant: Any, aws: Any
) -> None:
    """Removed, replaced, destroyed; with the path up to the endpoint; the twin has another identity."""
    token, identity, state, other, other_state = removed(tenant, aws)[guard]
    for how in ("removed", "replaced", "destroyed"):
        fresh = anew(run)
        if how != "removed":  # a destroy registers everything as if it stayed
            fresh.register(token, "thing", {**state, "arn": None} if how == "destroyed" else {"name": "new"})
            fresh.register(token, "twin", {**other_state, "arn": None} if how == "destroyed" else {"name": "new-2"})
        if how == "replaced" and kinds.GUARDED[token].announced:
            fresh.create(token, "thing", {"name": "new"})
            fresh.create(token, "twin", {"name": "new-2"})

        fresh.delete(token, "twin", other, other_state)
        assert fresh.report.found == [], how

        with pytest.raises(Refused, match=rf"^{guard}: .* endpoint tenant .*Path of use: .* <- endpoint tenant "):
            fresh.delete(token, "thing", identity, state)


def test_what_was_used_is_deleted_once_the_endpoint_is_gone(run: Any, tenant: Any, aws: Any) -> None:
    """A key taken out of use can go, and everything else."""
    aws("sagemaker").delete_endpoint(EndpointName="tenant")

    for token, identity, state, _, _ in removed(tenant, aws).values():
        run.delete(token, "thing", identity, state)

    assert run.report.found == []


def test_what_stays_in_aws_by_retain_on_delete_may_leave_the_stack(run: Any, tenant: Any, aws: Any) -> None:
    """Nothing is deleted in AWS then."""
    for token, identity, state, _, _ in removed(tenant, aws).values():
        run.delete(token, "thing", identity, state, retained=True)

    assert run.report.found == []


def test_the_key_of_an_artifact_is_in_use(run: Any, tenant: Any, aws: Any) -> None:
    """SSE-KMS of the object: nobody names the key in SageMaker."""
    other = aws("kms").create_key()["KeyMetadata"]["KeyId"]
    aws("s3").put_object(
        Bucket="models", Key=tenant.artifact, Body=b"m", ServerSideEncryption="aws:kms", SSEKMSKeyId=other
    )

    with pytest.raises(Refused, match=r"<- artifact models/tenant/model.tar.gz \(SSE-KMS key of the object\) <- model"):
        run.delete(kinds.KEY, "key", other, key(other))


def test_a_configuration_that_is_gone_leaves_its_uses_unknown_and_unknown_is_refused(
    run: Any, tenant: Any, aws: Any
) -> None:
    """What the endpoint uses can't be read any more: never "not used"."""
    aws("sagemaker").delete_endpoint_config(EndpointConfigName=tenant.configuration)

    with pytest.raises(Refused, match=r"tenant-configuration no longer exists, .* endpoint tenant .* Move that"):
        run.delete(kinds.KEY, "key", "1234", key("1234"))


def test_a_key_of_another_account_is_refused_in_words(run: Any, tenant: Any) -> None:
    """boto3's session reaches another account than the provider."""
    arn = f"arn:aws:kms:{REGION}:999999999999:key/1234"

    with pytest.raises(Refused, match=r"is in account 999999999999 .*signed in to account 123456789012"):
        run.delete(kinds.KEY, "key", "1234", {"arn": arn})


def test_a_key_of_another_region_is_refused_in_words(run: Any, tenant: Any) -> None:
    """The guards look in the session's Region alone."""
    arn = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234"

    with pytest.raises(Refused, match=r"Region us-east-1, but the guards look in eu-west-1.*AWS_REGION=us-east-1"):
        run.delete(kinds.KEY, "key", "1234", {"arn": arn})


def test_a_bucket_of_another_account_is_refused_in_words(
    run: Any, tenant: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bucket's ARN doesn't name its account; S3 answers 403 to the wrong ExpectedBucketOwner."""
    denied = ClientError({"Error": {"Code": "403", "Message": "Forbidden"}}, "HeadBucket")
    monkeypatch.setattr(run.guards.account().client("s3"), "head_bucket", Mock(side_effect=denied))

    with pytest.raises(Refused, match=r"could not be known.*s3:HeadBucket .* answered 403"):
        run.delete(kinds.BUCKET, "bucket", "elsewhere", {"bucket": "elsewhere"})


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("AccessDeniedException", r"Give the deploying identity sagemaker:ListEndpoints"),
        ("ThrottlingException", r"throttled the call to the end of the retries; run again later"),
    ],
)
def test_a_call_that_is_denied_or_throttled_is_refused_with_the_next_step(
    code: str, words: str, run: Any, tenant: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never "not used" when it could not be known, never a traceback."""
    denied = ClientError({"Error": {"Code": code, "Message": "no"}}, "ListEndpoints")
    paginator = Mock(paginate=Mock(side_effect=denied))
    monkeypatch.setattr(run.guards.account().client("sagemaker"), "get_paginator", Mock(return_value=paginator))

    with pytest.raises(Refused, match=words):
        run.delete(kinds.MODEL, "m", "unused", {})


def test_an_endpoint_deleted_while_it_is_read_is_simply_gone(
    run: Any, tenant: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ListEndpoints still shows it, DescribeEndpoint no longer finds it."""
    gone = ClientError({"Error": {"Code": "ValidationException", "Message": "Could not find endpoint"}}, "D")
    client = run.guards.account().client("sagemaker")
    monkeypatch.setattr(client, "describe_endpoint", Mock(side_effect=gone))

    run.delete(kinds.MODEL, "m", tenant.model, {})

    assert run.report.found == []


def test_a_right_of_a_role_that_the_account_does_not_have_is_refused(run: Any, tenant: Any) -> None:
    """A RolePolicy has no ARN: the role is looked for."""
    state = {"role": "elsewhere", "name": "read", "policy": "{}"}

    with pytest.raises(Refused, match=r"Role elsewhere isn't in account 123456789012"):
        run.delete(kinds.ROLE_POLICY, "read", "elsewhere:read", state)
