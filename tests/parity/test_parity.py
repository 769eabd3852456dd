"""The embedded engine does what the real one did, case by case, and the comparison would notice if it didn't."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
import compare
import record

from rehearsal.state import ResourceState

if TYPE_CHECKING:
    from collections.abc import Iterator

CASES: dict[str, Any] = compare.all_cases()
GROWN = json.loads((record.HERE / "grown.json").read_text())
UNEQUAL: dict[str, str] = {}
"""Cases in which the embedded engine is known to differ, and in what."""
COMPARED = ("exit", "steps", "calls", "policies", "errors", "changes", "state", "stackOutputs")


def embedded_cases() -> list[Any]:
    """The cases of the beginning always; those that were added with PARITY=all, as all together take minutes."""
    rest = pytest.mark.skipif(os.environ.get("PARITY") != "all", reason="runs with PARITY=all, and in compare.py")
    found = []
    for case in CASES:
        marks = [rest] if case in GROWN else []
        if case in UNEQUAL:
            marks.append(pytest.mark.xfail(reason=UNEQUAL[case], strict=True))
        found.append(pytest.param(case, marks=marks))
    return found


@pytest.mark.parametrize("case", embedded_cases())
def test_the_embedded_engine_does_what_the_real_one_did(case: str) -> None:
    """Steps, calls, policies, errors, counts, state and outputs of every stage are those of the transcript."""
    actual = record.record(case, CASES[case], compare.embedded_path())

    assert actual["engine"].endswith("+rehearsal")
    assert [str(difference) for difference in compare.differences(compare.expected_transcript(case), actual)] == []


@pytest.mark.pulumi_cli
@pytest.mark.parametrize("case", CASES)
def test_the_real_engine_still_does_what_it_did(case: str) -> None:
    """Where the CLI is there, the transcripts are checked against it, so that they can't grow stale."""
    folders = os.environ["PATH"].split(os.pathsep)
    path = os.pathsep.join(folder for folder in folders if Path(folder).resolve() != compare.EMBEDDED)

    actual = record.record(case, CASES[case], path)

    assert not actual["engine"].endswith("+rehearsal")
    assert [str(difference) for difference in compare.differences(compare.expected_transcript(case), actual)] == []


def mutations(stage: dict[str, Any], field: str) -> Iterator[tuple[str, Any]]:
    """Ways in which a field could be wrong."""
    value = stage[field]
    if field == "exit":
        yield "another exit status", 0 if value else 1
    elif isinstance(value, dict):
        yield "one more", {**value, "surplus": 1}
        for key in value:
            yield f"without {key}", {other: inner for other, inner in value.items() if other != key}
            yield f"another {key}", {**value, key: "changed"}
    else:
        yield "one more", [*value, value[-1] if value else _specimen(field)]
        for index in range(len(value)):
            yield f"without {index}", value[:index] + value[index + 1 :]
            yield f"another {index}", [*value[:index], _changed(value[index]), *value[index + 1 :]]


def with_altered(transcript: dict[str, Any], index: int, field: str, value: Any) -> dict[str, Any]:
    """The transcript with another value in a field of one stage; all else is shared with it."""
    stages = transcript["stages"]
    return {**transcript, "stages": [*stages[:index], {**stages[index], field: value}, *stages[index + 1 :]]}


def _specimen(field: str) -> Any:
    return {"steps": ["create", "a::b"], "errors": ["a::b", "broken"], "policies": ["p", "mandatory", "a::b", ""]}.get(
        field, {"call": "create", "urn": "a::b"}
    )


def _changed(item: Any) -> Any:
    return {**item, "surplus": 1} if isinstance(item, dict) else [*item[:-1], f"changed {item[-1]}"]


@pytest.mark.parametrize("field", COMPARED)
@pytest.mark.parametrize("case", CASES)
def test_whatever_is_altered_in_a_transcript_is_noticed(case: str, field: str) -> None:
    """Each compared field of each stage: one more, one less, and each entry another one."""
    transcript = compare.expected_transcript(case)
    unnoticed = []
    for index, stage in enumerate(transcript["stages"]):
        for what, value in mutations(stage, field):
            if not compare.differences(transcript, with_altered(transcript, index, field, value)):
                unnoticed.append(f"stage {index}: {what}")

    assert unnoticed == []


def test_steps_in_another_order_are_noticed() -> None:
    """Order is compared wherever it means something: any two neighbours that are swapped make a difference."""
    unnoticed = []
    for case in CASES:
        transcript = compare.expected_transcript(case)
        for index, stage in enumerate(transcript["stages"]):
            for field in ("steps", "calls"):
                entries = stage[field]
                for at in range(len(entries) - 1):
                    swapped = [*entries[:at], entries[at + 1], entries[at], *entries[at + 2 :]]
                    altered = with_altered(transcript, index, field, swapped)
                    if entries[at] != entries[at + 1] and not compare.differences(transcript, altered):
                        unnoticed.append((entries[at], entries[at + 1]))

    for one, other in unnoticed:
        if isinstance(one, dict):
            assert [one["call"], other["call"]].count("invoke") == 1
        else:
            assert one[0] == other[0] == "delete"
            assert "pulumi:providers:" in one[1]
            assert "pulumi:providers:" in other[1]


def test_a_stage_that_is_missing_is_noticed() -> None:
    """A transcript that breaks off isn't equal to one that doesn't."""
    for case in CASES:
        transcript = compare.expected_transcript(case)
        shorter = {**transcript, "stages": transcript["stages"][:-1]}

        assert compare.differences(transcript, shorter)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('before hook "x" failed: no', 'before hook "x" failed: never'),
        ('before hook "x" failed: no', 'after hook "x" failed: no'),
        ('Preview failed: hook "x" was not registered', 'hook "x" was not registered'),
        ("create refused", "update refused"),
        ("<traceback> one", "<traceback> other"),
    ],
)
def test_errors_with_different_reasons_differ(one: str, other: str) -> None:
    """The rule for errors forgives words, not reasons."""
    assert compare.reason(one) != compare.reason(other)


def test_the_words_of_the_engine_dont_count() -> None:
    """Two ways to say that a resource is protected are the same reason."""
    long = 'resource "a::b" cannot be deleted because it is protected. To unprotect the resource, do this or that'
    brief = 'resource "a::b" cannot be deleted: it is protected'

    assert compare.reason(long) == compare.reason(brief)


def test_nothing_knows_a_case_by_its_name() -> None:
    """Neither the engine nor the comparison may treat a case specially: no name of a case stands in their code.

    Names that are also words of the subject (`roll`, `protect`, `retain_on_delete`) are left out: they prove nothing.
    """
    root = record.HERE.parents[1]
    telling = [case for case in CASES if case.count("_") > 1 and case not in ResourceState.__dataclass_fields__]
    code = [*(root / "rehearsal").rglob("*.py"), record.HERE / "compare.py", record.HERE / "record.py"]
    found = [(file, case) for file in code for case in telling if re.search(rf"\b{case}\b", file.read_text())]

    assert found == []
    assert len(telling) > 10
