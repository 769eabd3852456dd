"""Lifecycle policies of repositories leave images alone that endpoints name by digest."""

from __future__ import annotations

import json

import pytest
from judging import IMAGE, UNKNOWN, Given, Judge

from policies.rules.images_do_not_expire import rule
from policies.tokens import ENDPOINT_CONFIGURATION, MODEL, REPOSITORY, REPOSITORY_LIFECYCLE

OWN = Given(REPOSITORY, {"name": "decision-trees"}, "own")


def model(image: str = IMAGE) -> Given:
    depends = {"primaryContainer": [OWN]} if image == UNKNOWN else {}
    return Given(MODEL, {"name": "m-1234567", "primaryContainer": {"image": image}}, "m", depends=depends)


def lifecycle(*statuses: str, action: str = "expire", repository: str = "decision-trees") -> Given:
    rules = [{"selection": {"tagStatus": status}, "action": {"type": action}} for status in statuses]
    return Given(REPOSITORY_LIFECYCLE, {"repository": repository, "policy": json.dumps({"rules": rules})}, "cleaning")


@pytest.mark.parametrize("status", ["untagged", "any"])
@pytest.mark.parametrize("image", [IMAGE, UNKNOWN])
def test_a_rule_that_takes_an_image_named_by_digest_is_refused(judge: Judge, status: str, image: str) -> None:
    """Its tag moves on with the next build; the repository is followed by name or by dependency."""
    configuration = Given(ENDPOINT_CONFIGURATION, {"productionVariants": [{"modelName": "m-1234567"}]}, "c")

    judgement = judge(rule, OWN, model(image), configuration, lifecycle("tagged", status))

    [violation] = judgement.violations
    assert f"LifecyclePolicy cleaning: a rule of policy expires images with tagStatus {status};" in violation
    assert "Path of use: Repository own <- Model m <- EndpointConfiguration c" in violation


def test_rules_for_tags_or_without_expiry_pass(judge: Judge) -> None:
    """Archiving deletes nothing; which tags an image has isn't in the program."""
    assert judge(rule, OWN, model(), lifecycle("tagged")).passed
    assert judge(rule, OWN, model(), lifecycle("any", action="transition")).passed


@pytest.mark.parametrize("policy", [UNKNOWN, "{", "[]", '{"rules": 7}', '{"rules": [{}]}', '{"rules": ["a"]}'])
def test_a_policy_that_cannot_be_read_is_undecided(judge: Judge, policy: str) -> None:
    given = Given(REPOSITORY_LIFECYCLE, {"repository": "decision-trees", "policy": policy}, "cleaning")

    judgement = judge(rule, OWN, model(), given)

    assert len(judgement.undecided) == 1
    assert judgement.violations == []


def test_other_repositories_are_not_applicable(judge: Judge) -> None:
    """Looks similar and must stay silent."""
    other = Given(REPOSITORY, {"name": "other"}, "other")

    judgement = judge(rule, OWN, other, model(), lifecycle("any", repository="other"))

    assert len(judgement.not_applicable) == 1
    assert judgement.violations == []
