"""Artifacts lie under keys of their own."""

import pytest
from judging import UNKNOWN, Given, Judge

from policies.rules.artifacts_are_not_overwritten import rule
from policies.tokens import KEY, MODEL


def model(**container: object) -> Given:
    return Given(MODEL, {"primaryContainer": container})


@pytest.mark.parametrize("key", ["model.tar.gz", "decision-trees/model.tar.gz", "svm2/model.tar.gz", "prod/latest/"])
def test_the_same_key_for_every_version_is_refused(judge: Judge, key: str) -> None:
    """The bucket's name is no version: it stays."""
    [violation] = judge(rule, model(modelDataUrl=f"s3://artifacts-2026/{key}")).violations

    assert f"primaryContainer.modelDataUrl is s3://artifacts-2026/{key}" in violation


@pytest.mark.parametrize(
    "key",
    [
        "trees/4f0c9e2b71aa/model.tar.gz",
        "trees/2026-11-22/model.tar.gz",
        "trees/v3/model.tar.gz",
        "trees/1.2.0/model.tar.gz",
        "training-job-2026-11-22-10-00-00-123/output/model.tar.gz",
        "model-7.tar.gz",
    ],
)
def test_a_digest_a_date_or_a_version_passes(judge: Judge, key: str) -> None:
    assert judge(rule, model(modelDataUrl=f"s3://artifacts/{key}")).passed


def test_every_source_of_every_container_is_judged(judge: Judge) -> None:
    """Uncompressed and additional sources are read again as well; one unknown hides no other container."""
    s3 = {"s3DataSources": [{"s3Uri": "s3://a/b/"}]}
    first = {"modelDataSource": s3, "additionalModelDataSources": [s3]}
    given = Given(MODEL, {"containers": [first, {"modelDataUrl": UNKNOWN}, {"modelDataUrl": "s3://a/c"}]})

    judgement = judge(rule, given)

    assert [violation.partition(" is ")[0].partition(": ")[2] for violation in judgement.violations] == [
        "containers[0].modelDataSource.s3DataSources[0].s3Uri",
        "containers[0].additionalModelDataSources[0].s3DataSources[0].s3Uri",
        "containers[2].modelDataUrl",
    ]
    assert len(judgement.undecided) == 1
    assert "containers[1].modelDataUrl is not known" in judgement.undecided[0]


def test_a_model_without_data_passes_and_a_key_is_not_applicable(judge: Judge) -> None:
    """Some images bring their model."""
    assert judge(rule, model(image="a")).passed
    assert judge(rule, Given(KEY)).not_applicable == ["is about Model"]
