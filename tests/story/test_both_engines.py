"""
The story on the Pulumi CLI with the rehearsal's provider and account: the same steps in the same order.

Resources that don't depend on each other are registered by the program side by side, and reach either engine in any
order; what follows from each other (CHAIN) has one order.
"""

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


CHAIN = (
    "aws:sagemaker/model:Model",
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration",
    "aws:sagemaker/endpoint:Endpoint",
)


def chain(steps: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """The steps on what an endpoint's release consists of."""
    return [step for step in steps if step[1] in CHAIN]


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

    assert [code for code, _, _ in ours] == [code for code, _, _ in theirs] == [0, 0, 1, 0, 0]
    assert [refused for _, _, refused in ours] == [refused for _, _, refused in theirs]
    for (_, mine, _), (_, real, _) in zip(ours, theirs, strict=True):
        assert sorted(mine) == sorted(real)
        assert chain(mine) == chain(real)
