"""Disabled, moved, overwritten, expiring, no longer usable; an endpoint replaced."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cell import REMOVED, Cell, Change, Inputs

if TYPE_CHECKING:
    from collections.abc import Iterator


def narrowings(world: dict[str, Any]) -> Iterator[Cell]:
    """Disabled, moved, overwritten, expiring, encrypted with a key that the role may not use; an endpoint replaced."""
    key = {"deletionWindowInDays": 7, "isEnabled": True}
    yield Cell(
        "key-disabled",
        "aws:kms/key:Key",
        "key-in-use-stays-enabled",
        Change(key, {**key, "isEnabled": False}, {"config": {"KmsKeyId": "{id}"}}),
        Change(key, {**key, "enableKeyRotation": True}, {"config": {"KmsKeyId": "{id}"}}),
    )
    alias = {"name": "alias/alias-moved", "targetKeyId": world["key"]}
    twin = {"name": "alias/alias-moved-twin", "targetKeyId": world["key"]}
    yield Cell(
        "alias-moved",
        "aws:kms/alias:Alias",
        "alias-in-use-keeps-its-key",
        Change(alias, {**alias, "targetKeyId": world["other_key"]}, {"config": {"KmsKeyId": "alias/alias-moved"}}),
        Change(twin, {**twin, "targetKeyId": world["other_key"]}),
    )
    stored = {"bucket": world["bucket"], "key": "overwritten/model.tar.gz", "content": "1"}
    beside = {"bucket": world["bucket"], "key": "overwritten-twin/model.tar.gz", "content": "1"}
    url = f"s3://{world['bucket']}/"
    yield Cell(
        "artifact-overwritten",
        "aws:s3/bucketObjectv2:BucketObjectv2",
        "artifact-in-use-is-not-overwritten",
        Change(stored, {**stored, "content": "2"}, {"model": {"ModelDataUrl": url + "overwritten/model.tar.gz"}}),
        Change(
            beside, {**beside, "tags": {"a": "b"}}, {"model": {"ModelDataUrl": url + "overwritten-twin/model.tar.gz"}}
        ),
    )

    def lifecycle(bucket: str, prefix: str) -> Inputs:
        rule = {"id": "one", "status": "Enabled", "filter": {"prefix": prefix}, "expiration": {"days": 30}}
        return {"bucket": bucket, "rules": [rule]}

    yield Cell(
        "lifecycle-widened",
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "artifact-in-use-does-not-expire",
        Change(
            lifecycle("lifecycle-widened", "captured/"),
            lifecycle("lifecycle-widened", "model"),
            {"model": {"ModelDataUrl": "s3://lifecycle-widened/model.tar.gz"}},
        ),
        Change(
            lifecycle("lifecycle-widened-twin", "captured/"),
            lifecycle("lifecycle-widened-twin", "results/"),
            {"model": {"ModelDataUrl": "s3://lifecycle-widened-twin/model.tar.gz"}},
        ),
    )

    def expiring(repository: str, tag: str) -> Inputs:
        selection = {
            "tagStatus": "tagged",
            "tagPrefixList": [tag],
            "countType": "sinceImagePushed",
            "countUnit": "days",
            "countNumber": 14,
        }
        rule = {"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}
        return {"repository": repository, "policy": json.dumps({"rules": [rule]})}

    yield Cell(
        "image-expiring",
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        "image-in-use-does-not-expire",
        Change(
            expiring("image-expiring", "build-"),
            expiring("image-expiring", "served"),
            {"model": {"Image": "image-expiring"}},
        ),
        Change(
            expiring("image-expiring-twin", "build-"),
            expiring("image-expiring-twin", "old-"),
            {"model": {"Image": "image-expiring-twin"}},
        ),
    )

    def default(bucket: str, key: str) -> Inputs:
        rule = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": key}}
        return {"bucket": bucket, "rules": [rule]}

    token = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    closed, usable = world["closed_key"], world["other_key"]
    yield Cell(
        "default-key-moved",
        token,
        "bucket-in-use-stays-writable",
        Change(
            default("default-key-moved", world["key"]),
            default("default-key-moved", closed),
            {"config": {"DataCaptureConfig": "s3://default-key-moved/"}},
        ),
        Change(
            default("default-key-moved-twin", world["key"]),
            default("default-key-moved-twin", usable),
            {"config": {"DataCaptureConfig": "s3://default-key-moved-twin/"}},
        ),
    )
    endpoint = {"name": "endpoint-replaced", "endpointConfigName": world["configuration"]}
    yield Cell(
        "endpoint-replaced",
        "aws:sagemaker/endpoint:Endpoint",
        "endpoint-is-never-replaced",
        Change(endpoint, {**endpoint, "name": "endpoint-replaced-2"}),
        Change({**endpoint, "name": "endpoint-removed"}, REMOVED),
        alone=True,
    )
