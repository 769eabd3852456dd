"""Bad input: an error that says whose fault it is, an exit code other than 0, the state intact, the next goes on."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest
from story import BIN, REPOSITORY, Rehearsal

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.timeout(600)

NOT_THERE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/decision-trees-sample@sha256:" + "0" * 64

MISTAKES = {
    "instanceCount": "many",
    "name": "under_score",
    "stage": "staging",
    "instanceTyp": "ml.m5.large",
    "artifact": "no/such/model.tar.gz",
    "permissions": "no/such/policy.json",
    "image": "Not An Image",
}


def test_wrong_settings_are_named_all_at_once(empty: Rehearsal) -> None:
    code, report = empty.holdfast("preview", *[f"--set={key}={value}" for key, value in MISTAKES.items()])

    told = json.dumps(report["errors"])
    assert code == 2
    assert "Traceback" not in told
    for key, value in MISTAKES.items():
        assert key in told
        assert value in told or key == "instanceTyp"


def test_settings_that_are_missing_are_named(empty: Rehearsal, tmp_path: Path) -> None:
    missing = project(tmp_path / "project", (REPOSITORY / "__main__.py").read_text(), empty)
    (missing.project / "Pulumi.rehearsal.yaml").write_text("config:\n  aws:region: us-east-1\n")
    code, report = missing.holdfast("preview")

    told = json.dumps(report["errors"])
    assert code != 0
    assert "image" in told
    assert "artifact" in told
    assert "Traceback" not in told


def test_an_image_that_is_not_in_the_repository_is_refused_in_the_preview(deployed: Rehearsal) -> None:
    before = deployed.fingerprint()
    code, report = deployed.holdfast("up", "--set", f"image={NOT_THERE}")

    assert code == 1
    assert "0" * 64 in json.dumps(report["findings"])
    assert deployed.fingerprint() == before


def project(folder: Path, program: str, rehearsal: Rehearsal) -> Rehearsal:
    """The repository's project with another program."""
    folder.mkdir()
    for path in REPOSITORY.glob("Pulumi*.yaml"):
        shutil.copy(path, folder)
    (folder / "examples").symlink_to(REPOSITORY / "examples")
    (folder / "__main__.py").write_text(program)
    return Rehearsal(rehearsal.home, rehearsal.engine, folder)


def test_a_program_that_raises_is_the_program_s_fault(deployed: Rehearsal, tmp_path: Path) -> None:
    before = deployed.fingerprint()
    broken = project(tmp_path / "project", "raise RuntimeError('the tree fell')\n", deployed)
    code, report = broken.holdfast("up")

    assert code == 3
    assert "the tree fell" in json.dumps(report["errors"])
    assert deployed.fingerprint() == before
    assert deployed.holdfast("preview")[0] == 0


def test_an_unknown_resource_type_is_named(deployed: Rehearsal, tmp_path: Path) -> None:
    program = (
        "import pulumi\n"
        "class Strange(pulumi.CustomResource):\n"
        "    def __init__(self):\n"
        "        super().__init__('aws:sagemaker/oracle:Oracle', 'delphi', {})\n"
        "Strange()\n"
    )
    strange = project(tmp_path / "project", program, deployed)
    code, report = strange.holdfast("preview")

    assert code == 3
    assert "aws:sagemaker/oracle:Oracle" in json.dumps(report["errors"])


def test_a_pack_that_raises_is_the_pack_s_fault(deployed: Rehearsal, tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    pack.mkdir()
    (pack / "PulumiPolicy.yaml").write_text("runtime: python\n")
    (pack / "__main__.py").write_text(
        "from pulumi_policy import PolicyPack, ResourceValidationPolicy\n"
        "def judge(args, report):\n"
        "    raise RuntimeError('the judge is ill')\n"
        "PolicyPack('ill', policies=[ResourceValidationPolicy('ill-rule', 'ill', judge)])\n"
    )
    before = deployed.fingerprint()
    code, report = deployed.holdfast("preview", "--policy-pack", str(pack))

    told = json.dumps(report["errors"])
    assert code == 3
    assert "ill" in told
    assert deployed.fingerprint() == before


def test_an_interrupted_up_keeps_its_state_and_the_next_one_carries_on(empty: Rehearsal) -> None:
    process = subprocess.Popen(
        [str(BIN / "holdfast"), "up", "--stack", "rehearsal"],
        cwd=REPOSITORY,
        env=empty._environment({}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    told = []
    for line in process.stdout:
        told.append(line)
        if "done" in line:
            os.kill(process.pid, signal.SIGINT)
            break
    rest = process.stdout.read()
    code = process.wait(timeout=60)

    assert code == 130, "".join(told) + rest
    assert "Traceback" not in "".join(told) + rest
    state = json.loads((empty.home / "stacks" / "rehearsal" / "state.json").read_text())
    assert state
    assert empty.up()["endpoints"][0]["well"]


def test_a_preview_that_failed_passes_nothing(empty: Rehearsal) -> None:
    """What packs and guards did not get to see, they did not pass."""
    _, report = empty.holdfast("preview", "--set", "instanceCount=zero")

    assert [pack["verdict"] for pack in report["packs"]] == ["nothing in what was seen before the run failed"]
    assert not any("non-zero exit code" in error for error in report["errors"])
