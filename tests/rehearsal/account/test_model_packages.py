"""Model packages and their groups: versions, approval, policies, pages, and models made from them."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

import pytest
from account_world import ACCOUNT, REGION, World, put_ground
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

NUMBERS = itertools.count()
GROUP = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package-group"


def specification(image: str, **more: Any) -> dict[str, Any]:
    """An inference specification of one container."""
    return {
        "Containers": [{"Image": image, **more}],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    }


def group(world: World, name: str) -> str:
    """A group of that name."""
    world.sagemaker.create_model_package_group(ModelPackageGroupName=name)
    return name


def register(world: World, name: str, **more: Any) -> str:
    """A version of a group, from an image of another registry."""
    given = {"InferenceSpecification": specification("registry.example/trees@sha256:" + "0" * 64)}
    return world.sagemaker.create_model_package(ModelPackageGroupName=name, **{**given, **more})["ModelPackageArn"]


def refusal(call: Callable[..., Any], **parameters: Any) -> tuple[str, str]:
    """Code and message of what a call is refused with."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def test_versions_are_counted_in_their_group_and_wait_for_approval(world: World) -> None:
    """The second version of a group is number 2, pending approval, and no number is given twice."""
    group(world, "counted")
    first, second = register(world, "counted"), register(world, "counted")
    world.sagemaker.delete_model_package(ModelPackageName=second)
    third = register(world, "counted")
    described = world.sagemaker.describe_model_package(ModelPackageName=third)

    assert first.endswith(":model-package/counted/1")
    assert third.endswith(":model-package/counted/3")
    assert (described["ModelPackageVersion"], described["ModelApprovalStatus"]) == (3, "PendingManualApproval")
    assert described["ModelPackageStatus"] == "Completed"


def test_approval_and_metadata_change_in_place(world: World) -> None:
    """UpdateModelPackage changes the approval, its description and metadata; the rest stays."""
    group(world, "approved")
    arn = register(world, "approved", CustomerMetadataProperties={"commit": "abc", "stale": "1"})
    world.sagemaker.update_model_package(
        ModelPackageArn=arn,
        ModelApprovalStatus="Approved",
        ApprovalDescription="smoke test passed",
        CustomerMetadataProperties={"reviewer": "kim"},
        CustomerMetadataPropertiesToRemove=["stale"],
    )
    described = world.sagemaker.describe_model_package(ModelPackageName="approved/1")

    assert described["ModelApprovalStatus"] == "Approved"
    assert described["ApprovalDescription"] == "smoke test passed"
    assert described["CustomerMetadataProperties"] == {"commit": "abc", "reviewer": "kim"}
    assert described["LastModifiedTime"] is not None


def test_a_list_is_paged_newest_first_and_filtered_by_approval(world: World) -> None:
    """Twelve versions come on two pages, newest first; a filter sees only what was approved."""
    group(world, "paged")
    arns = [register(world, "paged") for _ in range(12)]
    world.sagemaker.update_model_package(ModelPackageArn=arns[4], ModelApprovalStatus="Approved")
    pages = list(world.sagemaker.get_paginator("list_model_packages").paginate(ModelPackageGroupName="paged"))
    versions = [entry["ModelPackageVersion"] for page in pages for entry in page["ModelPackageSummaryList"]]
    approved = world.sagemaker.list_model_packages(ModelPackageGroupName="paged", ModelApprovalStatus="Approved")

    assert len(pages) == 2
    assert versions == list(range(12, 0, -1))
    assert [entry["ModelPackageVersion"] for entry in approved["ModelPackageSummaryList"]] == [5]


def test_the_same_token_registers_once(world: World) -> None:
    """CreateModelPackage is idempotent by its ClientToken."""
    group(world, "token")

    assert register(world, "token", ClientToken="t-1") == register(world, "token", ClientToken="t-1")


def test_a_model_of_a_package_needs_its_approval_and_runs_its_image(world: World) -> None:
    """CreateModel from a pending version is refused; from an approved one it has the image by its digest."""
    ground = put_ground(world, "packed")
    group(world, "deployed")
    tagged = ground["image"].partition("@")[0] + ":v1"
    container = specification(tagged, ModelDataUrl=ground["url"], Environment={"A": "package"})
    arn = register(world, "deployed", InferenceSpecification=container)
    model = {
        "ModelName": "of-package",
        "ExecutionRoleArn": ground["role"],
        "PrimaryContainer": {"ModelPackageName": arn, "Environment": {"B": "model"}},
    }
    code, message = refusal(world.sagemaker.create_model, **model)
    world.sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    world.sagemaker.create_model(**model)
    digest = ground["image"].partition("@")[2]
    described = world.sagemaker.describe_model_package(ModelPackageName=arn)
    kept = json.loads(world.account.dump())["sagemaker"][REGION]["models"]["of-package"]["packaged"]

    assert code == "ValidationException"
    assert "PendingManualApproval" in message
    assert described["InferenceSpecification"]["Containers"][0]["ImageDigest"] == digest
    assert kept[0]["Image"] == ground["image"]
    assert kept[0]["Environment"] == {"A": "package", "B": "model"}


def test_a_group_with_versions_cannot_be_deleted(world: World) -> None:
    """DeleteModelPackageGroup is a conflict until its versions are gone."""
    group(world, "full")
    arn = register(world, "full")
    code, _ = refusal(world.sagemaker.delete_model_package_group, ModelPackageGroupName="full")
    world.sagemaker.delete_model_package(ModelPackageName=arn)
    world.sagemaker.delete_model_package_group(ModelPackageGroupName="full")
    after = refusal(world.sagemaker.describe_model_package_group, ModelPackageGroupName="full")

    assert code == "ConflictException"
    assert after == ("ValidationException", f"ModelPackageGroup {GROUP}/full does not exist.")


def test_a_groups_policy_is_kept_and_taken_away(world: World) -> None:
    """The resource policy comes back as it was put, and is named as missing once it is gone."""
    group(world, "shared")
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::222233334444:root"},
        "Action": "sagemaker:DescribeModelPackage",
        "Resource": f"{GROUP.replace('-group', '')}/shared/*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": statement})
    world.sagemaker.put_model_package_group_policy(ModelPackageGroupName="shared", ResourcePolicy=policy)
    kept = world.sagemaker.get_model_package_group_policy(ModelPackageGroupName="shared")["ResourcePolicy"]
    world.sagemaker.delete_model_package_group_policy(ModelPackageGroupName="shared")
    after = refusal(world.sagemaker.get_model_package_group_policy, ModelPackageGroupName="shared")

    assert kept == policy
    assert after == ("ValidationException", f"Cannot find resource policy for: {GROUP}/shared")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ModelPackageName": "own"}, "Both ModelPackageName and ModelPackageGroupName"),
        ({"ModelPackageGroupName": None}, "Missing ARN."),
        ({"ModelPackageGroupName": "nowhere"}, "does not exist"),
        ({"Tags": [{"Key": "a", "Value": "b"}]}, "Tags can't be specified"),
        (
            {"InferenceSpecification": specification(f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/none:1")},
            "Requested image",
        ),
        (
            {"InferenceSpecification": {**specification("i"), "Containers": [{"Image": "i"}] * 16}},
            "less than or equal to 15",
        ),
        (
            {"InferenceSpecification": {**specification("i"), "SupportedRealtimeInferenceInstanceTypes": ["ml.none"]}},
            "enum value set",
        ),
    ],
)
def test_a_bad_registration_leaves_no_half_made_version(world: World, change: dict[str, Any], words: str) -> None:
    """What is refused makes no version, and the next good one has the next number."""
    name = f"bad-{next(NUMBERS)}"
    group(world, name)
    parameters = {
        "ModelPackageGroupName": name,
        "InferenceSpecification": specification("registry.example/x"),
        **change,
    }
    code, message = refusal(
        world.sagemaker.create_model_package, **{key: value for key, value in parameters.items() if value}
    )

    assert (code, words in message) == ("ValidationException", True), message
    assert register(world, name).endswith("/1")
