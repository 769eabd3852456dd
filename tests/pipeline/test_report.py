"""What is told of a run: steps in the plan's words, refusals once, errors that nobody else tells."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.automation.events import DiagnosticEvent, EngineEvent, PolicyEvent, StepEventMetadata

from findings.finding import Finding
from pipeline.operation import Run
from pipeline.recorder import Recorder
from pipeline.report import Report
from pipeline.steps import refreshed, short_type, step_of

MODEL = "aws:sagemaker/model:Model"
URN = f"urn:pulumi:rehearsal::holdfast::{MODEL}::trees"


def metadata_json(op: str, **more: Any) -> dict[str, Any]:
    return {"op": op, "urn": URN, "type": MODEL, "provider": "", **more}


def metadata(op: str, **more: Any) -> StepEventMetadata:
    return StepEventMetadata.from_json(metadata_json(op, **more))


def event(**of: Any) -> EngineEvent:
    return EngineEvent.from_json({"sequence": 1, "timestamp": 1, **of})


@pytest.mark.parametrize(
    ("op", "more", "words", "why"),
    [
        ("create", {}, "create", "new in the program"),
        ("create-replacement", {"keys": ["name"]}, "create new", "can't be changed in place: name"),
        ("update", {"diffs": ["tags"]}, "update", "changed: tags"),
        ("delete-replaced", {}, "delete old", "replaced; nothing uses it any more"),
        ("delete", {}, "delete", "no longer in the program"),
    ],
)
def test_a_step_says_what_and_why(op: str, more: dict[str, Any], words: str, why: str) -> None:
    step = step_of(metadata(op, **more))

    assert step is not None
    assert (step.words, step.name, step.why, short_type(step.type)) == (words, "trees", why, "sagemaker:Model")


@pytest.mark.parametrize(("op", "words"), [("delete", "forget"), ("delete-replaced", "forget old")])
def test_what_stays_in_the_account_is_no_deletion(op: str, words: str) -> None:
    """The engine calls it one; a version in a registry, its group, bucket and key are retained."""
    old = {"type": MODEL, "urn": URN, "id": "trees", "retainOnDelete": True, "inputs": {}, "outputs": {}}
    step = step_of(metadata(op, old=old))

    assert step is not None
    assert step.words == words
    assert step.why.endswith("; it stays in the account")


def heard(result: str, **more: Any) -> Recorder:
    """A recorder that has heard the refresh of one resource; the engine tells its result as an operation."""
    recorder = Recorder()
    recorder.hear(event(resourcePreEvent={"metadata": metadata_json("refresh")}))
    recorder.hear(event(resOutputsEvent={"metadata": metadata_json(result, **more)}))
    return recorder


@pytest.mark.parametrize(
    ("result", "more", "why", "headline"),
    [
        ("same", {}, "as in the account", "State and account agree."),
        (
            "update",
            {"diffs": ["tags"]},
            "differed in the account: tags",
            "The state follows the account now: 1 differed in the account (trees).",
        ),
        (
            "delete",
            {},
            "gone from the account",
            f"The state follows the account now: 1 gone from it ({MODEL} trees); the next up makes them anew.",
        ),
    ],
)
def test_a_refresh_says_what_it_found(result: str, more: dict[str, Any], why: str, headline: str) -> None:
    recorder = heard(result, **more)

    assert [(step.status, step.why) for step in recorder.steps] == [("done", why)]
    assert refreshed(recorder.steps) == headline


@pytest.mark.parametrize("op", ["same", "replace"])
def test_what_changes_nothing_is_no_step(op: str) -> None:
    assert step_of(metadata(op)) is None


def test_a_destroyed_stack_is_the_reason_of_its_deletions() -> None:
    step = step_of(metadata("delete"), destroying=True)

    assert step is not None
    assert step.why == "the stack is destroyed"


def refusal() -> Finding:
    return Finding("guard", "key-in-use-stays", "violated", "critical", "Key trees is in use.", urn=URN)


def diagnostic(message: str) -> EngineEvent:
    event = DiagnosticEvent(message=message, color="never", severity="error", urn=URN)
    return EngineEvent(sequence=1, timestamp=0, diagnostic_event=event)


def test_a_refusal_is_told_once_and_other_errors_beside_it() -> None:
    recorder = Recorder()
    recorder.hear(diagnostic("before hook failed: key-in-use-stays: Key trees is in use."))
    recorder.hear(diagnostic("preview failed"))
    recorder.hear(diagnostic("<{%reset%}>the disk is full\x1b[0m"))
    report = Report("up", "rehearsal", "engine", rehearsed=True)
    report.take(Run("up", succeeded=False, recorder=recorder, findings=[refusal()]), {})

    assert report.refused
    assert report.errors() == ["trees: the disk is full"]


def test_a_violated_mandatory_rule_refuses_and_an_undecided_one_does_not() -> None:
    cannot = "can't run policy 'r' from policy pack 'p@v1' during preview: undecided: Model trees: image isn't known"
    for level, message, refused in (("mandatory", "bad\nso bad", True), ("advisory", cannot, False)):
        recorder = Recorder()
        event = PolicyEvent(message, "never", "r", "p", "1", "1", level, URN)
        recorder.hear(EngineEvent(sequence=1, timestamp=0, policy_event=event))
        report = Report("preview", "rehearsal", "engine", rehearsed=True)
        report.take(Run("preview", succeeded=not refused, recorder=recorder), {"r": "high"})

        assert report.refused is refused
        assert report.findings[0].severity == "high"


def test_the_report_is_plain_data() -> None:
    report = Report("status", "rehearsal", "engine", rehearsed=True)

    assert report.to_dict()["schema_version"] == 1
    assert report.to_dict()["rehearsal"] is True
