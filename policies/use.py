"""
Who uses what, as far as the stack shows it: keys and buckets, from them to configurations and endpoints.

Place: what the rules about keys and buckets have in common. It sees this stack only; what endpoints of other stacks use
is seen by the guards, which ask the account.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pulumi_policy.proxy import UnknownValueError

from knowledge.arns import parse_s3
from policies.models import artifacts, containers, known, variants
from policies.tokens import BUCKETS, ENDPOINT, ENDPOINT_CONFIGURATION, KEY, KEY_ALIAS, MODEL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policies.reading import Block, Resource, Stack

BUCKET_OBJECTS = ("aws:s3/bucketObjectv2:BucketObjectv2", "aws:s3/bucketObject:BucketObject")


@dataclass(frozen=True, slots=True)
class Use:
    """One resource and the path of use that begins at it."""

    used: Resource
    path: tuple[str, ...]


def keys_in_use(stack: Stack) -> Iterator[Use]:
    """Each KMS key of the stack that an endpoint configuration names, once, with one path of use."""
    uses = (
        Use(key, (key.label, f"{configuration.label} ({block.where(name)})", *_endpoints(stack, configuration)))
        for configuration in stack.of_type(ENDPOINT_CONFIGURATION)
        for top, block, name in _key_properties(configuration)
        for key in _keys(stack, configuration, top, known(block, name))
    )
    return _each_once(uses)


def buckets_in_use(stack: Stack) -> Iterator[Use]:
    """Each bucket of the stack that a configuration writes to, or that holds a model's artifacts, once."""

    def uses() -> Iterator[Use]:
        for configuration in stack.of_type(ENDPOINT_CONFIGURATION):
            after = (configuration.label, *_endpoints(stack, configuration))
            for top, block, name in _bucket_properties(configuration):
                for bucket in _buckets(stack, configuration, top, known(block, name)):
                    yield Use(bucket, (bucket.label, f"{after[0]} ({block.where(name)})", *after[1:]))
            for model in models_of(stack, configuration):
                for top, block, name in _artifact_properties(model):
                    for bucket in _buckets(stack, model, top, known(block, name)):
                        yield Use(bucket, (bucket.label, f"{model.label} ({block.where(name)})", *after))

    return _each_once(uses())


def models_of(stack: Stack, configuration: Resource) -> list[Resource]:
    """The models of the stack that a configuration deploys."""
    found: dict[str, Resource] = {}
    for variant in variants(configuration):
        top = variant.path.partition("[")[0]
        for model in stack.referred(configuration, top, known(variant, "modelName"), MODEL):
            found[model.urn] = model
    return list(found.values())


def configurations_of(stack: Stack, model: Resource) -> list[Resource]:
    """The endpoint configurations of the stack that deploy a model."""
    if stack.deploying is None:
        stack.deploying = {}
        for configuration in stack.of_type(ENDPOINT_CONFIGURATION):
            for each in models_of(stack, configuration):
                stack.deploying.setdefault(each.urn, []).append(configuration)
    return stack.deploying.get(model.urn, [])


def artifacts_in_use(stack: Stack) -> Iterator[tuple[Resource, str | None, tuple[str, ...]]]:
    """Each artifact in a bucket of the stack: the bucket, the S3 URL where it is known, the path of use."""
    for model in stack.of_type(MODEL):
        for top, block, name in _artifact_properties(model):
            url = known(block, name)
            for bucket in _buckets(stack, model, top, url):
                yield bucket, url, (bucket.label, *path_from(stack, model))


def artifact_buckets(stack: Stack, model: Resource) -> list[Resource]:
    """The buckets of the stack that hold a model's artifacts."""
    return [
        bucket
        for top, block, name in _artifact_properties(model)
        for bucket in _buckets(stack, model, top, known(block, name))
    ]


def path_from(stack: Stack, model: Resource) -> tuple[str, ...]:
    """The path of use that goes on from a model: `Model a`, `EndpointConfiguration a`, `Endpoint a`."""
    for configuration in configurations_of(stack, model):
        return (model.label, configuration.label, *_endpoints(stack, configuration))
    return (model.label,)


def _endpoints(stack: Stack, configuration: Resource) -> tuple[str, ...]:
    """The endpoints on a configuration, as the last step of a path: `Endpoint a`, or `Endpoint a, Endpoint b`."""
    labels = [endpoint.label for endpoint in stack.referring(configuration, ENDPOINT, "endpointConfigName")]
    return (", ".join(labels),) if labels else ()


def _each_once(uses: Iterator[Use]) -> Iterator[Use]:
    seen: set[str] = set()
    for use in uses:
        if use.used.urn not in seen:
            seen.add(use.used.urn)
            yield use


def _key_properties(configuration: Resource) -> Iterator[tuple[str, Block, str]]:
    """Top-level property, block and name of everything that may name a key; unknown blocks name none themselves."""
    properties = configuration.properties
    yield "kmsKeyArn", properties, "kmsKeyArn"
    if capture := properties.block("dataCaptureConfig"):
        yield "dataCaptureConfig", capture, "kmsKeyId"
    if output := _async_output(configuration):
        yield "asyncInferenceConfig", output, "kmsKeyId"
    for variant in variants(configuration):
        if dump := variant.block("coreDumpConfig"):
            yield variant.path.partition("[")[0], dump, "kmsKeyId"


def _bucket_properties(configuration: Resource) -> Iterator[tuple[str, Block, str]]:
    if capture := configuration.properties.block("dataCaptureConfig"):
        yield "dataCaptureConfig", capture, "destinationS3Uri"
    if output := _async_output(configuration):
        yield "asyncInferenceConfig", output, "s3OutputPath"
        yield "asyncInferenceConfig", output, "s3FailurePath"
    for variant in variants(configuration):
        if dump := variant.block("coreDumpConfig"):
            yield variant.path.partition("[")[0], dump, "destinationS3Uri"


def _artifact_properties(model: Resource) -> Iterator[tuple[str, Block, str]]:
    for container in containers(model):
        try:
            named = list(artifacts(container))
        except UnknownValueError:
            named = [(container, "modelDataUrl")]
        for block, name in named:
            yield container.path.partition("[")[0], block, name


def _async_output(configuration: Resource) -> Block | None:
    inference = configuration.properties.block("asyncInferenceConfig")
    return inference.block("outputConfig") if inference is not None else None


def _keys(stack: Stack, referring: Resource, prop: str, value: str | None) -> Iterator[Resource]:
    for found in stack.referred(referring, prop, value, KEY, KEY_ALIAS):
        if found.type == KEY:
            yield found
        else:
            yield from stack.referred(found, "targetKeyId", known(found.properties, "targetKeyId"), KEY)


def _buckets(stack: Stack, referring: Resource, prop: str, url: str | None) -> Iterator[Resource]:
    location = parse_s3(url) if url else None
    bucket = location.bucket if location else None
    for found in stack.referred(referring, prop, bucket, *BUCKETS, *BUCKET_OBJECTS):
        if found.type in BUCKETS:
            yield found
        else:
            yield from stack.referred(found, "bucket", known(found.properties, "bucket"), *BUCKETS)
