"""Holdfast's own story on its own provider: the embedded engine does what the real one was seen to do."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
import stories

RECORDED = sorted((stories.HERE / "stories").glob("*.json"))


@pytest.mark.timeout(600)
@pytest.mark.skipif(os.environ.get("PARITY") != "all", reason="runs with PARITY=all: each story is a minute")
@pytest.mark.parametrize("file", RECORDED, ids=lambda file: file.stem)
def test_the_embedded_engine_tells_the_same_story(file: Path, tmp_path: Path) -> None:
    """Exit status, refusals, steps, and the order of a release's steps, act by act."""
    recorded = json.loads(file.read_text())["acts"]

    for number, (theirs, ours) in enumerate(zip(recorded, stories.told(file.stem, tmp_path), strict=True)):
        for field in ("exit", "refused", "steps", "release"):
            assert ours[field] == theirs[field], f"act {number}, {theirs['words']}: {field}"


def test_every_recorded_story_is_one_of_the_stories() -> None:
    """With the acts it has now: a story that was changed has to be recorded anew."""
    for file in RECORDED:
        acts = json.loads(file.read_text())["acts"]
        scenes = [{k: v for k, v in act.items() if k in ("words", "stack", "fault", "without_guards")} for act in acts]

        assert scenes == stories.STORIES[file.stem]
