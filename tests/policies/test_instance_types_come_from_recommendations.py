"""Where production's instance type comes from: a job of the same type, not too old, not simulated."""

import datetime as dt

import pytest
from judging import UNKNOWN, Given, Judge

from policies.endpoint_integrity import pack
from policies.rules.instance_types_come_from_recommendations import rule
from policies.tokens import ENDPOINT_CONFIGURATION


def ago(days: int) -> str:
    return f"{dt.datetime.now(dt.UTC) - dt.timedelta(days=days):%FT%TZ}"


def configuration(given: object = None, *, stage: str = "production", type_: object = "ml.c5.xlarge") -> Given:
    tags = {"holdfast:stage": stage, **({} if given is None else {"holdfast:recommendation": given})}
    return Given(
        ENDPOINT_CONFIGURATION, {"tags": tags, "productionVariants": [{"modelName": "m", "instanceType": type_}]}
    )


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (configuration(), "names no recommendation job"),
        (configuration("by hand"), "names no recommendation job"),
        (configuration("ml.c5.xlarge yesterday job-1"), "names no recommendation job"),
        (configuration("ml.c5.xlarge 2026-11-22T00:00:00 job-1"), "names no recommendation job"),
        (configuration(f"ml.m5.large {ago(1)} job-1"), "job job-1 recommended ml.m5.large"),
        (configuration(f"ml.c5.xlarge {ago(91)} job-1"), "was completed 91 days ago; 90 are the most"),
        (configuration(f"ml.c5.xlarge {ago(1)} job-1 simulated"), "are a rehearsal's"),
    ],
)
def test_what_names_no_fresh_job_of_the_same_type_is_refused(judge: Judge, given: Given, says: str) -> None:
    [violation] = judge(rule, given).violations

    assert says in violation


def test_a_fresh_job_of_the_same_type_passes_and_the_age_is_configurable(judge: Judge) -> None:
    ten_days_old = configuration(f"ml.c5.xlarge {ago(10)} job-1")

    assert judge(rule, ten_days_old).passed
    assert "10 days ago; 7 are the most" in judge(rule, ten_days_old, config={rule.name: {"days": 7}}).violations[0]


def test_simulated_figures_count_in_rehearsals(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    """There every figure is simulated, and the rule is tried with them."""
    given = configuration(f"ml.c5.xlarge {ago(1)} job-1 simulated")
    rehearsed = f"urn:pulumi:rehearsal-recommender::holdfast::{ENDPOINT_CONFIGURATION}::x"
    monkeypatch.setattr(Given, "urn", property(lambda _: rehearsed))

    assert judge(rule, given).passed


def test_what_is_not_known_is_undecided_and_development_nobodys_business(judge: Judge) -> None:
    assert "tags.holdfast:recommendation is not known" in judge(rule, configuration(UNKNOWN)).undecided[0]
    assert judge(rule, configuration(stage="development")).not_applicable == ["it is declared as development"]
    assert judge(rule, configuration(type_=None)).not_applicable == ["no variant has instances"]


def test_it_is_off_unless_somebody_switches_it_on() -> None:
    assert pack.LEVELS[rule.name] == "disabled"
