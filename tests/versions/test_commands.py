"""`holdfast register`, `versions`, `approve`, `reject` and `resolve latest-approved`, on an emulated account."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from registry_house import ACCOUNT, REGION, STACK

from guards.live import Account
from knowledge.model_versions import Container, Version, definition
from pipeline.versions.registry import ModelRegistry

if TYPE_CHECKING:
    from registry_house import House


def test_a_version_is_registered_and_waits_for_approval(house: House) -> None:
    report = house.holdfast("register")
    described = house.client("sagemaker").describe_model_package(ModelPackageName=report["arn"])

    assert (report["registered"], report["version"], report["approval"]) == (True, 1, "PendingManualApproval")
    assert described["MetadataProperties"]["CommitId"] == "abc"
    assert described["InferenceSpecification"]["Containers"][0]["ImageDigest"] == house.image.partition("@")[2]


def test_an_identical_version_is_registered_once_and_a_changed_one_is_the_next(house: House) -> None:
    first, again = house.holdfast("register"), house.holdfast("register")
    changed = house.holdfast("register", "--set", f'modelVersion={{"group": "{house.group}", "commit": "def"}}')

    assert (again["registered"], again["arn"]) == (False, first["arn"])
    assert (changed["registered"], changed["version"]) == (True, 2)
    assert len(house.versions()) == 2


def test_two_registrations_at_once_are_one_version(house: House) -> None:
    """Neither sees the other in the list; the token that follows from the definition makes them one."""
    registry = ModelRegistry(Account())
    made = definition(Version(house.group, (Container(house.image, "s3://artifacts/model.tar.gz"),)))
    with ThreadPoolExecutor(2) as both:
        arns = set(both.map(registry.create, [made, made]))

    assert len(arns) == len(house.versions()) == 1


def test_an_inference_pipeline_is_registered(house: House) -> None:
    containers = [
        {"image": house.image, "artifact": "s3://artifacts/model.tar.gz", "hostname": f"s{n}"} for n in (1, 2)
    ]
    house.settings(modelVersion={"group": house.group, "containers": containers})
    report = house.holdfast("register")

    assert len(report["containers"]) == 2


BAD: dict[str, tuple[list[str], int, str]] = {
    "tag": (["image=:1"], 2, "is named by tag"),
    "no-artifact": (["artifact=s3://artifacts/none.tar.gz"], 2, "Nothing lies at s3://artifacts/none.tar.gz"),
    "content-type": (['modelVersion={"group": "trees-0", "contentTypes": ["text/cvs"]}'], 2, "did you mean text/csv"),
    "too-few": (
        ['modelVersion={"group": "trees-0", "containers": [{"image": "a"}]}', "image=", "artifact="],
        2,
        "2 to 15",
    ),
    "region": (
        [f'modelVersion={{"group": "arn:aws:sagemaker:eu-west-1:{ACCOUNT}:model-package-group/trees-0"}}'],
        2,
        "is in Region eu-west-1, and SageMaker is asked in us-east-1",
    ),
    "account": (
        ['modelVersion={"group": "arn:aws:sagemaker:us-east-1:11112222333:model-package-group/trees-0"}'],
        2,
        "is neither the name nor the ARN of a model package group",
    ),
    "no-group": (['modelVersion={"group": "nowhere"}'], 2, "There is no model package group nowhere"),
    "no-version": (["modelVersion=null"], 2, "describe no version"),
}


@pytest.mark.parametrize(("changed", "code", "words"), BAD.values(), ids=BAD)
def test_what_cannot_be_registered_is_told_and_nothing_is_half_made(
    house: House, changed: list[str], code: int, words: str
) -> None:
    said = house.refused("register", *[part for one in changed for part in ("--set", one)], code=code)

    assert words in said
    assert house.versions() == []


def test_an_artifact_that_cannot_be_read_registers_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is there, and this identity is denied it."""
    house.client("s3").put_object(Bucket="artifacts", Key="closed/model.tar.gz", Body=b"\x1f\x8b")
    closed = {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::artifacts/closed/*"}
    monkeypatch.setitem(house.clients, "s3", house.as_role("registrar", "s3", closed))
    said = house.refused("register", "--set", "artifact=s3://artifacts/closed/model.tar.gz", code=4)

    assert "can't be read from here" in said
    assert "s3:HeadObject" in said
    assert "answered 403" in said
    assert house.versions() == []


def test_a_decision_is_kept_in_the_version_with_its_reason_and_whose_it_is(house: House) -> None:
    arn = house.holdfast("register")["arn"]
    approved = house.holdfast("approve", "latest", "--reason", "better on Virginica", "--by", "Ada")
    described = house.client("sagemaker").describe_model_package(ModelPackageName=arn)

    assert (approved["before"], approved["approval"], approved["changed"]) == (
        "PendingManualApproval",
        "Approved",
        True,
    )
    assert described["ApprovalDescription"] == "better on Virginica (Ada)"
    assert described["CustomerMetadataProperties"]["holdfast:decided-by"] == "Ada"
    assert [one["outcome"] for one in approved["findings"]].count("passed") == 4


def test_without_a_name_the_identity_that_is_signed_in_decides(house: House) -> None:
    house.holdfast("register")
    rejected = house.holdfast("reject", "1", "--reason", "drifts")

    assert rejected["approval"] == "Rejected"
    assert rejected["decided_by"].startswith("arn:aws:")


def test_a_decision_that_stands_already_is_not_made_again(house: House) -> None:
    house.holdfast("register")
    house.holdfast("approve", "1", "--reason", "good", "--by", "Ada")
    again = house.holdfast("approve", "1", "--reason", "other", "--by", "Bob")

    assert (again["changed"], again["decided_by"]) == (False, "Ada")


def test_a_version_whose_image_or_artifact_is_gone_is_not_approved(house: House) -> None:
    s3 = house.client("s3")
    s3.put_object(Bucket="artifacts", Key="gone.tar.gz", Body=b"\x1f\x8b")
    arn = house.holdfast("register", "--set", "artifact=s3://artifacts/gone.tar.gz")["arn"]
    s3.delete_object(Bucket="artifacts", Key="gone.tar.gz")
    report = house.holdfast("approve", "latest", "--reason", "good", code=1)

    assert [one["name"] for one in report["findings"] if one["outcome"] == "violated"] == [
        "version-artifacts-can-be-read"
    ]
    described = house.client("sagemaker").describe_model_package(ModelPackageName=arn)
    assert described["ModelApprovalStatus"] == "PendingManualApproval"


@pytest.mark.parametrize(("smoke", "code"), [("passed: 120 of 120", 0), ("failed: 3 of 120", 1)])
def test_a_smoke_test_s_word_counts_where_there_is_one(house: House, smoke: str, code: int) -> None:
    house.holdfast("register", "--smoke", smoke)
    report = house.holdfast("approve", "1", "--reason", "good", code=code)

    assert smoke in next(one for one in report["findings"] if "smoke" in one["name"])["message"]


def test_a_smoke_test_of_what_is_registered_already_is_recorded(house: House) -> None:
    """`holdfast up` registers, somebody tries it, and says how it went."""
    first, again = house.holdfast("register"), house.holdfast("register", "--smoke", "failed: 3 of 120")

    assert (again["registered"], again["arn"]) == (False, first["arn"])
    assert again["metadata"]["holdfast:smoke"] == "failed: 3 of 120"
    house.holdfast("approve", "1", "--reason", "good", code=1)


def test_a_group_that_lets_others_approve_is_no_ground_for_an_approval(house: House) -> None:
    house.holdfast("register")
    arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/{house.group}/*"
    open_to_others = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::222222222222:root"},
        "Action": "sagemaker:Update*",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [open_to_others]})
    house.client("sagemaker").put_model_package_group_policy(ModelPackageGroupName=house.group, ResourcePolicy=policy)
    said = house.says("approve", "1", "--reason", "good", code=1)

    assert "lets arn:aws:iam::222222222222:root do sagemaker:UpdateModelPackage" in said
    assert "stays PendingManualApproval" in said


def test_a_version_that_is_being_deployed_is_not_decided_about(house: House) -> None:
    """An endpoint is on its way to it: nobody decides; once it is there, somebody does."""
    arn = house.holdfast("register")["arn"]
    sagemaker = house.client("sagemaker")
    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    with house.standing_still() as clock:
        endpoint = house.deploy(arn)
        said = house.refused("reject", arn, "--reason", "now")
        before = house.versions()[0]["ModelApprovalStatus"]
        sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="PendingManualApproval")
        also = house.refused("approve", arn, "--reason", "now")
        clock.advance(900)
        decided = house.holdfast("reject", arn, "--reason", "now")

    assert f"Endpoint {endpoint} is just being moved to {arn}" in said
    assert before == "Approved"
    assert f"Endpoint {endpoint} is just being moved to {arn}" in also
    assert (decided["changed"], decided["endpoints"]) == (True, [endpoint])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["approve", "1", "--reason", " "], "say why you approve it"),
        (["approve", "1", "--reason", "x" * 1025], "a version keeps 1024"),
        (["approve", "1", "--reason", "x", "--by", "a*b"], "--by is 'a*b'"),
        (["reject", "7", "--reason", "x"], "There is no version"),
        (["approve", "seven", "--reason", "x"], "'seven' is no version"),
        (["approve", "latest", "--reason", "x"], "has no versions"),
        (["versions", "--approval", "maybe"], "it is one of approved, rejected, pending"),
        (["versions", "no/such/group"], "'no/such/group' is no version"),
        (["register", "--smoke", "fine"], "it begins with passed or failed"),
    ],
)
def test_bad_words_are_told_and_nothing_is_changed(house: House, arguments: list[str], words: str) -> None:
    assert words in house.refused(*arguments)


def test_versions_are_listed_newest_first_and_by_approval(house: House) -> None:
    for commit in ("a", "b", "c"):
        house.holdfast("register", "--set", f'modelVersion={{"group": "{house.group}", "commit": "{commit}"}}')
    house.holdfast("approve", f"{house.group}/2", "--reason", "good")

    assert [one["version"] for one in house.holdfast("versions")["versions"]] == [3, 2, 1]
    assert [one["version"] for one in house.holdfast("versions", "--approval", "approved")["versions"]] == [2]
    two = house.holdfast("versions", "--most", "2")
    assert (len(two["versions"]), two["more"]) == (2, True)
    assert house.holdfast("versions", "2")["reason"].startswith("good")


def test_what_others_wrote_is_shown_as_text(house: House) -> None:
    """A description of somebody's pipeline can't move the cursor."""
    specification = {"Containers": [{"Image": house.image}]}
    house.client("sagemaker").create_model_package(
        ModelPackageGroupName=house.group,
        ModelPackageDescription="\x1b[31mred\x1b[0m",
        InferenceSpecification=specification,
    )

    assert "\x1b" not in house.says("versions")
    assert "\\x1b[31mred" in house.says("versions", "1")


# --- resolve --------------------------------------------------------------------------------------------------------


def pinned(house: House) -> Any:
    file = house.project / f"Pulumi.{STACK}.yaml"
    return yaml.safe_load(file.read_text())["config"].get("holdfast:modelPackage")


def test_latest_approved_is_resolved_once_and_pinned(house: House) -> None:
    """A version that is approved later moves nothing by itself."""
    first = house.holdfast("register")["arn"]
    house.holdfast("approve", "1", "--reason", "good")
    house.holdfast("resolve", "latest-approved")
    second = house.holdfast("register", "--set", f'modelVersion={{"group": "{house.group}", "commit": "b"}}')["arn"]
    house.holdfast("approve", "2", "--reason", "better")

    assert pinned(house) == first
    assert house.holdfast("resolve", "latest-approved")["before"] == first
    assert pinned(house) == second


def test_a_version_registered_by_others_is_adopted_by_its_arn(house: House) -> None:
    """A RegisterModel step or Studio call CreateModelPackage too, without anything of Holdfast's."""
    specification = {"Containers": [{"Image": house.image, "ModelDataUrl": "s3://artifacts/model.tar.gz"}]}
    arn = house.client("sagemaker").create_model_package(
        ModelPackageGroupName=house.group, InferenceSpecification=specification, ModelApprovalStatus="Approved"
    )["ModelPackageArn"]
    house.holdfast("resolve", arn)

    assert pinned(house) == arn


def test_what_is_resolved_is_told_under_what_was_asked(house: House) -> None:
    arn = house.holdfast("register")["arn"]
    house.holdfast("approve", "1", "--reason", "good")

    assert house.says("resolve", "latest-approved").splitlines()[1] == f"  is {arn}"


def test_what_is_not_approved_is_not_pinned(house: House) -> None:
    arn = house.holdfast("register")["arn"]

    assert "its approval status is PendingManualApproval" in house.refused("resolve", arn, code=1)
    assert "No version of group" in house.refused("resolve", "latest-approved")
    assert pinned(house) is None


def test_latest_approved_of_no_group_is_told(house: House) -> None:
    house.settings(image=house.image, artifact="s3://artifacts/model.tar.gz")

    assert "latest-approved of which group?" in house.refused("resolve", "latest-approved")
