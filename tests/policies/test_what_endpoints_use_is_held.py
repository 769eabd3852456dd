"""Keys and buckets that endpoints need are protected or marked by the guards: two rules, one judgement."""

from collections.abc import Callable

import pytest
from judging import UNKNOWN, Given, Judge

from policies.rule import Rule
from policies.rules import endpoint_buckets_are_held, endpoint_keys_are_held
from policies.tokens import BUCKETS, ENDPOINT, ENDPOINT_CONFIGURATION, KEY, MODEL

Make = Callable[..., list[Given]]
ARN = "arn:aws:kms:eu-central-1:111122223333:key/1234"


def keyed(**options: object) -> list[Given]:
    """A key and a configuration that names it."""
    properties = {"arn": ARN, **options.pop("properties", {})}
    return [Given(KEY, properties, "own", **options), Given(ENDPOINT_CONFIGURATION, {"kmsKeyArn": ARN}, "c")]


def stored(**options: object) -> list[Given]:
    """A bucket, an object in it, a model that reads it, a configuration and an endpoint."""
    bucket = Given(BUCKETS[0], {"bucket": "artifacts", **options.pop("properties", {})}, "artifacts", **options)
    artifact = Given("aws:s3/bucketObjectv2:BucketObjectv2", {"bucket": "artifacts"}, "artifact")
    model = Given(
        MODEL,
        {"name": "m-1234567", "primaryContainer": {"modelDataUrl": UNKNOWN}},
        "m",
        depends={"primaryContainer": [artifact]},
    )
    configuration = Given(
        ENDPOINT_CONFIGURATION, {"name": "c-1234567", "productionVariants": [{"modelName": "m-1234567"}]}, "c"
    )
    endpoint = Given(ENDPOINT, {"endpointConfigName": UNKNOWN}, "e", depends={"endpointConfigName": [configuration]})
    return [bucket, artifact, model, configuration, endpoint]


BOTH = pytest.mark.parametrize(
    ("rule", "given"), [(endpoint_keys_are_held.rule, keyed), (endpoint_buckets_are_held.rule, stored)]
)


@BOTH
@pytest.mark.parametrize("tags", [{}, {"tags": {"holdfast:guarded": "false"}}, {"tags": {"team": "a"}}])
def test_what_nothing_holds_is_refused_with_the_path_of_use(judge: Judge, rule: Rule, given: Make, tags: dict) -> None:
    """A pack doesn't see deletions, so the protection has to be there before."""
    [violation] = judge(rule, *given(properties=tags)).violations

    assert "neither the resource option protect nor the tag holdfast:guarded is set" in violation
    assert "Path of use: " in violation


@BOTH
@pytest.mark.parametrize(
    "options",
    [
        {"protect": True},
        {"properties": {"tags": {"holdfast:guarded": "true"}}},
        {"protect": True, "properties": {"tags": UNKNOWN}},
    ],
)
def test_protect_or_the_guards_mark_passes(judge: Judge, rule: Rule, given: Make, options: dict) -> None:
    """Either is enough; what is protected needs no tags to be known."""
    assert judge(rule, *given(**options)).passed


@BOTH
@pytest.mark.parametrize("tags", [UNKNOWN, {"holdfast:guarded": UNKNOWN}])
def test_tags_that_are_not_known_are_undecided(judge: Judge, rule: Rule, given: Make, tags: object) -> None:
    """An unknown mark is no mark."""
    judgement = judge(rule, *given(properties={"tags": tags}))

    assert len(judgement.undecided) == 1
    assert "is not known before `up`" in judgement.undecided[0]


@BOTH
def test_what_no_endpoint_configuration_uses_is_not_applicable(judge: Judge, rule: Rule, given: Make) -> None:
    """Somebody's log bucket is none of this rule's business."""
    judgement = judge(rule, given()[0], Given(ENDPOINT_CONFIGURATION, {}, "c"))

    assert len(judgement.not_applicable) == 1
    assert judgement.violations == []


def test_a_models_bucket_is_found_through_the_object_and_up_to_the_endpoint(judge: Judge) -> None:
    """The artifact's URL is unknown in a preview; the dependencies are not."""
    [violation] = judge(endpoint_buckets_are_held.rule, *stored()).violations

    assert (
        "Path of use: Bucket artifacts <- Model m (primaryContainer.modelDataUrl) <- EndpointConfiguration c"
        " <- Endpoint e" in violation
    )


@pytest.mark.parametrize(
    "properties",
    [
        {"dataCaptureConfig": {"destinationS3Uri": "s3://artifacts/captured"}},
        {"asyncInferenceConfig": {"outputConfig": {"s3OutputPath": "s3://artifacts/out"}}},
        {"asyncInferenceConfig": {"outputConfig": {"s3FailurePath": "s3://artifacts/failed"}}},
        {"productionVariants": [{"coreDumpConfig": {"destinationS3Uri": "s3://artifacts/dumps"}}]},
    ],
)
def test_buckets_that_the_configuration_itself_names_count_too(judge: Judge, properties: dict) -> None:
    """AWS: any KMS key or S3 bucket specified in the endpoint configuration."""
    bucket = Given(BUCKETS[0], {"bucket": "artifacts"}, "artifacts")

    judgement = judge(endpoint_buckets_are_held.rule, bucket, Given(ENDPOINT_CONFIGURATION, properties, "c"))

    assert len(judgement.violations) == 1
