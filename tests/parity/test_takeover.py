"""What the embedded engine leaves behind, the real one takes over: and finds nothing to change."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
import compare
import record

EVERYTHING: dict[str, Any] = {
    "r": [
        ["p", "provider", {"region": "north"}],
        ["g", "group", {"x": "1", "outputs": {"o": "!hush"}}, {"providers": ["p"], "protect": True}],
        ["a", "thing", {"value": "!secret", "deep": {"l": ["1", None, True, 2.5]}}, {"parent": "g"}],
        ["b", "thing", {"value": "$a.arn", "r_k": "1"}, {"parent": "g", "depends_on": ["a"], "protect": False}],
        ["c", "thing", {"auto": True}, {"additional_secret_outputs": ["arn"], "retain_on_delete": True}],
        ["d", "thing", {"value": "$c.name"}, {"ignore_changes": ["value"], "replace_on_changes": ["value"]}],
        ["e", "thing", {}, {"deleted_with": "d", "replace_with": ["c"], "replacement_trigger": "1"}],
        ["f", "thing", {}, {"custom_timeouts": {"create": "90s"}, "hooks": {"before_delete": ["h~"]}}],
        ["r", "thing", {}, {"id": "r-7"}],
        ["s", "stash", {"input": {"a": ["1"]}}],
    ],
    "export": {"arn": "$b.arn", "hidden": "!x", "resource": "$a"},
}


@pytest.mark.pulumi_cli
def test_the_real_engine_takes_the_state_over_and_changes_nothing(tmp_path: Path) -> None:
    """Components, providers, secrets, reads, stashes, hooks and every option that a state keeps."""
    stage = {"op": "up", "env": {"SPEC": json.dumps(EVERYTHING)}}
    folders = os.environ["PATH"].split(os.pathsep)
    real_path = os.pathsep.join(folder for folder in folders if Path(folder).resolve() != compare.EMBEDDED)
    for name in ("ours", "real"):
        (tmp_path / name).mkdir()
    ours = record.Recorder(tmp_path / "ours", "described", compare.embedded_path())
    real = record.Recorder(tmp_path / "real", "described", real_path)
    for recorder in (ours, real):
        assert recorder.pulumi("stack", "init", "case").returncode == 0
    told = ours.stage(0, stage)
    assert told["exit"] == 0, told["errors"]
    state = tmp_path / "state.json"
    state.write_text(ours.pulumi("stack", "export").stdout)

    imported = real.pulumi("stack", "import", "--file", str(state))
    seen = real.stage(1, {**stage, "op": "preview", "flags": ["--expect-no-changes"]})

    assert imported.returncode == 0, imported.stderr
    assert seen["errors"] == []
    assert seen["exit"] == 0
    assert {op for op, _ in seen["steps"]} == {"same", "read"}
    assert seen["state"] == told["state"]
