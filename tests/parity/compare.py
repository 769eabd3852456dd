#!/usr/bin/env python3
"""Compare what an engine does with what the real one was seen to do, field by field.

    compare.py [--path PATH] [CASE...]

Records the cases (of cases.json, and those added in grown.json) anew, by default on the embedded engine, and tells
where the transcripts differ; exit status 1 if they do. Every field is compared whole and in order, but for what means
nothing in the real engine either:

- the order in which default providers are deleted one after another, and the place of the stack and of default
  providers in the state (two recordings of the real engine differ in them);
- when a function of a provider is answered, beside the registrations that the program has under way meanwhile: the
  program sends both without waiting (functions among themselves, and all other calls, keep their order);
- the words of an error: it must be of the same resource and have the same reason. The reason is one of REASONS with all
  that it says of the case (hook, message, resource); any other text must be equal.
"""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
from record import HERE, record

EMBEDDED = HERE.parents[1] / "rehearsal" / "bin"
FIELDS = ("op", "env", "flags", "exit", "steps", "calls", "policies", "errors", "changes", "state", "stackOutputs")

REASONS = {
    "hook refuses": (r'(?P<when>before|after) hook "(?P<hook>[^"]+)" failed: (?P<message>.*)',),
    "hook isn't registered": (r'hook "(?P<hook>[^"]+)" was not registered',),
    "protected from deletion": (r'resource "(?P<resource>[^"]+)" cannot be deleted.* protected.*',),
    "protected from replacement": (r'unable to replace resource "(?P<resource>[^"]+)".* protect.*',),
    "delete hooks want the program": (r"Resource has delete hooks registered, .*Hooks: (?P<hooks>.*)",),
    "program raised": (r"<traceback> (?P<message>.*)",),
    "policy configured wrongly": (
        r"validating policy config: (?P<pack>\S+) \S+ (?P<policy>\S+): (?P<property>\S+): .*",
        r"policy (?P<policy>\S+) of pack (?P<pack>\S+): (?P<property>\S+) must be .*",
    ),
}


@dataclass(frozen=True)
class Difference:
    """One field that differs."""

    stage: int
    field: str
    expected: Any
    actual: Any

    def __str__(self) -> str:
        if isinstance(self.expected, list) and isinstance(self.actual, list):
            at = next((i for i, (e, a) in enumerate(zip(self.expected, self.actual, strict=False)) if e != a), None)
            at = min(len(self.expected), len(self.actual)) if at is None else at
            one, other = (side[at] if at < len(side) else "nothing" for side in (self.expected, self.actual))
            return (
                f"stage {self.stage}, {self.field}[{at}] of {len(self.expected)}/{len(self.actual)}:\n"
                f"    real: {json.dumps(one)}\n    ours: {json.dumps(other)}"
            )
        return f"stage {self.stage}, {self.field}:\n    real: {self.expected!r}\n    ours: {self.actual!r}"


def differences(expected: dict[str, Any], actual: dict[str, Any]) -> list[Difference]:
    """All differences between two transcripts of a case."""
    theirs, ours = expected["stages"], actual["stages"]
    found = [Difference(-1, "stages", len(theirs), len(ours))] if len(theirs) != len(ours) else []
    for index, (one, other) in enumerate(zip(theirs, ours, strict=False)):
        for field in FIELDS:
            first, second = comparable(field, one.get(field)), comparable(field, other.get(field))
            if first != second:
                found.append(Difference(index, field, first, second))
    return found


def comparable(field: str, value: Any) -> Any:
    """A field without what means nothing."""
    if field == "errors":
        return sorted([resource, reason(text)] for resource, text in value)
    if field == "steps":
        return _settled(value)
    if field == "calls":
        return sorted(value, key=lambda call: call["call"] == "invoke")
    if field == "state":
        return [row for row in value if not _anywhere(row)] + sorted(
            filter(_anywhere, value), key=lambda row: row["urn"]
        )
    return value


def reason(text: str) -> str:
    """Why a step failed, in words that don't depend on the engine's."""
    planned = "planned: " if text.startswith("Preview failed: ") else ""
    text = text.removeprefix("Preview failed: ")
    for name, wordings in REASONS.items():
        found = next(filter(None, (re.fullmatch(wording, text) for wording in wordings)), None)
        if found:
            return f"{planned}{name} {json.dumps(found.groupdict(), sort_keys=True)}"
    return planned + text


def _settled(steps: list[list[str]]) -> list[list[str]]:
    """Steps with each run of deletions of default providers in alphabetical order."""
    settled: list[list[str]] = []
    run: list[list[str]] = []
    for step in [*steps, ["", ""]]:
        if step[0] == "delete" and _default_provider(step[1]):
            run.append(step)
            continue
        settled += [*sorted(run), step]
        run = []
    return settled[:-1]


def _default_provider(urn: str) -> bool:
    return urn.startswith("pulumi:providers:") and urn.endswith("::default")


def _anywhere(row: dict[str, Any]) -> bool:
    return row["urn"].startswith("pulumi:pulumi:Stack::") or _default_provider(row["urn"])


def all_cases() -> dict[str, Any]:
    """The cases of the beginning and those that were added."""
    return {**json.loads((HERE / "cases.json").read_text()), **json.loads((HERE / "grown.json").read_text())}


def expected_transcript(case: str) -> dict[str, Any]:
    """What the real engine was seen to do."""
    folder = next(folder for folder in ("transcripts", "grown") if (HERE / folder / f"{case}.json").exists())
    transcript: dict[str, Any] = json.loads((HERE / folder / f"{case}.json").read_text())
    return transcript


def embedded_path() -> str:
    """PATH with the embedded engine first."""
    return f"{EMBEDDED}{os.pathsep}{os.environ['PATH']}"


def main(arguments: list[str]) -> int:
    """Compare cases and tell what differs."""
    path = embedded_path()
    if arguments[:1] == ["--path"]:
        path, arguments = f"{arguments[1]}{os.pathsep}{os.environ['PATH']}", arguments[2:]
    cases = all_cases()
    equal = total = 0
    for case, spec in cases.items():
        if arguments and case not in arguments:
            continue
        found = differences(expected_transcript(case), record(case, spec, path))
        total += 1
        equal += not found
        lines = [f"{'differs' if found else 'equal  '}  {case}", *(f"    {difference}" for difference in found)]
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()
    sys.stdout.write(f"{equal} of {total} cases equal\n")
    return 0 if equal == total else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
