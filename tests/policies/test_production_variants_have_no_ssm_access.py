"""SSM access: off, but for endpoints declared as development; undeclared is said, not guessed."""

import pytest
from judging import UNKNOWN, Given, Judge

from policies.rules.production_variants_have_no_ssm_access import rule
from policies.tokens import ENDPOINT_CONFIGURATION, MODEL


def configuration(*switches: object, tags: object = None, shadow: bool = False) -> Given:
    """A configuration with one variant for each switch."""
    variants = [{"modelName": "m", **({} if on is None else {"enableSsmAccess": on})} for on in switches]
    name = "shadowProductionVariants" if shadow else "productionVariants"
    return Given(ENDPOINT_CONFIGURATION, {name: variants, **({} if tags is None else {"tags": tags})})


@pytest.mark.parametrize("stage", ["production", "staging", ""])
@pytest.mark.parametrize("shadow", [True, False])
def test_access_on_anything_but_development_is_refused(judge: Judge, stage: str, shadow: bool) -> None:
    """Shadow variants run on instances like any other."""
    given = configuration(None, True, tags={"holdfast:stage": stage}, shadow=shadow)

    [violation] = judge(rule, given).violations

    assert "roductionVariants[1].enableSsmAccess is true" in violation
    assert "by a day" in violation


@pytest.mark.parametrize(
    "given",
    [
        configuration(True, tags={"holdfast:stage": "development"}),
        configuration(False, None, tags={"holdfast:stage": "production"}),
        configuration(None),
        configuration(None, tags=UNKNOWN),
    ],
)
def test_development_and_access_that_is_off_pass(judge: Judge, given: Given) -> None:
    """A stage that isn't known matters only where access is on."""
    assert judge(rule, given).passed


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (configuration(True), "no tag holdfast:stage"),
        (configuration(True, tags={"team": "a"}), "no tag holdfast:stage"),
        (configuration(UNKNOWN, tags={"holdfast:stage": "production"}), "[0].enableSsmAccess is not known"),
        (configuration(True, tags={"holdfast:stage": UNKNOWN}), "tags.holdfast:stage is not known"),
        (configuration(True, tags=UNKNOWN), "tags is not known"),
    ],
)
def test_an_undeclared_or_unknown_stage_is_undecided(judge: Judge, given: Given, says: str) -> None:
    """In somebody else's program no tag says what an endpoint is for."""
    judgement = judge(rule, given)

    assert len(judgement.undecided) == 1
    assert says in judgement.undecided[0]
    assert judgement.violations == []


def test_models_are_not_applicable(judge: Judge) -> None:
    """The switch is the configuration's."""
    assert judge(rule, Given(MODEL)).not_applicable == ["is about EndpointConfiguration"]
