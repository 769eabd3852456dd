"""Model versions: what may be asked for, the definition that follows, and by what two of them are the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from knowledge import model_packages
from knowledge.model_packages import ARTIFACT_KEY, DEFINITION, deployable, group_of, pinned_image, urls_of, version_of
from knowledge.model_versions import Container, Version, content_type_problem, definition, problems

IMAGE = f"111122223333.dkr.ecr.eu-central-1.amazonaws.com/trees@sha256:{'a' * 64}"
ONE = Container(IMAGE, "s3://artifacts/model.tar.gz", {"LEVEL": "info"})
VERSION = Version("trees", (ONE,), description="Iris", commit="abc", repository="https://example.com/trees")
GROUP = "arn:aws:sagemaker:eu-central-1:111122223333:model-package-group/trees"


def test_a_definition_is_what_create_model_package_takes() -> None:
    made = definition(VERSION)
    [container] = made["InferenceSpecification"]["Containers"]

    assert container == {
        "Image": IMAGE,
        "ImageDigest": f"sha256:{'a' * 64}",
        "ModelDataUrl": "s3://artifacts/model.tar.gz",
        "Environment": {"LEVEL": "info"},
    }
    assert made["InferenceSpecification"]["SupportedContentTypes"] == ["text/csv"]
    assert made["MetadataProperties"] == {"CommitId": "abc", "Repository": "https://example.com/trees"}
    assert made["ModelPackageDescription"] == "Iris"
    assert "ModelApprovalStatus" not in made


def test_a_pipeline_keeps_the_order_of_its_containers() -> None:
    containers = tuple(Container(IMAGE, f"s3://artifacts/{n}.tar.gz", hostname=f"step-{n}") for n in range(15))
    made = definition(replace(VERSION, containers=containers))

    assert problems(replace(VERSION, containers=containers)) == []
    assert [one["ContainerHostname"] for one in made["InferenceSpecification"]["Containers"]] == [
        f"step-{n}" for n in range(15)
    ]


def test_metrics_go_where_the_api_has_them() -> None:
    made = definition(replace(VERSION, metrics={"modelQuality": "s3://m/q.json", "bias": "s3://m/b.json"}))

    assert made["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"] == "s3://m/q.json"
    assert made["ModelMetrics"]["Bias"]["Report"]["ContentType"] == "application/json"


@pytest.mark.parametrize(
    "change",
    [
        {"containers": (replace(ONE, artifact="s3://artifacts/other.tar.gz"),)},
        {"containers": (replace(ONE, environment={}),)},
        {"containers": (ONE, ONE)},
        {"content_types": ("application/json",)},
        {"instance_types": ("ml.m5.xlarge",)},
        {"description": "Other"},
        {"commit": "def"},
        {"group": "forests"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_definition_is_another_version(change: dict[str, Any]) -> None:
    """By the token that makes CreateModelPackage idempotent, and by the fingerprint that stays in the version."""
    before, after = definition(VERSION), definition(replace(VERSION, **change))

    assert before["ClientToken"] != after["ClientToken"]
    assert before["CustomerMetadataProperties"][DEFINITION] != after["CustomerMetadataProperties"][DEFINITION]


@pytest.mark.parametrize(
    "change", [{}, {"metadata": {"team": "ml"}}, {"artifact_key": "k"}, {"artifact_digest": "0"}, {"group": GROUP}]
)
def test_the_same_definition_is_the_same_version(change: dict[str, Any]) -> None:
    """What is only said about it doesn't count, so that a command and a program register the same one."""
    made = definition(replace(VERSION, **change))

    assert made["ClientToken"] == definition(VERSION)["ClientToken"]
    assert len(made["ClientToken"]) <= 36


def test_the_key_of_the_artifact_is_told_to_who_deploys() -> None:
    key = "arn:aws:kms:eu-central-1:111122223333:key/1"

    assert definition(replace(VERSION, artifact_key=key))["CustomerMetadataProperties"][ARTIFACT_KEY] == key


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"containers": ()}, "0 containers given; an inference pipeline has 2 to 15"),
        ({"containers": (ONE,) * 16}, "16 containers given; an inference pipeline has 2 to 15"),
        ({"containers": (replace(ONE, image=""),)}, "container 1 has no image"),
        ({"containers": (replace(ONE, artifact="/tmp/model"),)}, "container 1: '/tmp/model' is no S3 URL"),
        ({"containers": (replace(ONE, hostname="-x"),)}, "'-x' is no name for a container"),
        ({"content_types": ("text/cvs",)}, "did you mean text/csv?"),
        ({"response_types": ("csv",)}, "'csv' is no content type that is known"),
        ({"instance_types": ("m5.large",)}, "'m5.large' is no instance type"),
        ({"description": "x" * 1025}, "has 1025 characters of at most 1024"),
        ({"commit": "x" * 1025}, "commit has 1025 characters"),
        ({"metrics": {"accuracy": "s3://m/a"}}, "there is no metric 'accuracy'"),
        ({"metrics": {"bias": "a.json"}}, "'a.json' is no S3 URL"),
        ({"metadata": {"team": "x" * 257}}, "the value of 'team' doesn't fit"),
        ({"metadata": {"te*am": "x"}}, "'te*am' is no key"),
        ({"metadata": {str(n): "x" for n in range(51)}}, "51 properties given"),
        ({"group": "-x"}, "'-x' is neither the name nor the ARN"),
    ],
)
def test_what_aws_would_refuse_is_told(change: dict[str, Any], words: str) -> None:
    told = problems(replace(VERSION, **change))

    assert any(words in one for one in told), told


def test_a_good_version_has_no_problems() -> None:
    assert problems(VERSION) == []


@pytest.mark.parametrize("text", ["text/csv", "text/csv; charset=utf-8", "application/x-npy", "application/vnd.a+json"])
def test_content_types_that_are_known_or_somebody_s_own_pass(text: str) -> None:
    assert content_type_problem(text) == ""


ARN = "arn:aws:sagemaker:eu-central-1:111122223333:model-package/trees/7"


def test_arns_of_groups_and_versions_are_told_apart() -> None:
    group, version = group_of(GROUP), version_of(ARN)

    assert group is not None
    assert version is not None
    assert (group.name, group.account, version.name, version.number) == ("trees", "111122223333", "trees", 7)
    assert group.versions_arn == "arn:aws:sagemaker:eu-central-1:111122223333:model-package/trees/*"
    assert version.group_arn == GROUP
    assert group_of(ARN) is version_of(GROUP) is version_of(ARN.rpartition("/")[0]) is None
    assert group_of(GROUP.replace("111122223333", "11112222333")) is None


@pytest.mark.parametrize(
    ("described", "why"),
    [
        ({"ModelPackageGroupName": "g", "ModelApprovalStatus": "Approved"}, ""),
        ({"ModelPackageGroupName": "g"}, "its approval status is PendingManualApproval"),
        (
            {"ModelPackageGroupName": "g", "ModelApprovalStatus": "Rejected", "ApprovalDescription": "drifts"},
            "its approval status is Rejected (drifts)",
        ),
        ({"ModelPackageStatus": "Failed", "ModelApprovalStatus": "Approved"}, "its registration is Failed"),
        ({"ModelPackageName": "unversioned"}, ""),
    ],
)
def test_only_what_is_approved_may_be_deployed(described: dict[str, Any], why: str) -> None:
    assert deployable(described) == why


def test_images_and_artifacts_are_read_from_what_aws_describes() -> None:
    """A tag is resolved by the digest beside it; prefixes and further sources count."""
    container = {
        "Image": "1.dkr.ecr.x.amazonaws.com/trees:latest",
        "ImageDigest": "sha256:0",
        "ModelDataSource": {"S3DataSource": {"S3Uri": "s3://b/p", "S3DataType": "S3Prefix"}},
        "AdditionalModelDataSources": [{"S3DataSource": {"S3Uri": "s3://b/more", "S3DataType": "S3Object"}}],
    }

    assert pinned_image(container) == "1.dkr.ecr.x.amazonaws.com/trees@sha256:0"
    assert urls_of({"InferenceSpecification": {"Containers": [container]}}) == ("s3://b/p/", "s3://b/more")
    assert model_packages.containers_in({"InferenceSpecification": []}) == []
