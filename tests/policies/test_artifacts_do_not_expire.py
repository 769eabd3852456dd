"""Lifecycle rules leave artifacts alone."""

import pytest
from judging import UNKNOWN, Given, Judge

from policies.rules.artifacts_do_not_expire import rule
from policies.tokens import BUCKET_LIFECYCLE, BUCKETS, ENDPOINT_CONFIGURATION, MODEL

BUCKET = Given(BUCKETS[0], {"bucket": "artifacts"}, "artifacts")
EXPIRES = {"status": "Enabled", "expiration": {"days": 90}}


def model(url: str = "s3://artifacts/models/4f0c/model.tar.gz") -> Given:
    container = {"primaryContainer": {"modelDataUrl": url}}
    depends = {"primaryContainer": [BUCKET]} if url == UNKNOWN else {}
    return Given(MODEL, {"name": "m-1234567", **container}, "m", depends=depends)


def lifecycle(*rules: object, token: str = BUCKET_LIFECYCLE[0]) -> Given:
    return Given(token, {"bucket": "artifacts", "rules": list(rules)}, "cleaning")


@pytest.mark.parametrize(
    "selection",
    [
        {},
        {"filter": {"prefix": ""}},
        {"filter": {"prefix": "models/"}},
        {"filter": {"and": {"prefix": "models/4f"}}},
        {"prefix": "mod"},
    ],
)
@pytest.mark.parametrize("token", BUCKET_LIFECYCLE)
def test_a_rule_that_takes_the_artifact_is_refused_with_the_path(judge: Judge, selection: dict, token: str) -> None:
    """The model's own prefix, a wider one, or none at all."""
    configuration = Given(ENDPOINT_CONFIGURATION, {"productionVariants": [{"modelName": "m-1234567"}]}, "c")
    given = [BUCKET, model(), configuration, lifecycle({"status": "Disabled"}, {**EXPIRES, **selection}, token=token)]

    [violation] = judge(rule, *given).violations

    assert "rules[1].expiration deletes models/4f0c/model.tar.gz" in violation
    assert "Path of use: Bucket artifacts <- Model m <- EndpointConfiguration c" in violation


def test_a_rule_on_the_bucket_itself_counts_when_the_program_sets_it(judge: Judge) -> None:
    """The provider reads back the rules of other resources into the bucket; those are judged where they are set."""
    rules = [{"enabled": True, "expiration": {"days": 1}}]
    own = Given(BUCKETS[0], {"bucket": "artifacts", "lifecycleRules": rules}, "artifacts")
    read_back = Given(BUCKETS[0], {"bucket": "artifacts"}, "artifacts", outputs={"lifecycleRules": rules})

    assert len(judge(rule, own, model()).violations) == 1
    assert judge(rule, read_back, model()).passed


@pytest.mark.parametrize(
    "harmless",
    [
        {**EXPIRES, "filter": {"prefix": "captured/"}},
        {**EXPIRES, "filter": {"and": {"prefix": "models/5", "tags": {"a": "b"}}}},
        {**EXPIRES, "status": "Disabled"},
        {"status": "Enabled", "noncurrentVersionExpiration": {"noncurrentDays": 1}},
        {"status": "Enabled", "expiration": {"expiredObjectDeleteMarker": True}},
        {"status": "Enabled", "transitions": [{"days": 1}]},
    ],
)
def test_what_deletes_something_else_passes(judge: Judge, harmless: dict) -> None:
    """Another prefix, a rule that is off, old versions."""
    assert judge(rule, BUCKET, model(), lifecycle(harmless)).passed


@pytest.mark.parametrize(
    ("url", "selection"),
    [
        ("s3://artifacts/models/a", {"filter": {"tag": {"key": "a", "value": "b"}}}),
        ("s3://artifacts/models/a", {"filter": {"and": {"prefix": "models/", "objectSizeGreaterThan": 1}}}),
        ("s3://artifacts/models/a", {"filter": {"prefix": UNKNOWN}}),
        ("s3://artifacts/models/a", {"status": UNKNOWN}),
        ("s3://artifacts/models/a", {"expiration": UNKNOWN}),
        (UNKNOWN, {"filter": {"prefix": "models/"}}),
    ],
)
def test_a_selection_that_cannot_be_compared_is_undecided(judge: Judge, url: str, selection: dict) -> None:
    """Which objects carry a tag isn't in the program."""
    judgement = judge(rule, BUCKET, model(url), lifecycle({**EXPIRES, **selection}))

    assert len(judgement.undecided) == 1
    assert judgement.violations == []


def test_a_rule_for_the_whole_bucket_takes_an_unknown_key_too(judge: Judge) -> None:
    """Whatever the artifact will be called, everything expires."""
    assert len(judge(rule, BUCKET, model(UNKNOWN), lifecycle(EXPIRES)).violations) == 1


def test_artifacts_elsewhere_are_not_applicable(judge: Judge) -> None:
    judgement = judge(rule, BUCKET, model("s3://elsewhere/a"), lifecycle(EXPIRES))

    assert judgement.not_applicable == ["no model's artifact is in a bucket of this stack"]
