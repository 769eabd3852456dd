"""Changes in place: what takes something from an endpoint is refused, its nearest twin passes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from guards import kinds
from guards.report import Refused

ACCOUNT = "123456789012"
ROOT = {
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
    "Action": "kms:*",
    "Resource": "*",
}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(service: str) -> str:
    return document({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"})


@pytest.fixture
def granted(aws: Any, tenant: Any) -> None:
    """The tenant's role may do everything by its own policies."""
    everything = document({"Effect": "Allow", "Action": "*", "Resource": "*"})
    aws("iam").put_role_policy(RoleName=tenant.role, PolicyName="all", PolicyDocument=everything)


def deny(
    *, principal: str = "*", action: str = "s3:GetObject", resource: str = "arn:aws:s3:::models/*"
) -> dict[str, Any]:
    return {"Effect": "Deny", "Principal": {"AWS": principal}, "Action": action, "Resource": resource}


def changes(tenant: Any) -> dict[str, tuple[str, str, dict[str, Any], dict[str, Any], dict[str, Any]]]:
    """For each guard: type, id, old inputs, refused new inputs, new inputs of the twin."""
    key = {"arn": tenant.key_arn, "isEnabled": True}
    role = {"assumeRolePolicy": trust("sagemaker.amazonaws.com")}
    stored = {"bucket": tenant.bucket, "key": tenant.artifact, "content": "1"}
    bucket = {"bucket": tenant.bucket, "policy": document()}
    other = f"arn:aws:iam::{ACCOUNT}:role/somebody"
    key_policy = {"arn": tenant.key_arn, "keyId": tenant.key, "policy": document(ROOT)}
    return {
        "key-in-use-stays-enabled": (kinds.KEY, tenant.key, key, {"isEnabled": False}, {"isEnabled": True}),
        "key-in-use-stays-usable": (
            kinds.KEY,
            tenant.key,
            key_policy,
            {"policy": document({**ROOT, "Action": "kms:Describe*"})},
            {"policy": document(ROOT, {**ROOT, "Effect": "Deny", "Principal": {"AWS": other}})},
        ),
        "role-in-use-stays-trusted": (
            kinds.ROLE,
            tenant.role,
            role,
            {"assumeRolePolicy": trust("lambda.amazonaws.com")},
            {"assumeRolePolicy": json.dumps(json.loads(trust("sagemaker.amazonaws.com")) | {"Id": "x"})},
        ),
        "artifact-in-use-is-not-overwritten": (
            kinds.OBJECT,
            f"{tenant.bucket}/{tenant.artifact}",
            stored,
            {**stored, "content": "2"},
            {**stored, "tags": {"a": "b"}},
        ),
        "alias-in-use-keeps-its-key": (
            kinds.ALIAS,
            "alias/tenant",
            {"name": "alias/tenant", "targetKeyId": tenant.key},
            {"name": "alias/tenant", "targetKeyId": "another"},
            {"name": "alias/tenant", "targetKeyId": tenant.key_arn},
        ),
        "bucket-in-use-stays-readable": (
            kinds.BUCKET_POLICY,
            tenant.bucket,
            bucket,
            {**bucket, "policy": document(deny())},
            {**bucket, "policy": document(deny(principal=other))},
        ),
        "repository-in-use-stays-readable": (
            kinds.REPOSITORY_POLICY,
            tenant.repository,
            {"repository": tenant.repository, "policy": document()},
            {
                "repository": tenant.repository,
                "policy": document({"Effect": "Deny", "Principal": "*", "Action": "ecr:BatchGetImage"}),
            },
            {
                "repository": tenant.repository,
                "policy": document({"Effect": "Deny", "Principal": "*", "Action": "ecr:PutImage"}),
            },
        ),
    }


GUARDS = [
    "key-in-use-stays-enabled",
    "key-in-use-stays-usable",
    "role-in-use-stays-trusted",
    "artifact-in-use-is-not-overwritten",
    "alias-in-use-keeps-its-key",
    "bucket-in-use-stays-readable",
    "repository-in-use-stays-readable",
]


@pytest.mark.usefixtures("granted")
@pytest.mark.parametrize("guard", GUARDS)
def test_what_takes_something_from_an_endpoint_is_refused_and_its_twin_passes(
    guard: str, run: Any, tenant: Any
) -> None:
    """In place, before any endpoint moves."""
    run.program.program_done = False
    token, identity, old, new, twin = changes(tenant)[guard]

    run.update(token, "thing", identity, old, twin)
    assert run.report.found == []

    with pytest.raises(Refused, match=f"^{guard}: .*Path of use: .* <- endpoint tenant "):
        run.update(token, "thing", identity, old, new)


@pytest.mark.usefixtures("granted")
def test_a_first_bucket_policy_that_denies_the_role_is_refused(run: Any, tenant: Any) -> None:
    """There is no old one: a creation, not an update."""
    run.program.program_done = False

    with pytest.raises(Refused, match=r"bucket-in-use-stays-readable"):
        run.create(kinds.BUCKET_POLICY, "policy", {"bucket": tenant.bucket, "policy": document(deny())})


@pytest.mark.usefixtures("granted")
def test_a_deny_of_unencrypted_transport_passes(run: Any, tenant: Any) -> None:
    """The commonest bucket policy there is: AWS services call over TLS."""
    run.program.program_done = False
    tls = {**deny(action="s3:*"), "Condition": {"Bool": {"aws:SecureTransport": "false"}}}

    run.create(kinds.BUCKET_POLICY, "policy", {"bucket": tenant.bucket, "policy": document(tls)})

    assert run.report.found == []


def test_a_planned_disabling_is_refused_although_the_stack_is_moving_off_the_key(preview: Any, tenant: Any) -> None:
    """Updates in place come before the endpoint moves."""
    preview.program.program_done = False
    preview.register(kinds.CONFIGURATION, "c", {"name": "c-2", "productionVariants": []})
    preview.register(kinds.ENDPOINT, "e", {"name": "tenant", "endpointConfigName": "c-2"})

    with pytest.raises(Refused, match=r"key-in-use-stays-enabled"):
        preview.update(kinds.KEY, "k", tenant.key, {"arn": tenant.key_arn, "isEnabled": True}, {"isEnabled": False})


def allow(role_arn: str, action: str, resource: str | None = None) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": {"AWS": role_arn}, "Action": action}
    return {**statement, "Resource": resource} if resource else statement


def resource_policies(tenant: Any) -> dict[str, tuple[str, str, dict[str, Any]]]:
    """For each guard: type, id and state of a resource policy that alone lets the role work."""
    read = allow(tenant.role_arn, "s3:GetObject", "arn:aws:s3:::models/*")
    use = allow(tenant.role_arn, "kms:*", "*")
    pull = allow(tenant.role_arn, "ecr:*")
    return {
        "bucket-in-use-stays-readable": (
            kinds.BUCKET_POLICY,
            tenant.bucket,
            {"bucket": tenant.bucket, "policy": document(read)},
        ),
        "key-in-use-stays-usable": (
            kinds.KEY_POLICY,
            tenant.key,
            {"keyId": tenant.key, "policy": document(ROOT, use)},
        ),
        "repository-in-use-stays-readable": (
            kinds.REPOSITORY_POLICY,
            tenant.repository,
            {"repository": tenant.repository, "policy": document(pull)},
        ),
    }


RESOURCE_POLICIES = ["bucket-in-use-stays-readable", "key-in-use-stays-usable", "repository-in-use-stays-readable"]


@pytest.mark.parametrize("guard", RESOURCE_POLICIES)
def test_a_resource_policy_that_alone_lets_the_role_work_stays(guard: str, run: Any, tenant: Any) -> None:
    """Removed; or destroyed, when the program registers it as if it stayed."""
    token, identity, state = resource_policies(tenant)[guard]

    with pytest.raises(Refused, match=f"^{guard}: .*Path of use: .* <- endpoint tenant "):
        run.delete(token, "thing", identity, state)
    run.register(token, "thing", state)
    with pytest.raises(Refused, match=f"^{guard}: .*Path of use: .* <- endpoint tenant "):
        run.delete(token, "thing", identity, state)


@pytest.mark.usefixtures("granted")
@pytest.mark.parametrize("guard", RESOURCE_POLICIES)
def test_a_resource_policy_may_go_when_the_roles_own_policies_grant_the_same(guard: str, run: Any, tenant: Any) -> None:
    """The twin differs in the role's policies."""
    token, identity, state = resource_policies(tenant)[guard]

    run.delete(token, "thing", identity, state)

    assert run.report.found == []
