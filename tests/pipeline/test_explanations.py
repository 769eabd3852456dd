"""AWS's words, explained: each in the notations that it may have, and nothing else."""

from __future__ import annotations

import pytest

from pipeline.explanations import explain


@pytest.mark.parametrize(
    "words",
    [
        "ValidationException: EnableSSMAccess is true, but account 111122223333 is not allowlisted for SSM access.",
        "Your account is not on the allow list for the feature\nSSM access",
        "SSM: your account has not been whitelisted",
    ],
)
def test_an_account_that_is_not_on_the_list_is_told_what_to_do(words: str) -> None:
    """AWS doesn't publish its words, so several are taken for it."""
    (explanation,) = explain([words, f"once more: {words}"])

    assert "Ask AWS Support to put the account on the list" in explanation
    assert "stays on its old configuration" in explanation


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("ResourceAlreadyExistsException: The specified log group already exists", "Export what you need"),
        ("The specified KMS key does not exist or is not allowed to be used with LogGroup 'arn'", "logs.<region>"),
        ("ValidationException: Model Package Group already exists: arn", "name it in modelVersion.group"),
        ("ConflictException: Model Package Group: arn cannot be deleted as it is not empty.", "no versions left"),
        (
            "there is already a conflicting DNS domain for ssm.eu-west-1.amazonaws.com in the VPC vpc-1",
            "Set ssmAccessEndpoints to none",
        ),
    ],
)
def test_what_else_stands_in_the_way_is_explained(words: str, says: str) -> None:
    (explanation,) = explain([words])

    assert says in explanation


@pytest.mark.parametrize(
    "words", ["", "the allow list of the firewall", "SSM parameter not found", "bucket already exists"]
)
def test_other_errors_are_left_as_they_are(words: str) -> None:
    assert explain([words]) == []
