"""The setting `recommender`: what a job would refuse is told at once; and what an interrupt's answer means."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from rich.console import Console

from guards.live import Account
from pipeline.errors import PipelineError
from pipeline.recommend import following, of_stack
from pipeline.recommend.jobs import Jobs
from pipeline.stack_file import StackFile

if TYPE_CHECKING:
    from pathlib import Path

ADVANCED = {
    "job": "Advanced",
    "instanceTypes": ["ml.m5.large"],
    "traffic": {"phases": [{"users": 1, "seconds": 120}]},
    "stop": {"maxInvocations": 100},
}


def wanted(folder: Path, recommender: Any, **more: Any) -> of_stack.Wanted | None:
    config = {"holdfast:name": "trees", "holdfast:recommender": recommender, **more}
    (folder / "Pulumi.dev.yaml").write_text(yaml.safe_dump({"config": config}))
    return of_stack.wanted_of(StackFile(folder, "dev"), {})


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"job": "Default"}, "traffic goes with an Advanced job only"),
        ({"job": "Fast"}, "recommender.job: 'Fast' was given"),
        ({"traffic": None}, "an Advanced job needs traffic"),
        ({"stop": None}, "an Advanced job needs stop"),
        ({"instanceTypes": None}, "an Advanced job needs instanceTypes"),
        ({"instanceTypes": ["ml.t2.medium"]}, "ml.t2.medium is burstable"),
        ({"instanceTypes": ["ml.m5.large"] * 2}, "a type stands in it twice"),
        ({"instanceTypes": ["m5.large"]}, "recommender.instanceTypes"),
        ({"traffic": {"phases": [{"users": 9, "seconds": 120}]}}, "recommender.traffic.phases.0.users: 9 doesn't fit"),
        ({"traffic": {}}, "it has either phases or stairs"),
        ({"duration": 60}, "the load takes 120 seconds, longer than duration"),
        ({"environment": {"A": [1, 2, 3, 4]}}, "recommender.environment"),
        ({"paralel": 2}, "recommender.paralel: there is no such setting; did you mean parallel?"),
        ({"version": "trees/3"}, "recommender.version: 'trees/3' was given"),
        (
            {"traffic": {"phases": [{"users": 1, "spawnRate": 3, "seconds": 240}, {"users": 1, "seconds": 120}]}},
            "at most 3 may come or go",
        ),
    ],
)
def test_what_a_job_would_refuse_is_told_at_once(tmp_path: Path, changed: dict[str, Any], says: str) -> None:
    """With the setting's name, before anything is asked of AWS."""
    given = {name: value for name, value in (ADVANCED | changed).items() if value is not None}

    with pytest.raises(PipelineError) as told:
        wanted(tmp_path, given)
    assert says in str(told.value)


def test_a_setting_that_is_no_map_is_told_and_none_is_none(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="recommender is to be a map"):
        wanted(tmp_path, "[]")
    assert wanted(tmp_path, {}) is None
    assert wanted(tmp_path, "{}") is None


def test_the_version_is_the_one_that_is_set_else_registered_else_deployed(tmp_path: Path) -> None:
    def arn(number: int) -> str:
        return f"arn:aws:sagemaker:eu-central-1:111122223333:model-package/trees/{number}"

    deployed = {"holdfast:modelPackage": arn(1)}
    chosen = wanted(tmp_path, {"job": "Default", "version": arn(3)}, **deployed)
    unset = wanted(tmp_path, {"job": "Default"}, **deployed)

    assert chosen
    assert unset
    assert chosen.version({"modelPackageArn": arn(2)}) == arn(3)
    assert (unset.version({"modelPackageArn": arn(2)}), unset.version({})) == (arn(2), arn(1))


@pytest.mark.parametrize(("answer", "chosen"), [("l\n", "leave"), ("g\n", "go on"), ("s\n", "stop"), ("", "stop")])
def test_what_is_answered_when_an_interrupt_asks(monkeypatch: pytest.MonkeyPatch, answer: str, chosen: str) -> None:
    """No answer stops it: nothing goes on that nobody wanted."""
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    follower = following.Follower(Jobs(Account(), simulated=True), Console(quiet=True), "ask")

    assert follower._asked("job") == chosen
