"""Check: names, defaults, what is refused and in which words."""

from __future__ import annotations

import re

import grpc
import pytest
from provider_client import SEED, UNKNOWN, Engine
from pulumi.runtime.proto import provider_pb2

MODEL = "aws:sagemaker/model:Model"
CONFIGURATION = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
BUCKET = "aws:s3/bucket:Bucket"
ROLE = "arn:aws:iam::111122223333:role/r"


def test_a_name_is_made_of_the_logical_name_and_seven_hex_digits_and_marked(engine: Engine) -> None:
    made = engine.checked(MODEL, "trees", {"executionRoleArn": ROLE})

    assert re.fullmatch(r"trees-[0-9a-f]{7}", made["name"])
    assert made["__defaults"] == ["name"]


def test_the_same_seed_gives_the_same_name_and_another_seed_another(engine: Engine) -> None:
    inputs = {"executionRoleArn": ROLE}

    first, _ = engine.check(MODEL, "trees", inputs, seed=SEED)
    again, _ = engine.check(MODEL, "trees", inputs, seed=SEED)
    other, _ = engine.check(MODEL, "trees", inputs, seed=SEED[::-1])

    assert first["name"] == again["name"] != other["name"]


def test_a_made_name_is_kept_and_a_given_one_is_not_remembered(engine: Engine) -> None:
    kept = {"name": "trees-0000000", "__defaults": ["name"]}
    given = {"name": "mine", "__defaults": []}

    assert engine.checked(MODEL, "trees", {"executionRoleArn": ROLE}, kept)["name"] == "trees-0000000"
    assert engine.checked(MODEL, "trees", {"executionRoleArn": ROLE}, given)["name"] != "mine"


def test_a_given_name_is_taken_and_not_marked(engine: Engine) -> None:
    made = engine.checked(MODEL, "trees", {"executionRoleArn": ROLE, "name": "mine"})

    assert made["name"] == "mine"
    assert made["__defaults"] == []


def test_a_name_prefix_takes_the_place_of_the_made_name(engine: Engine) -> None:
    made = engine.checked(CONFIGURATION, "c", {"namePrefix": "p-", "productionVariants": [{"modelName": "m"}]})

    assert "name" not in made


def test_a_bucket_name_is_put_into_small_letters_and_an_alias_gets_its_prefix(engine: Engine) -> None:
    assert engine.checked(BUCKET, "Artifacts", {})["bucket"].startswith("artifacts-")
    assert engine.checked("aws:kms/alias:Alias", "Key", {"targetKeyId": "k"})["name"].startswith("alias/Key-")


def test_an_object_s_key_is_its_logical_name_without_digits(engine: Engine) -> None:
    made = engine.checked("aws:s3/bucketObjectv2:BucketObjectv2", "model.tar.gz", {"bucket": "b", "content": "x"})

    assert made["key"] == "model.tar.gz"


def test_a_logical_name_that_makes_too_long_a_name_is_refused_with_the_length_to_keep(engine: Engine) -> None:
    _, failures = engine.check(MODEL, "m" * 60, {"executionRoleArn": ROLE})

    assert failures[0][0] == "name"
    assert "68 characters" in failures[0][1]
    assert "to 55 characters" in failures[0][1]


def test_automatic_naming_follows_the_engine_s_options(engine: Engine) -> None:
    options = provider_pb2.CheckRequest.AutonamingOptions
    proposed = options(proposed_name="fixed", mode=options.ENFORCE)
    disabled = options(mode=options.DISABLE)

    made, _ = engine.check(MODEL, "trees", {"executionRoleArn": ROLE}, autonaming=proposed)
    _, failures = engine.check(MODEL, "trees", {"executionRoleArn": ROLE}, autonaming=disabled)

    assert made["name"] == "fixed"
    assert [name for name, _ in failures] == ["name"]


def test_defaults_are_filled_in_where_nothing_is_given_and_marked_where_they_are(engine: Engine) -> None:
    made = engine.checked(
        CONFIGURATION, "c", {"productionVariants": [{"modelName": "m"}, {"initialVariantWeight": 0.5}]}
    )

    assert [v["initialVariantWeight"] for v in made["productionVariants"]] == [1, 0.5]
    assert [v["__defaults"] for v in made["productionVariants"]] == [["initialVariantWeight"], []]


def test_unknown_values_pass_and_stay_unknown(engine: Engine) -> None:
    made = engine.checked(CONFIGURATION, "c", {"kmsKeyArn": UNKNOWN, "productionVariants": [{"modelName": UNKNOWN}]})

    assert made["kmsKeyArn"] is UNKNOWN
    assert made["productionVariants"][0]["modelName"] is UNKNOWN


@pytest.mark.parametrize(
    ("token", "inputs", "property_", "words"),
    [
        (MODEL, {}, "executionRoleArn", "Missing required property"),
        (MODEL, {"executionRoleArn": ROLE, "imageUri": "x"}, "imageUri", "The properties are: containers,"),
        (
            CONFIGURATION,
            {"productionVariants": [{"model": "m"}]},
            "productionVariants[0].model",
            "The properties are: acceleratorType,",
        ),
        (CONFIGURATION, {"productionVariants": []}, "productionVariants", "at least 1"),
        (CONFIGURATION, {"productionVariants": {}}, "productionVariants", "must be a list"),
        (
            CONFIGURATION,
            {"productionVariants": [{"modelName": "m", "initialInstanceCount": 0}]},
            "productionVariants[0].initialInstanceCount",
            "must be at least 1",
        ),
        (CONFIGURATION, {"productionVariants": [{}], "kmsKeyArn": "alias/k"}, "kmsKeyArn", "must be the ARN"),
        (CONFIGURATION, {"name": "a", "namePrefix": "b", "productionVariants": [{}]}, "name", "exclude each other"),
        (MODEL, {"executionRoleArn": ROLE, "name": "a_b"}, "name", '"a_b" may hold only letters'),
        (MODEL, {"executionRoleArn": ROLE, "name": "a" * 64}, "name", "64 characters, at most 63"),
        (
            MODEL,
            {"executionRoleArn": ROLE, "primaryContainer": {"environment": {"1A": "x"}}},
            "primaryContainer.environment",
            '"1A" is no name of a variable',
        ),
        (BUCKET, {"acl": "private", "lifecycleRules": [{}]}, "lifecycleRules", "doesn't carry this property out"),
        (
            "aws:sagemaker/endpoint:Endpoint",
            {"endpointConfigName": "c", "deploymentConfig": {}},
            "deploymentConfig",
            "exactly one of blueGreenUpdatePolicy and rollingUpdatePolicy",
        ),
    ],
)
def test_a_wrong_input_is_refused_by_its_name_and_with_what_is_allowed(
    engine: Engine, token: str, inputs: dict, property_: str, words: str
) -> None:
    _, failures = engine.check(token, "r", inputs)

    assert [why for name, why in failures if name == property_ and words in why], failures


def test_a_type_that_is_not_there_is_named_with_those_that_are(engine: Engine) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        engine.check("aws:rds/cluster:Cluster", "db", {})

    assert "has no type aws:rds/cluster:Cluster (resource db)" in caught.value.details()
    assert "aws:sagemaker/endpoint:Endpoint" in caught.value.details()
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND
