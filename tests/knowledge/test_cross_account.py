"""The documents of a cross-account model registry: each meets the needs it is for, and none without each statement."""

from __future__ import annotations

from typing import Any

import pytest

from knowledge.cross_account import (
    Reader,
    account_problem,
    bucket_policy,
    deployer_policy,
    group_policy,
    key_statements,
    missing,
    needs_of_group,
    needs_of_reader,
    registrar_policy,
    repository_policy,
    root,
)
from knowledge.model_packages import Place
from knowledge.policy_documents import Outcome, evaluate, read

REGISTRY, TRAINING, DEPLOYING = "111111111111", "222222222222", "333333333333"
GROUP = Place("aws", "us-east-2", REGISTRY, "trees")
IMAGE = f"{TRAINING}.dkr.ecr.us-east-2.amazonaws.com/trees@sha256:{'a' * 64}"
ARTIFACT = "s3://artifacts/models/abc/model.tar.gz"
KEY = f"arn:aws:kms:us-east-2:{TRAINING}:key/1"
READERS = [Reader(REGISTRY, "registry"), Reader(DEPLOYING, "deploying")]
DOCUMENTS: dict[str, dict[str, Any]] = {
    "repository policy": repository_policy(READERS),
    "bucket policy": bucket_policy(READERS, "artifacts"),
    "key policy": {"Statement": key_statements(READERS)},
    "group policy": group_policy(GROUP, [TRAINING], [DEPLOYING]),
}
NEEDS = [
    *(need for reader in READERS for need in needs_of_reader(reader, [IMAGE], [ARTIFACT], [KEY])),
    *needs_of_group(GROUP, [TRAINING], [DEPLOYING]),
]
STATEMENTS = [
    pytest.param(holder, number, id=f"{holder}-{statement['Sid']}")
    for holder, document in DOCUMENTS.items()
    for number, statement in enumerate(document["Statement"])
]


def of(holder: str) -> list[Any]:
    return [need for need in NEEDS if need.holder == holder]


def owner(holder: str) -> str:
    return REGISTRY if holder == "group policy" else TRAINING


@pytest.mark.parametrize("holder", DOCUMENTS)
def test_each_document_meets_its_needs(holder: str) -> None:
    assert of(holder)
    assert missing(of(holder), DOCUMENTS[holder], owner=owner(holder)) == []


@pytest.mark.parametrize(("holder", "number"), STATEMENTS)
def test_with_any_statement_taken_out_something_is_missing(holder: str, number: int) -> None:
    """And what is missing is told with whose document, which account, what for."""
    document = DOCUMENTS[holder]
    kept = [one for at, one in enumerate(document["Statement"]) if at != number]
    gaps = missing(of(holder), {"Statement": kept}, owner=owner(holder))
    account = document["Statement"][number]["Principal"]["AWS"].split(":")[4]

    assert gaps
    assert {need.reader for need, _ in gaps} == {account}
    assert f"account {account} needs" in gaps[0][0].words
    assert f"by the {holder} of" in gaps[0][0].words


def test_without_a_document_nothing_is_allowed() -> None:
    assert {outcome for _, outcome in missing(of("bucket policy"), None, owner=TRAINING)} == {Outcome.NOT_GRANTED}


@pytest.mark.parametrize("holder", DOCUMENTS)
def test_documents_name_whole_accounts_and_what_they_are_about(holder: str) -> None:
    """The page's own examples name no bucket (an f-string's prefix is missing) and a bare account number."""
    text = str(DOCUMENTS[holder])

    read(DOCUMENTS[holder])
    assert "{" not in text.replace("{'", "").replace("[{", "")
    assert "Resource: " not in text
    assert all(
        one["Principal"]["AWS"] in {root(REGISTRY), root(TRAINING), root(DEPLOYING)}
        for one in DOCUMENTS[holder]["Statement"]
    )


@pytest.mark.parametrize("action", ["UpdateModelPackage", "DeleteModelPackage", "PutModelPackageGroupPolicy"])
@pytest.mark.parametrize("account", [TRAINING, DEPLOYING])
def test_nobody_of_another_account_approves_or_deletes(action: str, account: str) -> None:
    said = [
        evaluate([DOCUMENTS["group policy"]], f"sagemaker:{action}", one, principal=root(account))
        for one in (GROUP.group_arn, GROUP.versions_arn)
    ]

    assert said == [Outcome.NOT_GRANTED] * 2


def test_who_registers_may_not_deploy_and_the_other_way_round() -> None:
    policy = DOCUMENTS["group policy"]

    def says(account: str, action: str) -> Outcome:
        return evaluate([policy], action, GROUP.versions_arn, principal=root(account))

    assert says(TRAINING, "sagemaker:CreateModel") is says(DEPLOYING, "sagemaker:CreateModelPackage")
    assert says(TRAINING, "sagemaker:CreateModel") is Outcome.NOT_GRANTED


def test_a_grant_meets_the_needs_of_the_key() -> None:
    grants = {root(REGISTRY): ["Decrypt", "GenerateDataKey"], root(DEPLOYING): ["Decrypt", "DescribeKey"]}
    short = {**grants, root(REGISTRY): ["Decrypt"]}

    assert missing(of("key policy"), {"Statement": []}, owner=TRAINING, grants=grants) == []
    [(need, _)] = missing(of("key policy"), {"Statement": []}, owner=TRAINING, grants=short)
    assert need.action == "kms:GenerateDataKey"


def test_a_role_of_the_account_is_as_good_as_the_account() -> None:
    """Whoever narrows the document to one role knows why."""
    narrow = repository_policy(READERS)
    for one in narrow["Statement"]:
        one["Principal"] = {"AWS": one["Principal"]["AWS"].replace(":root", ":role/deployer")}

    assert missing(of("repository policy"), narrow, owner=TRAINING) == []


def test_both_callers_own_accounts_allow_it_too() -> None:
    """Another account's document alone opens nothing."""
    models = f"arn:aws:sagemaker:us-east-2:{DEPLOYING}:model/*"
    registrar, deployer = registrar_policy(GROUP), deployer_policy(GROUP, models)
    version = GROUP.versions_arn.replace("*", "1")

    assert evaluate([registrar], "sagemaker:CreateModelPackage", version) is Outcome.ALLOWED
    assert evaluate([registrar], "sagemaker:UpdateModelPackage", version) is Outcome.NOT_GRANTED
    for resource in (version, models.replace("*", "x")):
        assert evaluate([deployer], "sagemaker:CreateModel", resource) is Outcome.ALLOWED


def test_what_is_an_account_s_own_is_no_need() -> None:
    """An image of the deploying account itself needs nobody's policy."""
    own = IMAGE.replace(TRAINING, DEPLOYING)

    assert needs_of_reader(READERS[1], [own], [], []) == ()


@pytest.mark.parametrize("text", ["12345678901", "1234567890123", "12345678901a", "arn:aws:iam::1:root", ""])
def test_an_account_has_twelve_digits(text: str) -> None:
    assert "an AWS account id has 12 digits" in account_problem(text)


def test_a_real_account_has_no_problem() -> None:
    assert account_problem(REGISTRY) == ""
