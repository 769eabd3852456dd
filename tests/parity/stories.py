#!/usr/bin/env python3
"""Holdfast's own story, on its own provider: what the real engine was seen to do, act by act.

    stories.py [STORY...]        record on the Pulumi CLI that is on PATH, into stories/

Each story is a row of `holdfast` commands on the repository's own program, in an account of its own. Recorded are the
exit status, what was refused, and the steps. Resources that don't depend on each other are registered side by side and
reach either engine in any order; what an endpoint's release consists of has one order, which is recorded besides.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / name) for name in ("story", "shared")]

if TYPE_CHECKING:
    from story import Rehearsal

TWO = "image=@2"
"""The second image of the sample; filled in from its list of images."""
CHAIN = ("sagemaker/model:", "sagemaker/endpointConfiguration:", "sagemaker/endpoint:")

STORIES: dict[str, list[dict[str, Any]]] = {
    "there_and_back_again": [
        {"words": ["up"]},
        {"words": ["up", "--set", TWO]},
        {"words": ["up"]},
        {"words": ["preview", "--set", "keyEnabled=false"]},
        {"words": ["up", "--set", "keyEnabled=false"]},
        {"words": ["destroy"]},
    ],
    "silent_roll_back_carried_on": [
        {"words": ["up"]},
        {"words": ["up", "--set", TWO], "fault": "silent-roll-back"},
        {"words": ["preview", "--set", TWO]},
        {"words": ["up", "--set", TWO]},
    ],
    "visible_roll_back_carried_on": [
        {"words": ["up"]},
        {"words": ["up", "--set", TWO], "fault": "visible-roll-back"},
        {"words": ["up", "--set", TWO]},
    ],
    "roll_back_and_going_on_after_errors": [
        {"words": ["up"]},
        {"words": ["up", "--set", TWO, "--continue-on-error"], "fault": "silent-roll-back"},
        {"words": ["up", "--set", TWO]},
    ],
    "guards_left_out_of_the_program": [
        {"words": ["up"]},
        {"words": ["up", "--set", TWO], "without_guards": True},
        {"words": ["up", "--set", TWO]},
    ],
    "destroyed_under_a_tenant": [
        {"words": ["up"]},
        {"words": ["up"], "stack": "rehearsal-tenant"},
        {"words": ["destroy"]},
        {"words": ["destroy"], "stack": "rehearsal-tenant"},
        {"words": ["destroy"]},
    ],
}


def act(rehearsal: Rehearsal, scene: dict[str, Any], images: dict[str, str], folder: Path) -> dict[str, Any]:
    """Run one act and tell what happened."""
    if scene.get("without_guards"):
        rehearsal = rehearsal.without_guards(folder)
    if "fault" in scene:  # here and not by --fault: the CLI has no way to arm the account's faults
        rehearsal.account().arm(scene["fault"])
    words = [word.replace("@2", images["2"]) for word in scene["words"]]
    status, report = rehearsal.holdfast(*words, "--parallel", "1", stack=scene.get("stack", "rehearsal"))
    runs = report["runs"]
    steps = [[step["step"], step["type"], step["name"]] for step in (runs[-1]["steps"] if runs else [])]
    violated = (finding["name"] for finding in report["findings"] if finding["outcome"] == "violated")
    return {
        **scene,
        "exit": status,
        "refused": sorted(violated),
        "steps": sorted(steps),
        "release": [step for step in steps if any(kind in step[1] for kind in CHAIN)],
    }


def told(story: str, home: Path, engine: str = "") -> list[dict[str, Any]]:
    """All acts of a story, on the embedded engine or (`pulumi`) on the CLI."""
    import yaml
    from story import REPOSITORY, Rehearsal

    images = yaml.safe_load((REPOSITORY / "examples/decision-trees-sample/images.yaml").read_text())
    quiet = {"PULUMI_SKIP_UPDATE_CHECK": "1", "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true"}
    rehearsal = Rehearsal(home / "home", engine=engine, environment={**quiet, "PULUMI_HOME": str(home / "pulumi")})
    try:
        return [act(rehearsal, scene, images, home / f"program-{n}") for n, scene in enumerate(STORIES[story])]
    finally:
        rehearsal.stop()


def main(names: list[str]) -> None:
    """Record stories."""
    for story in names or STORIES:
        with tempfile.TemporaryDirectory(prefix="story-") as home:
            acts = told(story, Path(home), "pulumi")
        file = HERE / "stories" / f"{story}.json"
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps({"story": story, "acts": acts}, indent=1, sort_keys=True) + "\n")
        sys.stdout.write(f"{file}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
