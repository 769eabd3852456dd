"""Credentials for a private registry: by the ARN of a function, and where SageMaker asks for them."""

from __future__ import annotations

import pytest
from judging import DIGEST, UNKNOWN, Given, Judge

from policies.rules.registry_credentials_come_from_a_function import rule
from policies.tokens import KEY, MODEL

FUNCTION = "arn:aws:lambda:eu-central-1:111122223333:function:registry"


def model(provider: object = FUNCTION, mode: object = "Vpc") -> Given:
    auth = {"repositoryAuthConfig": {"repositoryCredentialsProviderArn": provider}}
    image = {"image": f"registry.example.com/scoring@{DIGEST}"}
    return Given(MODEL, {"primaryContainer": {**image, "imageConfig": {"repositoryAccessMode": mode, **auth}}})


@pytest.mark.parametrize(
    "provider",
    [
        "registry",
        "",
        FUNCTION.replace(":lambda:", ":sts:"),
        FUNCTION.replace("function:", "layer:"),
        "arn:aws:lambda:eu-central-1:111122223333:registry",
    ],
)
def test_what_is_no_function_s_arn_is_refused(judge: Judge, provider: str) -> None:
    [violation] = judge(rule, model(provider)).violations

    assert "which is no ARN of a Lambda function" in violation


@pytest.mark.parametrize("mode", ["Platform", None])
def test_credentials_that_nobody_asks_for_are_refused(judge: Judge, mode: str | None) -> None:
    [violation] = judge(rule, model(mode=mode)).violations

    assert "SageMaker never asks for the credentials" in violation


@pytest.mark.parametrize(
    "given",
    [
        model(),
        model(f"{FUNCTION}:live"),
        model(FUNCTION.replace("arn:aws:", "arn:aws-cn:")),
        Given(MODEL, {"primaryContainer": {"image": "x", "imageConfig": {"repositoryAccessMode": "Vpc"}}}),
        Given(MODEL, {"primaryContainer": {"image": "x"}}),
    ],
)
def test_a_function_s_arn_or_none_passes(judge: Judge, given: Given) -> None:
    """A registry without authentication needs no function."""
    assert judge(rule, given).passed


def test_a_function_of_the_same_run_is_undecided(judge: Judge) -> None:
    judgement = judge(rule, model(UNKNOWN))

    assert len(judgement.undecided) == 1
    assert "repositoryCredentialsProviderArn is not known" in judgement.undecided[0]


def test_keys_are_not_applicable(judge: Judge) -> None:
    assert judge(rule, Given(KEY)).not_applicable == ["is about Model"]
