#!/usr/bin/env python3
"""Let both engines run programs that nobody wrote, and tell where they differ.

    wander.py FIRST COUNT        needs the Pulumi CLI on PATH

Each number makes one case: a few resources with random options, changed at random from stage to stage. What has no
order on the real engine either (deletions that don't depend on each other, providers that are configured side by side)
is compared without one.
"""

from __future__ import annotations

import json
import os
import random
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
import compare
from record import record

STAGES = 4
HOOKS = ("before_create", "after_create", "before_update", "after_update", "before_delete", "after_delete")
ANY_ORDER = {"delete", "delete-replaced", "remove-pending-replace", "discard", "discard-replaced", "configure"}
Row = list[Any]


def case(number: int) -> dict[str, Any]:
    """The case of a number."""
    dice = random.Random(number)
    flavour = dice.choice(["plain", "components", "options", "hooks"])
    rows: list[Row] = []
    for index in range(dice.randint(3, 5)):
        rows.append(_row(dice, f"n{index}", rows, flavour))
    stages = []
    for number_of_stage in range(STAGES):
        last = number_of_stage == STAGES - 1
        operation = dice.choice(["destroy", "up", "preview"] if last else ["up", "up", "preview"])
        flags = ["--run-program"] if operation == "destroy" else []
        if operation == "up" and dice.random() < 0.25:
            flags.append("--continue-on-error")
        spec = json.dumps({"r": rows})
        stages.append({"op": operation, "env": {"SPEC": spec}, "flags": flags})
        rows = _changed(dice, json.loads(json.dumps(rows)))
    return {"program": "described", "stages": stages}


def _row(dice: random.Random, name: str, before: list[Row], flavour: str) -> Row:
    def often(share: float) -> bool:
        return dice.random() < share

    things = [row[0] for row in before if row[1] == "thing"]
    groups = [row[0] for row in before if row[1] == "group"]
    options: dict[str, Any] = {"parent": dice.choice(groups)} if groups and often(0.6) else {}
    if before and often(0.3):
        options["depends_on"] = [dice.choice(before)[0]]
    if flavour == "components" and often(0.35):
        return [name, "group", {}, options]

    def value() -> str:
        return f"${dice.choice(things)}.arn" if things and often(0.5) else dice.choice("123")

    properties = {"value": value()}
    properties |= {key: value() for key, share in (("r_k", 0.5), ("d_k", 0.3)) if often(share)}
    if often(0.15):
        properties["fail"] = dice.choice(["create", "update", "delete", "partial"])
    if flavour in ("options", "hooks"):
        options |= _wishes(dice, things)
    if flavour == "hooks":
        chosen = {kind: [kind + dice.choice(["", "", "~", "-", "~-", "+-"])] for kind in HOOKS if often(0.25)}
        options |= {"hooks": chosen} if chosen else {}
    return [name, "thing", properties, options]


def _wishes(dice: random.Random, things: list[str]) -> dict[str, Any]:
    wishes: list[tuple[str, float, Any]] = [
        ("protect", 0.2, True),
        ("retain_on_delete", 0.15, True),
        ("delete_before_replace", 0.25, dice.random() < 0.5),
        ("ignore_changes", 0.15, [dice.choice(["value", "r_k"])]),
        ("replace_on_changes", 0.15, [dice.choice(["value", "*"])]),
        *([("deleted_with", 0.15, dice.choice(things))] if things else []),
    ]
    return {key: wish for key, share, wish in wishes if dice.random() < share}


def _changed(dice: random.Random, rows: list[Row]) -> list[Row]:
    gone = {row[0] for row in rows if row[1] == "thing" and dice.random() < 0.15}
    left = [row for row in rows if row[0] not in gone]
    for _, _, properties, options in left:
        for key, value in list(properties.items()):
            if value.startswith("$") and value[1:].split(".")[0] in gone:
                del properties[key]
            elif dice.random() < 0.35:
                properties[key] = dice.choice("1234")
        for key in ("parent", "deleted_with"):
            if options.get(key) in gone:
                del options[key]
        if not set(options.get("depends_on", ())).isdisjoint(gone):
            del options["depends_on"]
    return left


def settled(transcript: dict[str, Any]) -> dict[str, Any]:
    """A transcript without the orders that mean nothing."""
    stages = [
        {
            **stage,
            "steps": _sorted_runs(stage["steps"], lambda step: step[0]),
            "calls": _sorted_runs(stage["calls"], lambda call: call["call"]),
        }
        for stage in transcript["stages"]
    ]
    return {**transcript, "stages": stages}


def _sorted_runs(items: list[Any], kind: Any) -> list[Any]:
    made: list[Any] = []
    run: list[Any] = []
    for item in items:
        if kind(item) in ANY_ORDER:
            run.append(item)
            continue
        made += [*sorted(run, key=json.dumps), item]
        run = []
    return made + sorted(run, key=json.dumps)


def main(first: int, count: int) -> int:
    """Compare so many cases; exit status 1 if any differs."""
    folders = os.environ["PATH"].split(os.pathsep)
    real = os.pathsep.join(folder for folder in folders if Path(folder).resolve() != compare.EMBEDDED)
    differing = 0
    for number in range(first, first + count):
        one = case(number)
        theirs, ours = record("case", one, real), record("case", one, compare.embedded_path())
        found = compare.differences(settled(theirs), settled(ours))
        differing += bool(found)
        lines = [f"{'differs' if found else 'equal  '}  {number}", *(f"    {difference}" for difference in found)]
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
