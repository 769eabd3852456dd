"""A version from its registration to an endpoint and its rejection: the real program and commands, in a row."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from story import ACCOUNT, REPOSITORY, Rehearsal

if TYPE_CHECKING:
    from collections.abc import Iterator

STACK = "rehearsal-model-registry"
VERSION = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:model-package/decision-trees/1"
OTHER_IMAGE = "sha256:6a858df4848c737dd48cf87cd3b61a7844c07a0b16a630b7e1bff95a3daedfeb"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[int, dict[str, Any]]]]:
    """Exit code and report of each command, by a name of its own."""
    project = tmp_path_factory.mktemp("project")
    for name in ("Pulumi.yaml", "__main__.py"):
        shutil.copy(REPOSITORY / name, project)
    settings = (REPOSITORY / f"Pulumi.{STACK}.yaml").read_text()
    (project / f"Pulumi.{STACK}.yaml").write_text(settings.replace(" examples/", f" {REPOSITORY}/examples/"))
    rehearsal = Rehearsal(tmp_path_factory.mktemp("home") / "home", project=project)
    found: dict[str, tuple[int, dict[str, Any]]] = {}

    def run(name: str, *args: str) -> None:
        found[name] = rehearsal.holdfast(*args, stack=STACK)

    try:
        run("registered", "up")
        run("approved", "approve", "latest", "--reason", "better on Virginica", "--by", "Ada")
        run("resolved", "resolve", "latest-approved")
        run("deployed", "up", "--set", f"image={OTHER_IMAGE}")
        run("rejected", "reject", "1", "--reason", "drifts", "--by", "Bob")
        run("doctor", "doctor")
        run("destroyed", "destroy")
        run("left", "versions")
        run("again", "preview", "--set", "modelPackage=null")
        found["settings"] = 0, yaml.safe_load((project / f"Pulumi.{STACK}.yaml").read_text())["config"]
        yield found
    finally:
        rehearsal.stop()


def steps(told: Any, name: str) -> list[tuple[str, str]]:
    return [(one["step"], one["type"]) for one in told[name][1]["runs"][-1]["steps"]]


def test_up_registers_and_deploys_nothing(told: Any) -> None:
    code, report = told["registered"]

    assert code == 0, report
    assert report["endpoints"] == []
    assert any(type_ == "aws:cloudcontrol/resource:Resource" for _, type_ in steps(told, "registered"))


def test_an_approval_looks_first_and_is_kept_with_its_reason(told: Any) -> None:
    code, report = told["approved"]

    assert (code, report["approval"], report["reason"]) == (0, "Approved", "better on Virginica (Ada)")
    assert {one["outcome"] for one in report["findings"]} == {"passed", "not applicable"}


def test_the_approved_version_is_pinned_and_that_one_is_deployed(told: Any) -> None:
    code, report = told["deployed"]

    assert told["resolved"][1]["value"] == told["settings"][1]["holdfast:modelPackage"] == VERSION
    assert code == 0, report
    [endpoint] = report["endpoints"]
    assert endpoint["well"]
    assert endpoint["runs_on"]["model package"] == VERSION
    assert endpoint["prediction"] == "setosa"


def test_a_rejection_names_the_endpoint_that_goes_on_and_doctor_shows_it(told: Any) -> None:
    code, report = told["rejected"]
    [finding] = [
        one
        for endpoint in told["doctor"][1]["endpoints"]
        for one in endpoint["findings"]
        if one["name"] == "model-packages-are-approved"
    ]

    assert (code, report["endpoints"]) == (0, ["registered"])
    assert told["doctor"][0] == 0
    assert "by now its approval status is Rejected (drifts (Bob))" in finding["message"]


def test_the_next_version_is_registered_beside_it_and_not_deployed(told: Any) -> None:
    """The same run's other image is version 2, which stays where it is until somebody approves it."""
    outputs = [one for one in steps(told, "deployed") if one[1] == "aws:cloudcontrol/resource:Resource"]

    assert ("create new", "aws:cloudcontrol/resource:Resource") in outputs
    assert told["deployed"][1]["endpoints"][0]["runs_on"]["model package"] == VERSION


def test_a_destroyed_stack_leaves_what_versions_name_and_ends_nowhere_half_way(told: Any) -> None:
    """SageMaker deletes no group with versions, Amazon S3 no bucket with objects: they stay, and the plan says so."""
    code, report = told["destroyed"]
    kept = {type_.rpartition(":")[2] for step, type_ in steps(told, "destroyed") if step == "forget"}

    assert code == 0, report
    assert {"ModelPackageGroup", "Resource", "Bucket", "BucketObjectv2", "Key"} <= kept
    assert [one["version"] for one in told["left"][1]["versions"]] == [2, 1]


def test_a_group_that_stayed_is_named_in_the_preview_before_anything_is_made_beside_it(told: Any) -> None:
    code, report = told["again"]

    assert code == 1
    assert "model-package-group-is-new" in [one["name"] for one in report["findings"] if one["outcome"] == "violated"]
