"""A deliberately bad set of resources trips every rule, and a good one trips none."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import TYPE_CHECKING

from judging import DIGEST, IMAGE, UNKNOWN, Given, Judge

from knowledge.cross_account import group_policy
from knowledge.model_packages import Place
from knowledge.permissions import trust_document
from policies.reading import Stack
from policies.rules import RULES
from policies.tokens import (
    BUCKET_LIFECYCLE,
    BUCKETS,
    CLOUD_CONTROL,
    ENDPOINT,
    ENDPOINT_CONFIGURATION,
    KEY,
    MODEL,
    MODEL_PACKAGE,
    MODEL_PACKAGE_GROUP_POLICY,
    REPOSITORY,
    REPOSITORY_LIFECYCLE,
    ROLE,
    ROLE_POLICY,
)

if TYPE_CHECKING:
    import pytest

KEY_ARN = "arn:aws:kms:eu-central-1:111122223333:key/1"
ROLE_ARN = "arn:aws:iam::111122223333:role/scoring"
EVERYTHING = json.dumps({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
UNTAGGED = json.dumps({"rules": [{"selection": {"tagStatus": "untagged"}, "action": {"type": "expire"}}]})
BUILDS = UNTAGGED.replace("untagged", "tagged")
OPEN = json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]})
NOTHING = json.dumps({"Statement": []})
WRONG = {"repositoryAuthConfig": {"repositoryCredentialsProviderArn": "credentials"}}


PACKAGE_ARN = "arn:aws:sagemaker:eu-central-1:111122223333:model-package/scoring/1"
GROUP_POLICY = json.dumps(
    group_policy(Place("aws", "eu-central-1", "111122223333", "scoring"), ["222222222222"], ["333333333333"])
)


def version(image: str, *, bad: bool) -> dict[str, object]:
    """One in the Model Registry."""
    approval = "PendingManualApproval" if bad else "Approved"
    return {"ModelApprovalStatus": approval, "InferenceSpecification": {"Containers": [{"Image": image}]}}


def stack(*, bad: bool) -> list[Given]:
    """One endpoint with everything under it."""
    mark = {} if bad else {"tags": {"holdfast:guarded": "true"}}
    names = {} if bad else {"delete_before_replace": False}
    image = "scoring:latest" if bad else IMAGE
    url = "s3://artifacts/model.tar.gz" if bad else f"s3://artifacts/{DIGEST[7:]}/model.tar.gz"
    variant = {
        "modelName": "scoring" if bad else "scoring-1a2b3c4",
        "instanceType": "ml.g5.xlarge" if bad else "ml.m5.large",
        **({"enableSsmAccess": True} if bad else {}),
    }
    return [
        Given(KEY, {"arn": KEY_ARN, "isEnabled": not bad, **mark}, "own"),
        Given(BUCKETS[0], {"bucket": "artifacts", **mark}, "artifacts"),
        Given(
            ROLE,
            {"arn": ROLE_ARN, "name": "scoring", "assumeRolePolicy": json.dumps(trust_document())},
            "scoring",
        ),
        Given(ROLE_POLICY, {"role": "scoring", "policy": NOTHING if bad else EVERYTHING}, "scoring"),
        Given(
            MODEL,
            {
                "name": variant["modelName"],
                "executionRoleArn": ROLE_ARN,
                "primaryContainer": {"image": image, "modelDataUrl": url, **({"imageConfig": WRONG} if bad else {})},
            },
            "scoring",
            **names,
        ),
        Given(
            ENDPOINT_CONFIGURATION,
            {
                "name": "c-1a2b3c4",
                "kmsKeyArn": KEY_ARN,
                "tags": {
                    "holdfast:stage": "production",
                    **({} if bad else {"holdfast:recommendation": f"ml.m5.large {dt.datetime.now(dt.UTC):%FT%TZ} job"}),
                },
                "productionVariants": [variant],
            },
            "scoring",
            **names,
        ),
        Given(
            BUCKET_LIFECYCLE[0],
            {
                "bucket": "artifacts",
                "rules": [
                    {
                        "status": "Enabled",
                        "expiration": {"days": 90},
                        **({} if bad else {"filter": {"prefix": "captured/"}}),
                    }
                ],
            },
            "artifacts",
        ),
        Given(REPOSITORY, {"name": "scoring" if bad else "decision-trees"}, "scoring"),
        Given(
            REPOSITORY_LIFECYCLE,
            {"repository": "scoring" if bad else "decision-trees", "policy": UNTAGGED if bad else BUILDS},
            "scoring",
        ),
        Given(
            CLOUD_CONTROL,
            {"typeName": MODEL_PACKAGE, "id": PACKAGE_ARN, "desiredState": json.dumps(version(image, bad=bad))},
            "scoring",
        ),
        Given(
            MODEL_PACKAGE_GROUP_POLICY,
            {"resourcePolicy": OPEN if bad else GROUP_POLICY},
            "scoring",
        ),
        Given(MODEL, {"primaryContainer": {"modelPackageName": PACKAGE_ARN}}, "registered", **names),
        Given(
            ENDPOINT,
            {
                "endpointConfigName": "c-1a2b3c4",
                **({} if bad else {"deploymentConfig": {"autoRollbackConfiguration": {"alarms": [{}]}}}),
            },
            "scoring",
        ),
    ]


def test_every_rule_has_something_to_refuse_in_the_bad_stack(judge: Judge) -> None:
    """A rule that finds nothing here has lost its subject."""
    silent = [rule.name for rule in RULES if not judge(rule, *stack(bad=True)).violations]

    assert silent == []


def test_no_rule_finds_anything_in_the_good_stack(judge: Judge) -> None:
    """A rule that cries wolf is switched off by its users."""
    judged = {rule.name: judge(rule, *stack(bad=False)) for rule in RULES}

    assert {name: each for name, each in judged.items() if each.violations or each.advice or each.undecided} == {}


def test_no_rule_fails_on_a_stack_of_which_nothing_is_known(judge: Judge) -> None:
    """Whatever is unknown, in whatever place: undecided or silent, never an error of the pack."""
    everything_unknown = stack(bad=True)
    for each in everything_unknown:
        each.properties.update(dict.fromkeys([*each.properties, "deploymentConfig"], UNKNOWN))

    for rule in RULES:
        assert judge(rule, *everything_unknown).violations == []


def test_no_rule_fails_on_properties_of_the_wrong_kind(judge: Judge) -> None:
    """A rule's traceback ends somebody's deployment; a misshapen input is the provider's to refuse."""
    for wrong in ("text", 7, True, None, [], ["a"], [[]], {}, {"a": []}):
        misshapen = stack(bad=True)
        for each in misshapen:
            each.properties.update(dict.fromkeys([*each.properties, "containers", "vpcConfig", "tags"], wrong))
        for rule in RULES:
            judge(rule, *misshapen)


def test_judging_a_stack_grows_with_its_size_and_not_with_its_square(
    judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hundreds of endpoints are judged in every preview: references are followed, not compared all with all."""
    followed: list[int] = []
    referred = Stack.referred
    monkeypatch.setattr(Stack, "referred", lambda *arguments: followed.append(1) or referred(*arguments))

    def count(endpoints: int) -> int:
        followed.clear()
        resources = [renamed(each, index) for index in range(endpoints) for each in stack(bad=False)]
        for rule in RULES:
            assert judge(rule, *resources).violations == []
        return len(followed)

    assert count(40) <= 4 * count(10)


def renamed(given: Given, index: int) -> Given:
    """The same resource for another endpoint: every name and ARN has a number."""
    text = json.dumps(given.properties)
    for name in ("scoring", "artifacts", "key/1", "c-1a2b3c4"):
        text = text.replace(name, f"{name[:-1]}{index}{name[-1]}")
    return replace(given, name=f"{given.name}-{index}", properties=json.loads(text))
