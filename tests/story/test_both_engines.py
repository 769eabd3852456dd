"""The story on the Pulumi CLI with the rehearsal's provider and account: the same steps in the same order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from story import Rehearsal
from test_story import IMAGE_2

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.timeout(900), pytest.mark.pulumi_cli]

ACTS = (
    ("up",),
    ("up", "--set", f"image={IMAGE_2}"),
    ("preview", "--set", "keyEnabled=false", "--set", f"image={IMAGE_2}"),
    ("up", "--set", "key=none", "--set", f"image={IMAGE_2}"),
    ("destroy",),
)


def told(rehearsal: Rehearsal) -> list[tuple[int, list[tuple[str, str, str]], list[str]]]:
    """For each act: exit code, the last run's steps, what refused."""
    acts: list[tuple[int, list[tuple[str, str, str]], list[str]]] = []
    for act in ACTS:
        code, report = rehearsal.holdfast(*act, "--parallel", "1")
        taken: list[dict[str, Any]] = report["runs"][-1]["steps"]
        refused = sorted(finding["name"] for finding in report["findings"] if finding["outcome"] == "violated")
        acts.append((code, [(step["step"], step["type"], step["name"]) for step in taken], refused))
    return acts


def test_both_engines_take_the_same_steps(tmp_path: Path) -> None:
    embedded, cli = Rehearsal(tmp_path / "embedded"), Rehearsal(tmp_path / "cli", engine="pulumi")
    try:
        ours, theirs = told(embedded), told(cli)
    finally:
        embedded.stop()
        cli.stop()

    for mine, real in zip(ours, theirs, strict=True):
        assert mine == real
