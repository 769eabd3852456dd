"""The policy documents of the story: one that works, and its twin that forgets the artifact."""

import json
from pathlib import Path

import pytest

from knowledge.permissions import Facts, needs_of
from knowledge.policy_documents import Outcome, evaluate

UNSAFE = Path(__file__).parents[2] / "examples" / "unsafe"
FACTS = Facts(
    artifacts=("s3://decision-trees-0123456/models/abc/own/model.tar.gz",),
    images=("111122223333.dkr.ecr.us-east-1.amazonaws.com/decision-trees-sample:1",),
    artifact_keys=("arn:aws:kms:us-east-1:111122223333:key/k",),
    volume_keys=("arn:aws:kms:us-east-1:111122223333:key/k",),
    vpc=True,
    region="us-east-1",
    account="111122223333",
)


@pytest.mark.parametrize(
    ("file", "missing"),
    [("permissions-with-wildcards.json", []), ("permissions-without-artifact.json", ["s3:GetObject"])],
)
def test_the_twins_differ_in_the_right_to_read_the_artifact(file: str, missing: list[str]) -> None:
    """Whatever else the model needs is there in both, so a refusal can have one reason only."""
    document = json.loads((UNSAFE / file).read_text())
    outcomes = {need.action: evaluate([document], need.action, need.resource) for need in needs_of(FACTS)}

    assert [action for action, outcome in outcomes.items() if outcome is not Outcome.ALLOWED] == missing
