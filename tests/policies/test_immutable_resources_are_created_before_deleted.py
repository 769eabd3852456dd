"""Create before delete: the option, and the shape of the name."""

import pytest
from judging import UNKNOWN, Given, Judge

from policies.rules.immutable_resources_are_created_before_deleted import rule
from policies.tokens import ENDPOINT, ENDPOINT_CONFIGURATION, MODEL

BOTH = pytest.mark.parametrize("token", [MODEL, ENDPOINT_CONFIGURATION])


@BOTH
@pytest.mark.parametrize("name", ["decision-trees-1a2b3c4", UNKNOWN, "anything"])
def test_deletion_before_replacement_is_refused_whatever_the_name(judge: Judge, token: str, name: str) -> None:
    """The option is always known: an unknown name hides nothing."""
    [violation] = judge(rule, Given(token, {"name": name}, delete_before_replace=True)).violations

    assert "the resource option deleteBeforeReplace is true" in violation


@BOTH
@pytest.mark.parametrize("option", [None, False])
@pytest.mark.parametrize("name", ["decision-trees", "prod", "decision-trees-blue", "decision-trees-trained"])
def test_a_name_that_never_changes_is_refused(judge: Judge, token: str, option: bool | None, name: str) -> None:
    """The replacement can't stand beside the old one under the same name."""
    [violation] = judge(rule, Given(token, {"name": name}, delete_before_replace=option)).violations

    assert f"name is {name}, the same for every version" in violation


@BOTH
@pytest.mark.parametrize("name", ["decision-trees-4f0c9e2b71aa", "trees-v3", "trees-2026-11-22", "other-1a2b3c4"])
def test_a_name_set_by_hand_needs_the_option_even_when_it_changes(judge: Judge, token: str, name: str) -> None:
    """pulumi-aws asks for deletion first whenever a name was set by hand."""
    [violation] = judge(rule, Given(token, {"name": name})).violations

    assert "deleteBeforeReplace is not set" in violation
    assert judge(rule, Given(token, {"name": name}, delete_before_replace=False)).passed


@BOTH
@pytest.mark.parametrize("properties", [{"name": "decision-trees-1a2b3c4"}, {}, {"namePrefix": "trees"}])
@pytest.mark.parametrize("option", [None, False])
def test_a_generated_name_passes(judge: Judge, token: str, properties: dict, option: bool | None) -> None:
    """The provider creates those before it deletes."""
    assert judge(rule, Given(token, properties, delete_before_replace=option)).passed


@BOTH
def test_a_name_that_is_not_known_is_undecided(judge: Judge, token: str) -> None:
    """A name made of another resource's output."""
    judgement = judge(rule, Given(token, {"name": UNKNOWN}, delete_before_replace=False))

    assert len(judgement.undecided) == 1
    assert "name is not known" in judgement.undecided[0]


def test_endpoints_are_not_applicable(judge: Judge) -> None:
    """An endpoint's name never changes, and it is never replaced."""
    assert judge(rule, Given(ENDPOINT, {"name": "a"}, delete_before_replace=True)).not_applicable == [
        "is about Model and EndpointConfiguration"
    ]
