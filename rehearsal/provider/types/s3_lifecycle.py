"""S3: the lifecycle rules of a bucket. Source: PutBucketLifecycleConfiguration (S3 API)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.provider.described import Limit
from rehearsal.provider.types.s3 import NO_BUCKET
from rehearsal.provider.types.s3_settings import OfBucket

if TYPE_CHECKING:
    from rehearsal.provider.account import Account
    from rehearsal.values import Properties

_NAMES = {"id": "ID"}


def _asked(value: Any, name: str = "") -> Any:
    """A part of a rule as the API wants it: its names begin with a capital; tags are a list of keys and values."""
    if name == "tags" and isinstance(value, dict):
        return [{"Key": key, "Value": tag} for key, tag in sorted(value.items())]
    if isinstance(value, dict):
        return {
            _NAMES.get(key, key[:1].upper() + key[1:]): _asked(part, key)
            for key, part in value.items()
            if part not in (None, "", 0) and key != "__defaults"
        }
    return [_asked(part) for part in value] if isinstance(value, list) else value


def _told(value: Any, name: str = "") -> Any:
    """The same in Pulumi's names."""
    if name == "tags" and isinstance(value, list):
        return {tag["Key"]: tag["Value"] for tag in value}
    if isinstance(value, dict):
        back = {api: pulumi for pulumi, api in _NAMES.items()}
        named = {back.get(key, key[:1].lower() + key[1:]): part for key, part in value.items()}
        return {key: _told(part, key) for key, part in named.items() if part not in (None, "")}
    return [_told(part) for part in value] if isinstance(value, list) else value


class BucketLifecycleConfiguration(OfBucket):
    """What becomes of the objects of a bucket in time."""

    token = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    noun = "S3 BucketLifecycleConfiguration"
    replaces = ("bucket", "expectedBucketOwner", "region")
    limits = {"rules[].status": Limit(choices=("Enabled", "Disabled"))}
    missing = (*NO_BUCKET, ("NoSuchLifecycleConfiguration", ""))
    optional_computed = ("transitionDefaultMinimumObjectSize",)
    unread = ("expectedBucketOwner", "transitionDefaultMinimumObjectSize")

    def put(self, account: Account, bucket: str, inputs: Properties) -> None:
        """PutBucketLifecycleConfiguration; a rule without a filter is about everything."""
        rules = [_asked(rule) for rule in inputs["rules"]]
        for rule in rules:
            if "Filter" not in rule and "Prefix" not in rule:
                rule["Filter"] = {"Prefix": ""}
        account.call("s3", "PutBucketLifecycleConfiguration", Bucket=bucket, LifecycleConfiguration={"Rules": rules})

    def read(self, account: Account, id_: str, state: Properties) -> Properties | None:
        """GetBucketLifecycleConfiguration."""
        bucket = id_.partition(",")[0]
        found = account.call("s3", "GetBucketLifecycleConfiguration", Bucket=bucket)
        rules = [_told(rule) for rule in found.get("Rules") or []]
        for rule in rules:
            if rule.get("filter") == {}:
                del rule["filter"]
        return {"bucket": bucket, "rules": rules}

    def delete(self, account: Account, id_: str, state: Properties) -> None:
        """DeleteBucketLifecycle: nothing expires any more."""
        account.call("s3", "DeleteBucketLifecycle", Bucket=id_.partition(",")[0])
