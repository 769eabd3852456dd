"""A role keeps what the models in use need; what has the same effect passes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from guards import kinds
from guards.report import Refused

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
GUARD = "role-in-use-keeps-its-rights"


def allowing(*actions: str, resource: str = "*") -> str:
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": resource}]}
    )


READ = allowing("s3:GetObject", resource="arn:aws:s3:::models/*")
PULL = allowing("ecr:*")


@pytest.fixture
def inline(aws: Any, tenant: Any) -> dict[str, Any]:
    """The tenant's role may read its artifact by one inline policy, and pull its image by another."""
    aws("iam").put_role_policy(RoleName=tenant.role, PolicyName="read", PolicyDocument=READ)
    aws("iam").put_role_policy(RoleName=tenant.role, PolicyName="pull", PolicyDocument=PULL)
    return {"role": tenant.role, "name": "read", "policy": READ}


def test_the_right_to_read_the_artifact_is_not_removed(run: Any, inline: dict[str, Any]) -> None:
    """RolePolicy deleted."""
    with pytest.raises(
        Refused, match=rf"^{GUARD}: .*s3:GetObject on arn:aws:s3:::models/tenant/model.tar.gz.*<- endpoint"
    ):
        run.delete(kinds.ROLE_POLICY, "read", "tenant-role:read", inline)


def test_a_right_that_no_model_needs_is_removed(run: Any, inline: dict[str, Any], aws: Any) -> None:
    """The twin differs in its action alone."""
    other = {"role": inline["role"], "name": "more", "policy": allowing("s3:PutObjectAcl")}
    aws("iam").put_role_policy(RoleName=other["role"], PolicyName="more", PolicyDocument=other["policy"])

    run.delete(kinds.ROLE_POLICY, "more", "tenant-role:more", other)

    assert run.report.found == []


def test_an_inline_policy_replaced_by_an_attachment_of_the_same_effect_may_go(
    run: Any, inline: dict[str, Any], aws: Any
) -> None:
    """At the end of the run the attachment is there already."""
    arn = aws("iam").create_policy(PolicyName="reads", PolicyDocument=READ)["Policy"]["Arn"]
    aws("iam").attach_role_policy(RoleName=inline["role"], PolicyArn=arn)

    run.delete(kinds.ROLE_POLICY, "read", "tenant-role:read", inline)

    assert run.report.found == []


def test_a_detached_policy_that_is_replaced_in_the_same_preview_may_go(preview: Any, tenant: Any, aws: Any) -> None:
    """The new inline policy is planned only; the old attachment goes at the end."""
    arn = aws("iam").create_policy(PolicyName="reads", PolicyDocument=READ)["Policy"]["Arn"]
    aws("iam").attach_role_policy(RoleName=tenant.role, PolicyArn=arn)
    preview.register(kinds.ROLE_POLICY, "read", {"role": tenant.role, "policy": READ})
    preview.create(kinds.ROLE_POLICY, "read", {"role": tenant.role, "policy": READ, "name": "read-1"})

    preview.delete(kinds.ATTACHMENT, "reads", f"{tenant.role}/{arn}", {"role": tenant.role, "policyArn": arn})

    assert preview.report.found == []


def test_an_attachment_is_not_detached_while_its_rights_are_needed(run: Any, tenant: Any, aws: Any) -> None:
    """RolePolicyAttachment deleted, nothing in its place."""
    arn = aws("iam").create_policy(PolicyName="reads", PolicyDocument=READ)["Policy"]["Arn"]
    aws("iam").attach_role_policy(RoleName=tenant.role, PolicyArn=arn)

    with pytest.raises(Refused, match=GUARD):
        run.delete(kinds.ATTACHMENT, "reads", f"{tenant.role}/{arn}", {"role": tenant.role, "policyArn": arn})


def test_two_policies_that_relieve_each_other_do_not_both_go(run: Any, inline: dict[str, Any], aws: Any) -> None:
    """Each alone could go; the second is refused."""
    aws("iam").put_role_policy(RoleName=inline["role"], PolicyName="read-2", PolicyDocument=READ)
    run.delete(kinds.ROLE_POLICY, "read", "tenant-role:read", inline)

    with pytest.raises(Refused, match=GUARD):
        run.delete(kinds.ROLE_POLICY, "read-2", "tenant-role:read-2", {**inline, "name": "read-2"})


def test_a_preview_that_does_not_know_the_new_policy_is_undecided(preview: Any, inline: dict[str, Any]) -> None:
    """Its text depends on something that is made in the same run."""
    preview.register(kinds.ROLE_POLICY, "read", {"role": inline["role"], "policy": UNKNOWN})
    preview.create(kinds.ROLE_POLICY, "read", {"role": inline["role"], "policy": UNKNOWN, "name": "read-1"})

    preview.delete(kinds.ROLE_POLICY, "read", "tenant-role:read", inline)

    assert [one.outcome for one in preview.report.found] == ["undecided"]


def test_in_the_preview_of_a_destroy_the_policy_that_goes_is_no_relief_for_itself(
    preview: Any, inline: dict[str, Any]
) -> None:
    """It is registered as if it stayed, and a foreign endpoint needs it."""
    preview.register(kinds.ROLE_POLICY, "read", {"role": inline["role"], "policy": READ})

    with pytest.raises(Refused, match=GUARD):
        preview.delete(kinds.ROLE_POLICY, "read", "tenant-role:read", inline)


def test_a_policy_is_not_narrowed_below_what_the_model_needs(run: Any, inline: dict[str, Any]) -> None:
    """Update in place: another prefix."""
    run.program.program_done = False
    narrow = allowing("s3:GetObject", resource="arn:aws:s3:::models/other/*")

    with pytest.raises(Refused, match=GUARD):
        run.update(kinds.ROLE_POLICY, "read", "tenant-role:read", inline, {**inline, "policy": narrow})


def test_a_policy_may_be_narrowed_to_what_the_model_needs(run: Any, inline: dict[str, Any], tenant: Any) -> None:
    """The twin differs in the prefix alone."""
    run.program.program_done = False
    narrow = allowing("s3:GetObject", resource=f"arn:aws:s3:::models/{tenant.artifact}")

    run.update(kinds.ROLE_POLICY, "read", "tenant-role:read", inline, {**inline, "policy": narrow})

    assert run.report.found == []


def test_a_managed_policy_is_not_narrowed_below_what_the_model_needs(run: Any, tenant: Any, aws: Any) -> None:
    """aws:iam/policy:Policy updated in place, attached to the role."""
    arn = aws("iam").create_policy(PolicyName="reads", PolicyDocument=READ)["Policy"]["Arn"]
    aws("iam").attach_role_policy(RoleName=tenant.role, PolicyArn=arn)
    run.program.program_done = False

    with pytest.raises(Refused, match=GUARD):
        run.update(kinds.POLICY, "reads", arn, {"arn": arn, "policy": READ}, {"policy": allowing("s3:ListBucket")})


def test_a_boundary_that_stops_the_model_is_not_added(run: Any, inline: dict[str, Any], aws: Any) -> None:
    """Role.permissionsBoundary."""
    arn = aws("iam").create_policy(PolicyName="limit", PolicyDocument=allowing("logs:*"))["Policy"]["Arn"]
    run.program.program_done = False

    with pytest.raises(Refused, match=GUARD):
        run.update(kinds.ROLE, "role", "tenant-role", {}, {"permissionsBoundary": arn})


def test_a_boundary_that_lets_the_model_work_is_added(run: Any, inline: dict[str, Any], aws: Any) -> None:
    """The twin differs in what the boundary allows."""
    arn = aws("iam").create_policy(PolicyName="limit", PolicyDocument=allowing("*"))["Policy"]["Arn"]
    run.program.program_done = False

    run.update(kinds.ROLE, "role", "tenant-role", {}, {"permissionsBoundary": arn})

    assert run.report.found == []


def test_a_policy_is_not_replaced_by_a_narrower_one(run: Any, inline: dict[str, Any], aws: Any) -> None:
    """The new one is there (at `up`) or planned (in a preview); the old one must stay."""
    narrow = allowing("s3:GetObject", resource="arn:aws:s3:::models/other/*")
    new = {"role": inline["role"], "policy": narrow, "name": "read-2"}
    aws("iam").put_role_policy(RoleName=new["role"], PolicyName=new["name"], PolicyDocument=narrow)
    run.register(kinds.ROLE_POLICY, "read", {"role": inline["role"], "policy": narrow})
    run.create(kinds.ROLE_POLICY, "read", new)

    with pytest.raises(Refused, match=GUARD):
        run.delete(kinds.ROLE_POLICY, "read", "tenant-role:read", inline)


@pytest.mark.parametrize("encrypted", [False, True], ids=["instances that encrypt by themselves", "the same key"])
def test_what_only_the_configuration_left_behind_needs_may_go(
    encrypted: bool, preview: Any, tenant: Any, aws: Any
) -> None:
    """The model moves to a configuration without KMS key; the twin has the key, and keeps the right to use it."""
    grant = {"role": tenant.role, "name": "volume", "policy": allowing("kms:CreateGrant")}
    aws("iam").put_role_policy(RoleName=tenant.role, PolicyName="volume", PolicyDocument=grant["policy"])
    variants = [{"modelName": tenant.model, "variantName": "v", "instanceType": "ml.g5.xlarge"}]
    new = {"productionVariants": variants} | ({"kmsKeyArn": "alias/tenant"} if encrypted else {})
    old, moved = ({"name": tenant.endpoint, "endpointConfigName": one} for one in (tenant.configuration, UNKNOWN))
    preview.program.program_done = False
    preview.register(kinds.CONFIGURATION, "c", new)
    preview.create(kinds.CONFIGURATION, "c", {"name": "c-2", **new})
    preview.register(kinds.ENDPOINT, "e", moved, needs=(preview.urn(kinds.CONFIGURATION, "c"),))
    preview.update(kinds.ENDPOINT, "e", tenant.endpoint, old, moved)
    preview.program.program_done = True

    if encrypted:
        with pytest.raises(Refused, match=rf"{GUARD}: .*kms:CreateGrant.*to encrypt the storage volume"):
            preview.delete(kinds.ROLE_POLICY, "volume", "tenant-role:volume", grant)
    else:
        preview.delete(kinds.ROLE_POLICY, "volume", "tenant-role:volume", grant)


def test_in_a_destroy_a_policy_goes_with_the_endpoint(run: Any, inline: dict[str, Any], aws: Any) -> None:
    """Its users went before it."""
    run.register(kinds.ROLE_POLICY, "read", {"role": inline["role"], "policy": READ})
    run.register(kinds.ENDPOINT, "e", {"name": "tenant"})
    run.delete(kinds.ENDPOINT, "e", "tenant", {"name": "tenant"})
    if not run.dry_run:
        aws("sagemaker").delete_endpoint(EndpointName="tenant")

    run.delete(kinds.ROLE_POLICY, "read", "tenant-role:read", inline)

    assert run.report.found == []


# --- resources that say what a role has, and nothing else ---------------------------------------------------------


@pytest.fixture
def attached(aws: Any, tenant: Any) -> str:
    """A managed policy by which the tenant's role may read its artifact."""
    arn: str = aws("iam").create_policy(PolicyName="reads", PolicyDocument=READ)["Policy"]["Arn"]
    aws("iam").attach_role_policy(RoleName=tenant.role, PolicyArn=arn)
    return arn


def test_an_exclusive_attachment_does_not_take_a_policy_from_a_role_in_use(run: Any, attached: str, aws: Any) -> None:
    """By being made, changed or deleted; the twin names the role."""
    both = {"name": "a", "policyArn": attached, "roles": ["tenant-role", "other"]}
    run.create(kinds.EXCLUSIVE_ATTACHMENT, "twin", both)
    assert run.report.found == []

    for act in (
        lambda: run.create(kinds.EXCLUSIVE_ATTACHMENT, "a", {**both, "roles": ["other"]}),
        lambda: run.update(kinds.EXCLUSIVE_ATTACHMENT, "a", "a", both, {**both, "roles": ["other"]}),
        lambda: run.delete(kinds.EXCLUSIVE_ATTACHMENT, "a", "a", {**both, "roles": ["tenant-role"]}),
    ):
        with pytest.raises(Refused, match=rf"^{GUARD}: .*s3:GetObject.*<- endpoint"):
            act()


@pytest.mark.parametrize("kind", ["inline", "attached"])
def test_a_role_in_use_does_not_lose_what_an_exclusive_list_leaves_out(
    kind: str, run: Any, tenant: Any, aws: Any, attached: str
) -> None:
    """The twin lists it."""
    token, by = (kinds.EXCLUSIVE_ATTACHMENTS, "policyArns")
    listed = attached
    if kind == "inline":
        aws("iam").detach_role_policy(RoleName=tenant.role, PolicyArn=attached)
        aws("iam").put_role_policy(RoleName=tenant.role, PolicyName="read", PolicyDocument=READ)
        token, by, listed = kinds.EXCLUSIVE_POLICIES, "policyNames", "read"
    run.create(token, "twin", {"roleName": tenant.role, by: [listed]})
    assert run.report.found == []

    with pytest.raises(Refused, match=rf"^{GUARD}: .*s3:GetObject.*<- endpoint"):
        run.create(token, "e", {"roleName": tenant.role, by: []})
