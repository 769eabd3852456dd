"""
What a model and the endpoint configurations that deploy it need of the execution role, as the stack shows it.

Place: between the stack and `knowledge.permissions`, for the rule about execution roles. What isn't known before `up`
becomes a wildcard: a role that allows nothing of the kind is refused all the same, one that allows a part is undecided.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi_policy.proxy import UnknownValueError

from knowledge.permissions import Facts, Need, needs_of
from policies.models import artifacts, containers, known
from policies.tokens import BUCKET_ENCRYPTION, KEY
from policies.use import artifact_buckets, configurations_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policies.reading import Block, Resource, Stack

ANY_OBJECT = "s3://*/*"
ANY_KEY = "arn:aws:kms:*:*:key/*"
ANY_FUNCTION = "arn:aws:lambda:*:*:function:*"


def essential_needs(stack: Stack, model: Resource) -> list[Need]:
    """The permissions without which no instance of the model's endpoints can be started, patched or replaced."""
    blocks = containers(model)
    facts = Facts(
        artifacts=tuple(url for container in blocks for url in _artifacts(container)),
        images=tuple(image for container in blocks if (image := known(container, "image"))),
        artifact_keys=tuple(_artifact_keys(stack, model)),
        volume_keys=tuple(_volume_keys(stack, model)),
        vpc=model.properties.has("vpcConfig"),
        credential_functions=tuple(function for container in blocks for function in _functions(container)),
    )
    return [need for need in needs_of(facts) if need.essential]


def _artifacts(container: Block) -> Iterator[str]:
    try:
        for block, name in artifacts(container):
            yield known(block, name) or ANY_OBJECT
    except UnknownValueError:
        yield ANY_OBJECT


def _functions(container: Block) -> Iterator[str]:
    config = container.block("imageConfig")
    try:
        auth = config.block("repositoryAuthConfig") if config is not None else None
        if auth is not None and auth.has("repositoryCredentialsProviderArn"):
            yield known(auth, "repositoryCredentialsProviderArn") or ANY_FUNCTION
    except UnknownValueError:
        yield ANY_FUNCTION


def _volume_keys(stack: Stack, model: Resource) -> Iterator[str]:
    for configuration in configurations_of(stack, model):
        if configuration.properties.has("kmsKeyArn"):
            named = known(configuration.properties, "kmsKeyArn")
            keys = stack.referred(configuration, "kmsKeyArn", named, KEY)
            yield _arn(keys, named)


def _artifact_keys(stack: Stack, model: Resource) -> Iterator[str]:
    buckets = artifact_buckets(stack, model)
    for token in BUCKET_ENCRYPTION:
        for encryption in (each for bucket in buckets for each in stack.referring(bucket, token, "bucket")):
            for rule in encryption.properties.blocks("rules"):
                default = rule.block("applyServerSideEncryptionByDefault")
                if default is not None and _has(default, "kmsMasterKeyId"):
                    named = known(default, "kmsMasterKeyId")
                    yield _arn(stack.referred(encryption, "rules", named, KEY), named)


def _has(block: Block, name: str) -> bool:
    try:
        return block.has(name)
    except UnknownValueError:
        return True


def _arn(keys: list[Resource], named: str | None) -> str:
    """The key's ARN; a wildcard where it isn't known yet, or is named by an alias or an id."""
    arn = known(keys[0].properties, "arn") if keys else named
    return arn if arn and arn.startswith("arn:") and ":key/" in arn else ANY_KEY
