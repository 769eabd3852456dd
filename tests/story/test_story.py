"""The main job, told by commands: each act of the README's story as a person would run it."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from story import REPOSITORY, TENANT, Rehearsal

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.timeout(600)

IMAGE_2 = yaml.safe_load((REPOSITORY / "examples/decision-trees-sample/images.yaml").read_text())["2"]
LATEST = "111122223333.dkr.ecr.us-east-1.amazonaws.com/decision-trees-sample:latest"
WITHOUT_READ = "examples/unsafe/permissions-without-artifact.json"
EVERYTHING = str(REPOSITORY / "policies" / "everything")


def steps(report: dict[str, Any]) -> list[tuple[str, str]]:
    """The last run's steps on resources of AWS as (what, type)."""
    told = report["runs"][-1]["steps"]
    return [(step["step"], step["type"].split(":")[-1]) for step in told if step["type"].startswith("aws:")]


def of(kinds: set[str], told: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Only the steps on these types."""
    return [step for step in told if step[1] in kinds]


SAGEMAKER = {"Model", "EndpointConfiguration", "Endpoint"}


def test_up_deploys_and_the_model_answers(deployment: tuple[Path, dict[str, Any]]) -> None:
    _, report = deployment

    (endpoint,) = report["endpoints"]
    assert endpoint["well"]
    assert endpoint["prediction"]
    assert of(SAGEMAKER, steps(report)) == [
        ("create", "Model"),
        ("create", "EndpointConfiguration"),
        ("create", "Endpoint"),
    ]


def test_a_new_image_rolls_in_the_safe_order_and_a_second_up_changes_nothing(deployed: Rehearsal) -> None:
    report = deployed.up("--set", f"image={IMAGE_2}", "--parallel", "1")

    assert of(SAGEMAKER, steps(report)) == [
        ("create new", "Model"),
        ("create new", "EndpointConfiguration"),
        ("update", "Endpoint"),
        ("delete old", "EndpointConfiguration"),
        ("delete old", "Model"),
    ]
    assert report["endpoints"][0]["well"]
    assert report["endpoints"][0]["runs_on"]["image"].endswith(IMAGE_2.split("@")[1])

    _, before = deployed.fingerprint()
    again = deployed.up("--set", f"image={IMAGE_2}")

    assert steps(again) == []
    assert deployed.fingerprint()[1] == before


REFUSALS = {
    "image by tag": ({"image": LATEST}, "model-images-are-pinned-by-digest", "rule"),
    "SSM on production": ({"ssmAccess": True}, "production-variants-have-no-ssm-access", "rule"),
    "key disabled": ({"keyEnabled": False}, "endpoint-keys-stay-enabled", "both"),
    "right to read the artifact removed": (
        {"permissions": WITHOUT_READ},
        "execution-roles-keep-model-permissions",
        "both",
    ),
}


@pytest.mark.parametrize(("settings", "name", "who"), REFUSALS.values(), ids=REFUSALS)
def test_an_unsafe_change_is_refused_in_the_preview(
    deployed: Rehearsal, tmp_path: Path, settings: dict[str, Any], name: str, who: str
) -> None:
    """By the command, by the bare engine with packs alone, and with guards alone where a guard can see it."""
    before = deployed.fingerprint()
    code, report = deployed.holdfast("up", *[f"--set={key}={json.dumps(value)}" for key, value in settings.items()])
    unheld = tmp_path / "config.json"
    unheld.write_text(json.dumps(dict.fromkeys(("endpoint-keys-are-held", "endpoint-buckets-are-held"), "disabled")))
    pack = ("--policy-pack", EVERYTHING, "--policy-pack-config", str(unheld))
    # A stack that was guarded before can't be run without the guards: their hooks are in its state.
    bare = deployed.without_guards(tmp_path / "project")
    shutil.copy(REPOSITORY / "Pulumi.rehearsal.yaml", bare.project / "Pulumi.rehearsal-unguarded.yaml")
    assert bare.pulumi("stack", "init", "rehearsal-unguarded").returncode == 0
    packs = bare.pulumi("preview", "--stack", "rehearsal-unguarded", *pack, **settings)
    guards = deployed.pulumi("preview", "--stack", "rehearsal", **settings) if who == "both" else None

    assert code == 1
    assert name in [finding["name"] for finding in report["findings"]]
    assert {finding["source"] for finding in report["findings"] if finding["outcome"] == "violated"} >= (
        {"rule", "guard"} if who == "both" else {"rule"}
    )
    assert [run["operation"] for run in report["runs"]] == ["preview"]
    assert packs.returncode != 0
    assert name in packs.stdout + packs.stderr
    if guards:
        assert guards.returncode != 0
        assert "Path of use:" in guards.stdout + guards.stderr
    assert deployed.fingerprint() == before


def test_a_key_that_another_stack_uses_can_not_be_removed(deployed: Rehearsal) -> None:
    deployed.up(stack=TENANT)
    before = deployed.fingerprint()
    code, report = deployed.holdfast("up", "--set", "key=none")
    bare = deployed.pulumi("preview", "--stack", "rehearsal", key="none")

    (finding, *_) = [f for f in report["findings"] if f["resource_type"] == "aws:kms/key:Key"]
    assert code == 1
    assert finding["source"] == "guard"
    assert "decision-trees-tenant" in " <- ".join(finding["path"])
    assert finding["fix"]
    assert bare.returncode != 0
    assert "decision-trees-tenant" in bare.stdout + bare.stderr
    assert deployed.fingerprint() == before


def test_a_key_that_the_same_change_takes_out_of_use_can_go(deployed: Rehearsal) -> None:
    report = deployed.up("--set", "key=none")

    assert ("delete", "Key") in steps(report)
    assert report["endpoints"][0]["well"]


@pytest.mark.parametrize("fault", ["silent-roll-back", "visible-roll-back"])
def test_after_a_roll_back_nothing_old_goes_until_state_and_account_agree(deployed: Rehearsal, fault: str) -> None:
    image = ("--set", f"image={IMAGE_2}")
    failed, report = deployed.holdfast("up", *image, "--fault", fault)
    old = report["endpoints"][0]["configuration"]

    assert failed == 3
    assert ("delete old", "EndpointConfiguration") not in steps(report)
    assert old in json.dumps([report["findings"], report["errors"]])

    again, second = deployed.holdfast("up", *image)
    (now,) = deployed.holdfast("status")[1]["endpoints"]

    assert (again != 0) == (now["configuration"] == old)
    if again != 0:
        assert ("delete old", "EndpointConfiguration") not in steps(second) or second["exit_code"] == 1
        assert deployed.holdfast("refresh")[0] == 0
        second = deployed.up(*image)
    assert second["endpoints"][0]["well"]
    assert second["endpoints"][0]["runs_on"]["image"].endswith(IMAGE_2.split("@")[1])


def test_a_creation_that_failed_leaves_nothing_in_the_way_of_the_next(deployed: Rehearsal) -> None:
    """Neither of the same change nor of taking it back: the endpoint that SageMaker keeps as Failed is cleared away."""
    renamed = ("--set", "name=decision-trees-b")
    code, report = deployed.holdfast("up", *renamed, "--fault", "capacity-error")

    assert code == 3
    assert "failed-creation-leaves-no-endpoint" in [one["name"] for one in report["findings"]]
    assert [one["name"] for one in report["endpoints"] if one["well"]] == ["decision-trees"]
    assert deployed.up()["endpoints"][0]["name"] == "decision-trees"

    assert deployed.holdfast("up", *renamed, "--fault", "capacity-error")[0] == 3
    assert [(one["name"], one["well"]) for one in deployed.up(*renamed)["endpoints"]] == [("decision-trees-b", True)]


def test_destroy_takes_the_endpoint_first(deployed: Rehearsal) -> None:
    code, report = deployed.holdfast("destroy", "--parallel", "1")

    told = [step for step in steps(report) if step[0] == "delete"]
    assert code == 0, report["errors"]
    assert of(SAGEMAKER, told) == [("delete", "Endpoint"), ("delete", "EndpointConfiguration"), ("delete", "Model")]
    assert told.index(("delete", "Endpoint")) < told.index(("delete", "Key"))
    assert deployed.holdfast("status")[1]["endpoints"] == []
