"""Endpoints roll back on alarms."""

import pytest
from judging import UNKNOWN, Given, Judge

from policies.rules.endpoints_roll_back_on_alarms import rule
from policies.tokens import ENDPOINT, MODEL


@pytest.mark.parametrize(
    "deployment",
    [
        None,
        {},
        {"rollingUpdatePolicy": {}},
        {"autoRollbackConfiguration": {}},
        {"autoRollbackConfiguration": {"alarms": []}},
    ],
)
def test_an_endpoint_without_an_alarm_is_refused(judge: Judge, deployment: dict | None) -> None:
    """An empty block rolls nothing back."""
    properties = {} if deployment is None else {"deploymentConfig": deployment}

    [violation] = judge(rule, Given(ENDPOINT, properties)).violations

    assert "names no alarm" in violation
    assert "adding the block to one that exists replaces it" in violation


@pytest.mark.parametrize("alarm", ["errors", UNKNOWN])
def test_an_alarm_passes_its_name_need_not_be_known(judge: Judge, alarm: str) -> None:
    """Alarms are mostly created in the same run."""
    alarms = [{"alarmName": alarm}]

    assert judge(rule, Given(ENDPOINT, {"deploymentConfig": {"autoRollbackConfiguration": {"alarms": alarms}}})).passed


@pytest.mark.parametrize(
    ("deployment", "path"),
    [
        (UNKNOWN, "deploymentConfig"),
        ({"autoRollbackConfiguration": UNKNOWN}, "deploymentConfig.autoRollbackConfiguration"),
        ({"autoRollbackConfiguration": {"alarms": UNKNOWN}}, "deploymentConfig.autoRollbackConfiguration.alarms"),
    ],
)
def test_a_block_that_is_not_known_is_undecided(judge: Judge, deployment: object, path: str) -> None:
    """How many alarms there are can't be told."""
    judgement = judge(rule, Given(ENDPOINT, {"deploymentConfig": deployment}))

    assert judgement.undecided == [f"undecided: Endpoint decision-trees: {path} is not known before `up`."]


def test_models_are_not_applicable(judge: Judge) -> None:
    assert judge(rule, Given(MODEL)).not_applicable == ["is about Endpoint"]
