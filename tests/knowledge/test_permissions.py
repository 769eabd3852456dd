"""What a model needs, and that the generated document grants exactly that."""

from __future__ import annotations

from knowledge.permissions import Facts, document_of, needs_of, trust_document
from knowledge.policy_documents import Outcome, evaluate, trusts

FACTS = Facts(
    artifacts=("s3://models/a/model.tar.gz", "s3://models/big/"),
    images=("111122223333.dkr.ecr.eu-west-1.amazonaws.com/serving@sha256:" + "0" * 64,),
    artifact_keys=("arn:aws:kms:eu-west-1:111122223333:key/a",),
    volume_keys=("arn:aws:kms:eu-west-1:111122223333:key/v",),
    vpc=True,
    account="111122223333",
    region="eu-west-1",
)


def needed(facts: Facts) -> set[tuple[str, str]]:
    return {(need.action, need.resource) for need in needs_of(facts)}


def test_the_needs_of_a_model() -> None:
    """Artifact, prefix, image, keys, network; each on what it refers to."""
    needs = needed(FACTS)

    repository = "arn:aws:ecr:eu-west-1:111122223333:repository/serving"
    assert {
        ("s3:GetObject", "arn:aws:s3:::models/a/model.tar.gz"),
        ("s3:GetObject", "arn:aws:s3:::models/big/*"),
        ("s3:ListBucket", "arn:aws:s3:::models"),
        ("ecr:BatchGetImage", repository),
        ("ecr:GetDownloadUrlForLayer", repository),
        ("ecr:GetAuthorizationToken", "*"),
        ("kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/a"),
        ("kms:CreateGrant", "arn:aws:kms:eu-west-1:111122223333:key/v"),
        ("ec2:CreateNetworkInterface", "*"),
        ("cloudwatch:PutMetricData", "*"),
    } <= needs


def test_a_model_without_network_or_key_needs_no_rights_on_them() -> None:
    """The least privilege."""
    needs = needed(Facts(artifacts=("s3://models/a",)))

    assert not [action for action, _ in needs if action.startswith(("ec2:", "kms:", "ecr:", "lambda:"))]


def test_the_generated_document_grants_every_need_and_nothing_beside_it() -> None:
    """document_of is what components give the role."""
    document = document_of(needs_of(FACTS))

    for need in needs_of(FACTS):
        assert evaluate([document], need.action, need.resource) is Outcome.ALLOWED
    assert evaluate([document], "s3:GetObject", "arn:aws:s3:::models/b") is Outcome.NOT_GRANTED
    assert evaluate([document], "s3:PutObject", "arn:aws:s3:::models/a/model.tar.gz") is Outcome.NOT_GRANTED
    assert trusts(trust_document(), "sagemaker.amazonaws.com") is Outcome.ALLOWED


def test_logs_and_metrics_are_not_essential() -> None:
    """No instance needs them to start."""
    assert {need.action.partition(":")[0] for need in needs_of(FACTS) if not need.essential} == {
        "logs",
        "cloudwatch",
        "s3",
    }
