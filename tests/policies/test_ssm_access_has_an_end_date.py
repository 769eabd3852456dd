"""SSM access has an end: missing, without a time zone or over, it is refused; where it is off, nothing is asked."""

import pytest
from judging import UNKNOWN, Given, Judge

from policies.rules.ssm_access_has_an_end_date import rule
from policies.tokens import ENDPOINT_CONFIGURATION, MODEL

LATER = "2999-12-31T18:00:00+01:00"


def configuration(
    until: object = None, *, on: object = True, stage: object = "development", shadow: bool = False
) -> Given:
    """A configuration of two variants, the second with access."""
    tags = {"holdfast:stage": stage, "holdfast:ssm-access-until": until}
    name = "shadowProductionVariants" if shadow else "productionVariants"
    variants = [{"modelName": "m"}, {"modelName": "m", "enableSsmAccess": on}]
    return Given(ENDPOINT_CONFIGURATION, {name: variants, "tags": {k: v for k, v in tags.items() if v is not None}})


@pytest.mark.parametrize(
    ("until", "says"),
    [
        (None, "the tag holdfast:ssm-access-until is missing"),
        ("", "the tag holdfast:ssm-access-until is missing"),
        ("2999-12-31T18:00:00", "has no time zone"),
        ("2999-12-31", "has no time zone"),
        ("next Friday", "is no date and time"),
        ("2020-01-01T00:00:00Z", "has passed"),
        ("2020-01-01T00:00:00-11:00", "its end date 2020-01-01T00:00:00-11:00 has passed"),
    ],
)
@pytest.mark.parametrize("shadow", [False, True])
def test_access_without_an_end_to_come_is_refused(judge: Judge, until: str | None, says: str, shadow: bool) -> None:
    """Each in its own words, on production and shadow variants alike."""
    [violation] = judge(rule, configuration(until, shadow=shadow)).violations

    assert "roductionVariants[1].enableSsmAccess is true" in violation
    assert says in violation


@pytest.mark.parametrize(
    "given",
    [
        configuration(LATER),
        configuration("2999-12-31T17:00:00Z", stage=None),
        configuration(None, on=False),
        configuration("2020-01-01T00:00:00Z", on=False),
        configuration(UNKNOWN, on=False),
    ],
)
def test_an_end_to_come_and_access_that_is_off_pass(judge: Judge, given: Given) -> None:
    assert judge(rule, given).passed


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (configuration(UNKNOWN), "tags.holdfast:ssm-access-until is not known"),
        (configuration(LATER, on=UNKNOWN), "[1].enableSsmAccess is not known"),
    ],
)
def test_what_is_not_known_is_undecided(judge: Judge, given: Given, says: str) -> None:
    judgement = judge(rule, given)

    assert says in judgement.undecided[0]
    assert judgement.violations == []


def test_the_stage_is_another_rules_business(judge: Judge) -> None:
    """An exemption from that one is none from this."""
    assert judge(rule, configuration(LATER, stage="production")).passed
    assert judge(rule, configuration(None, stage="production")).violations
    assert judge(rule, Given(MODEL)).not_applicable == ["is about EndpointConfiguration"]
