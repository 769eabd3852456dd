"""What packs see of the Model Registry: images of versions, approvals in the program, policies of groups."""

from __future__ import annotations

import json
from typing import Any

import pytest
from judging import DIGEST, IMAGE, UNKNOWN, Given, Judge

from knowledge.cross_account import group_policy, root
from knowledge.model_packages import Place
from policies.rules import (
    execution_roles_keep_model_permissions,
    model_package_group_policies_name_accounts,
    model_versions_are_pinned_by_digest,
    models_come_from_approved_versions,
)
from policies.tokens import CLOUD_CONTROL, MODEL, MODEL_PACKAGE, MODEL_PACKAGE_GROUP_POLICY, ROLE, ROLE_POLICY

ARN = "arn:aws:sagemaker:eu-central-1:111122223333:model-package/scoring/1"
GROUP = Place("aws", "eu-central-1", "111122223333", "scoring")
BY_TAG = IMAGE.partition("@")[0] + ":latest"


def version(*images: dict[str, str], approval: str = "PendingManualApproval") -> Given:
    state = {"ModelApprovalStatus": approval, "InferenceSpecification": {"Containers": list(images)}}
    return Given(CLOUD_CONTROL, {"typeName": MODEL_PACKAGE, "desiredState": json.dumps(state), "id": ARN}, "v")


def policy(*statements: dict[str, Any]) -> Given:
    return Given(MODEL_PACKAGE_GROUP_POLICY, {"resourcePolicy": json.dumps({"Statement": list(statements)})})


def test_a_version_s_image_by_tag_is_refused_container_by_container(judge: Judge) -> None:
    judged = judge(model_versions_are_pinned_by_digest.rule, version({"Image": IMAGE}, {"Image": BY_TAG}))
    [violation] = judged.violations

    assert f"Containers[1].Image is {BY_TAG}, without a digest" in violation


@pytest.mark.parametrize("image", [{"Image": IMAGE}, {"Image": BY_TAG, "ImageDigest": DIGEST}])
def test_a_version_s_image_by_digest_passes(judge: Judge, image: dict[str, str]) -> None:
    assert judge(model_versions_are_pinned_by_digest.rule, version(image)).passed


def test_another_type_of_cloud_control_is_none_of_its_business(judge: Judge) -> None:
    other = Given(CLOUD_CONTROL, {"typeName": "AWS::Logs::LogGroup", "desiredState": '{"Image": "x:latest"}'})

    assert judge(model_versions_are_pinned_by_digest.rule, other).violations == []


def test_a_state_that_is_not_known_yet_is_undecided(judge: Judge) -> None:
    unknown = Given(CLOUD_CONTROL, {"typeName": MODEL_PACKAGE, "desiredState": UNKNOWN})

    assert judge(model_versions_are_pinned_by_digest.rule, unknown).undecided


def model(registered: Given, named: str = UNKNOWN) -> Given:
    container = {"primaryContainer": {"modelPackageName": named}}
    return Given(MODEL, container, depends={"primaryContainer": [registered]} if named == UNKNOWN else {})


@pytest.mark.parametrize("approval", ["PendingManualApproval", "Rejected"])
@pytest.mark.parametrize("named", [UNKNOWN, ARN], ids=["by-output", "by-arn"])
def test_a_model_of_a_version_that_is_not_approved_is_refused(judge: Judge, approval: str, named: str) -> None:
    """By the output of the resource, in a preview too; and by its ARN as text."""
    registered = version({"Image": IMAGE}, approval=approval)
    [violation] = judge(models_come_from_approved_versions.rule, registered, model(registered, named)).violations

    assert f"is registered as {approval}" in violation


def test_a_model_of_an_approved_version_passes(judge: Judge) -> None:
    registered = version({"Image": IMAGE}, approval="Approved")

    assert judge(models_come_from_approved_versions.rule, registered, model(registered)).passed


def test_a_version_from_elsewhere_is_the_guards_business(judge: Judge) -> None:
    elsewhere = Given(MODEL, {"primaryContainer": {"modelPackageName": ARN.replace("/1", "/7")}})

    assert judge(models_come_from_approved_versions.rule, version(approval="Rejected"), elsewhere).violations == []


def test_what_a_version_needs_is_not_guessed_from_its_arn(judge: Judge) -> None:
    """The rule on execution roles judges what it sees; the rest is the guard's (model-package-can-be-run)."""
    trust = json.dumps(
        {
            "Statement": [
                {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "sagemaker.amazonaws.com"}}
            ]
        }
    )
    role = Given(ROLE, {"name": "r", "arn": "arn:aws:iam::111122223333:role/r", "assumeRolePolicy": trust}, "r")
    rights = Given(ROLE_POLICY, {"role": "r", "policy": json.dumps({"Statement": []})}, "r")
    made = Given(
        MODEL, {"executionRoleArn": role.properties["arn"], "primaryContainer": {"modelPackageName": ARN}}, "m"
    )

    judged = judge(execution_roles_keep_model_permissions.rule, role, rights, made)

    assert (judged.violations, judged.undecided) == ([], [])


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ({"Principal": "*", "Action": "sagemaker:CreateModel"}, "allows everybody"),
        ({"Principal": {"AWS": root("222222222222")}, "Action": "sagemaker:*"}, "allows every action"),
        ({"Principal": {"AWS": root("222222222222")}, "NotAction": "sagemaker:CreateModel"}, "allows every action"),
        ({"Principal": {"AWS": "222222222222"}, "Action": "sagemaker:Update*"}, "do sagemaker:UpdateModelPackage"),
    ],
    ids=["everybody", "everything", "everything-but", "approval"],
)
def test_a_group_s_policy_that_lets_too_much_is_refused(judge: Judge, statement: dict[str, Any], words: str) -> None:
    given = policy({"Effect": "Allow", "Resource": GROUP.versions_arn, **statement})
    [violation] = judge(model_package_group_policies_name_accounts.rule, given).violations

    assert words in violation


def test_the_policy_that_the_component_writes_passes(judge: Judge) -> None:
    document = group_policy(GROUP, ["222222222222"], ["333333333333"])

    assert judge(model_package_group_policies_name_accounts.rule, policy(*document["Statement"])).passed


def test_the_group_s_own_account_may_approve(judge: Judge) -> None:
    own = {"Principal": {"AWS": root(GROUP.account)}, "Action": "sagemaker:UpdateModelPackage"}
    given = policy({"Effect": "Allow", "Resource": GROUP.versions_arn, **own})

    assert judge(model_package_group_policies_name_accounts.rule, given).passed
