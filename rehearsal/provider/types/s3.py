"""S3: Bucket and what hangs on it, and objects. Source: the S3 API reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.provider.described import AutoName, Limit, Resource, unique_name
from rehearsal.provider.refusals import AccountRefusal, HalfMade, ProviderRefusal
from rehearsal.provider.tagging import Tagging

if TYPE_CHECKING:
    from rehearsal.provider.account import Account
    from rehearsal.values import Properties

NO_BUCKET = (("NoSuchBucket", ""), ("404", ""), ("NotFound", ""))
STATUS = Limit(choices=("Enabled", "Suspended", "Disabled"))


class BucketTagging(Tagging):
    """S3 replaces a bucket's tags as a whole."""

    def read(self, account: Account, id_: str, state: dict[str, Any]) -> dict[str, str]:
        """The tags that are there."""
        try:
            return super().read(account, id_, state)
        except AccountRefusal as refusal:
            if refusal.says("NoSuchTagSet"):
                return {}
            raise

    def change(
        self, account: Account, id_: str, state: dict[str, Any], old: dict[str, str], new: dict[str, str]
    ) -> None:
        """Put all, or delete all."""
        if new:
            account.call("s3", "PutBucketTagging", Bucket=id_, Tagging={"TagSet": self.written(new)})
        else:
            account.call("s3", "DeleteBucketTagging", Bucket=id_)


BUCKET_TAGS = BucketTagging(
    "s3", "PutBucketTagging", "DeleteBucketTagging", "GetBucketTagging", "Bucket", "id", shown="TagSet"
)


def or_none(account: Account, operation: str, error: str, **parameters: Any) -> dict[str, Any] | None:
    """An answer, or None where the account says that nothing was ever put there."""
    try:
        return account.call("s3", operation, **parameters)
    except AccountRefusal as refusal:
        if refusal.says(error):
            return None
        raise


def encryption_rules(found: dict[str, Any] | None) -> list[dict[str, Any]]:
    """GetBucketEncryption's rules in Pulumi's names."""
    rules = []
    for rule in ((found or {}).get("ServerSideEncryptionConfiguration") or {}).get("Rules", []):
        default = rule.get("ApplyServerSideEncryptionByDefault") or {}
        by_default = {"sseAlgorithm": default.get("SSEAlgorithm"), "kmsMasterKeyId": default.get("KMSMasterKeyID")}
        made = {"applyServerSideEncryptionByDefault": {k: v for k, v in by_default.items() if v}}
        rules.append({**made, "bucketKeyEnabled": bool(rule.get("BucketKeyEnabled"))})
    return rules


def asked_encryption(rules: list[Properties]) -> dict[str, Any]:
    """Pulumi's rules as PutBucketEncryption wants them."""
    made = []
    for rule in rules:
        default = rule.get("applyServerSideEncryptionByDefault") or {}
        by_default = {"SSEAlgorithm": default.get("sseAlgorithm"), "KMSMasterKeyID": default.get("kmsMasterKeyId")}
        asked: dict[str, Any] = (
            {"ApplyServerSideEncryptionByDefault": {k: v for k, v in by_default.items() if v}} if default else {}
        )
        if rule.get("bucketKeyEnabled") is not None:
            asked["BucketKeyEnabled"] = bool(rule["bucketKeyEnabled"])
        made.append(asked)
    return {"Rules": made}


def empty(account: Account, bucket: str, prefix: str = "", *, only: str | None = None, force: bool = False) -> None:
    """Delete every version and delete marker of a bucket, or of one key."""
    pages = account.client("s3").get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
    for page in pages:
        for kind in ("Versions", "DeleteMarkers"):
            for version in page.get(kind) or []:
                if only is None or version["Key"] == only:
                    bypass = True if force else None
                    which = {"Bucket": bucket, "Key": version["Key"], "VersionId": version["VersionId"]}
                    account.call("s3", "DeleteObject", **which, BypassGovernanceRetention=bypass)


class Bucket(Resource):
    """A bucket."""

    token = "aws:s3/bucket:Bucket"
    noun = "S3 Bucket"
    service = "s3"
    id_property = "bucket"
    auto_name = AutoName("bucket", limit=63, lower=True, unless=("bucketPrefix",))
    conflicts = (("bucket", "bucketPrefix"),)
    defaults = {"forceDestroy": False, "versioning.enabled": False, "versioning.mfaDelete": False}
    limits = {
        "bucket": Limit(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "must be 3 to 63 small letters, digits, dots and hyphens"),
        "bucketPrefix": Limit(longest=37),
    }
    replaces = ("bucket", "bucketPrefix", "objectLockEnabled", "objectLockConfiguration.objectLockEnabled", "region")
    optional_computed = (
        "accelerationStatus",
        "acl",
        "bucket",
        "bucketPrefix",
        "corsRules",
        "grants",
        "lifecycleRules",
        "logging",
        "objectLockConfiguration",
        "objectLockEnabled",
        "policy",
        "replicationConfiguration",
        "requestPayer",
        "serverSideEncryptionConfiguration",
        "versioning",
        "website",
        "bucketNamespace",
    )
    documents = ("policy",)
    unread = ("forceDestroy", "bucketPrefix", "acl")
    lacks = (
        "accelerationStatus",
        "corsRules",
        "grants",
        "lifecycleRules",
        "logging",
        "objectLockConfiguration",
        "replicationConfiguration",
        "requestPayer",
        "website",
        "bucketNamespace",
    )
    missing = NO_BUCKET
    tagging = BUCKET_TAGS

    def create(self, account: Account, inputs: Properties) -> str:
        """CreateBucket, then what was asked of it inline."""
        name = str(inputs.get("bucket") or unique_name(inputs.get("bucketPrefix", "")))
        elsewhere = account.region != "us-east-1"
        place = {"LocationConstraint": account.region} if elsewhere else None
        lock = True if inputs.get("objectLockEnabled") else None
        asked = {"CreateBucketConfiguration": place, "ObjectLockEnabledForBucket": lock}
        account.call("s3", "CreateBucket", Bucket=name, ACL=inputs.get("acl") or "private", **asked)
        try:
            given = {p for p in ("versioning", "serverSideEncryptionConfiguration", "policy") if inputs.get(p)}
            if inputs.get("tags"):
                BUCKET_TAGS.change(account, name, {}, {}, inputs["tags"])
            self.update(account, name, {}, inputs, given)
        except ProviderRefusal as refusal:
            raise HalfMade(name, refusal) from refusal
        return name

    def read(self, account: Account, id_: str, state: Properties) -> Properties | None:
        """HeadBucket, and the configurations that Terraform reads too."""
        account.call("s3", "HeadBucket", Bucket=id_)
        versioning = account.call("s3", "GetBucketVersioning", Bucket=id_)
        encryption = or_none(
            account, "GetBucketEncryption", "ServerSideEncryptionConfigurationNotFoundError", Bucket=id_
        )
        policy = or_none(account, "GetBucketPolicy", "NoSuchBucketPolicy", Bucket=id_)
        lock = or_none(account, "GetObjectLockConfiguration", "ObjectLockConfigurationNotFoundError", Bucket=id_)
        rules = encryption_rules(encryption)
        return {
            "bucket": id_,
            "arn": f"arn:{account.partition}:s3:::{id_}",
            "bucketDomainName": f"{id_}.s3.{account.domain}",
            "bucketRegionalDomainName": f"{id_}.s3.{account.region}.{account.domain}",
            "bucketRegion": account.region,
            "hostedZoneId": HOSTED_ZONES.get(account.region),
            "objectLockEnabled": ((lock or {}).get("ObjectLockConfiguration") or {}).get("ObjectLockEnabled")
            == "Enabled",
            "policy": policy["Policy"] if policy else None,
            "versioning": {
                "enabled": versioning.get("Status") == "Enabled",
                "mfaDelete": versioning.get("MFADelete") == "Enabled",
            },
            "serverSideEncryptionConfiguration": {"rule": rules[0]} if rules else None,
        }

    def update(self, account: Account, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """One call for each configuration that differs."""
        if "versioning" in changed:
            on = bool((new.get("versioning") or {}).get("enabled"))
            if on or old:
                status = {"Status": "Enabled" if on else "Suspended"}
                account.call("s3", "PutBucketVersioning", Bucket=id_, VersioningConfiguration=status)
        if "serverSideEncryptionConfiguration" in changed:
            rule = (new.get("serverSideEncryptionConfiguration") or {}).get("rule")
            if rule:
                asked = asked_encryption([rule])
                account.call("s3", "PutBucketEncryption", Bucket=id_, ServerSideEncryptionConfiguration=asked)
            else:
                account.call("s3", "DeleteBucketEncryption", Bucket=id_)
        if "policy" in changed:
            if new.get("policy"):
                account.call("s3", "PutBucketPolicy", Bucket=id_, Policy=new["policy"])
            else:
                account.call("s3", "DeleteBucketPolicy", Bucket=id_)
        if "acl" in changed:
            account.call("s3", "PutBucketAcl", Bucket=id_, ACL=new.get("acl") or "private")

    def delete(self, account: Account, id_: str, state: Properties) -> None:
        """DeleteBucket; with forceDestroy everything in it goes first."""
        if state.get("forceDestroy"):
            empty(account, id_, force=bool(state.get("objectLockEnabled")))
        account.call("s3", "DeleteBucket", Bucket=id_)


HOSTED_ZONES = {
    "us-east-1": "Z3AQBSTGFYJSTF",
    "us-east-2": "Z2O1EMRO9K5GLX",
    "us-west-1": "Z2F56UZL2M1ACD",
    "us-west-2": "Z3BJ6K6RIION7M",
    "eu-west-1": "Z1BKCTXD74EZPE",
    "eu-central-1": "Z21DNDUVLTQW6Q",
}
"""Source: the AWS General Reference, Amazon S3 website endpoints; other regions have none here."""
