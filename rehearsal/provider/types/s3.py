"""S3: Bucket and what hangs on it, and objects. Source: the S3 API reference."""

from __future__ import annotations

import base64
import json
import mimetypes
import posixpath
from typing import TYPE_CHECKING, Any, ClassVar

from rehearsal.provider import files
from rehearsal.provider.described import AutoName, Limit, Resource, unique_name
from rehearsal.provider.refusals import AccountRefusal, HalfMade, ProviderRefusal
from rehearsal.provider.tagging import Tagging
from rehearsal.values import Archive, Asset, Properties

if TYPE_CHECKING:
    from rehearsal.provider.account import Account

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


class OfBucket(Resource):
    """Something a bucket has one of: its id is the bucket's name."""

    service = "s3"
    id_property = "bucket"
    replaces: ClassVar[tuple[str, ...]] = ("bucket", "region")
    missing: ClassVar[tuple[tuple[str, str], ...]] = NO_BUCKET

    def put(self, account: Account, bucket: str, inputs: Properties) -> None:
        """Set it."""
        raise NotImplementedError

    def create(self, account: Account, inputs: Properties) -> str:
        """Set it."""
        bucket = str(inputs["bucket"])
        self.put(account, bucket, inputs)
        owner = inputs.get("expectedBucketOwner")
        return f"{bucket},{owner}" if owner else bucket

    def update(self, account: Account, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Set it again."""
        self.put(account, id_.partition(",")[0], new)


class BucketVersioning(OfBucket):
    """Whether a bucket keeps versions."""

    token = "aws:s3/bucketVersioning:BucketVersioning"
    noun = "S3 BucketVersioning"
    replaces = ("bucket", "expectedBucketOwner", "region")
    optional_computed = ("versioningConfiguration.mfaDelete",)
    limits = {"versioningConfiguration.status": STATUS}
    unread = ("mfa", "expectedBucketOwner")

    def put(self, account: Account, bucket: str, inputs: Properties) -> None:
        """PutBucketVersioning; a bucket that never had versions needs no call to be Disabled."""
        wanted = inputs["versioningConfiguration"]
        if wanted["status"] == "Disabled":
            return
        asked = {"Status": wanted["status"]}
        if wanted.get("mfaDelete"):
            asked["MFADelete"] = wanted["mfaDelete"]
        account.call("s3", "PutBucketVersioning", Bucket=bucket, VersioningConfiguration=asked, MFA=inputs.get("mfa"))

    def read(self, account: Account, id_: str, state: Properties) -> Properties | None:
        """GetBucketVersioning."""
        bucket = id_.partition(",")[0]
        found = account.call("s3", "GetBucketVersioning", Bucket=bucket)
        made = {"status": found.get("Status") or "Disabled"}
        if found.get("MFADelete"):
            made["mfaDelete"] = found["MFADelete"]
        return {"bucket": bucket, "versioningConfiguration": made}

    def update(self, account: Account, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Versions can be suspended, never unmade."""
        if new["versioningConfiguration"]["status"] == "Disabled":
            raise ProviderRefusal(
                f"versioning of bucket {new['bucket']} can't be Disabled any more: use Suspended",
            )
        super().update(account, id_, old, new, changed)

    def delete(self, account: Account, id_: str, state: Properties) -> None:
        """Suspend it."""
        if (state.get("versioningConfiguration") or {}).get("status") == "Disabled":
            return
        try:
            suspended = {"Status": "Suspended"}
            account.call("s3", "PutBucketVersioning", Bucket=id_.partition(",")[0], VersioningConfiguration=suspended)
        except AccountRefusal as refusal:
            # With Object Lock on, versions can't be suspended; Terraform lets it be.
            if not refusal.says("InvalidBucketState"):
                raise


class BucketServerSideEncryptionConfiguration(OfBucket):
    """How a bucket encrypts what is put without saying how."""

    token = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    noun = "S3 BucketServerSideEncryptionConfiguration"
    sets = ("rules",)
    limits = {
        "rules[].applyServerSideEncryptionByDefault.sseAlgorithm": Limit(choices=("AES256", "aws:kms", "aws:kms:dsse"))
    }
    missing = (*NO_BUCKET, ("ServerSideEncryptionConfigurationNotFoundError", ""))
    optional_computed = ("rules[].blockedEncryptionTypes",)
    unread = ("expectedBucketOwner",)

    def put(self, account: Account, bucket: str, inputs: Properties) -> None:
        """PutBucketEncryption."""
        asked = asked_encryption(inputs["rules"])
        account.call("s3", "PutBucketEncryption", Bucket=bucket, ServerSideEncryptionConfiguration=asked)

    def replaced_by(self, path: str, state: Properties, news: Properties) -> bool:
        """Another owner is another bucket; naming the own one for the first time isn't."""
        return path == "expectedBucketOwner" and bool(state.get("expectedBucketOwner"))

    def read(self, account: Account, id_: str, state: Properties) -> Properties | None:
        """GetBucketEncryption."""
        bucket = id_.partition(",")[0]
        return {"bucket": bucket, "rules": encryption_rules(account.call("s3", "GetBucketEncryption", Bucket=bucket))}

    def delete(self, account: Account, id_: str, state: Properties) -> None:
        """DeleteBucketEncryption: S3's own default comes back."""
        account.call("s3", "DeleteBucketEncryption", Bucket=id_.partition(",")[0])


class BucketPublicAccessBlock(OfBucket):
    """What of a bucket may never be public."""

    token = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
    noun = "S3 BucketPublicAccessBlock"
    flags = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    defaults = dict.fromkeys(flags, False)
    missing = (*NO_BUCKET, ("NoSuchPublicAccessBlockConfiguration", ""))
    unread = ("skipDestroy",)

    def put(self, account: Account, bucket: str, inputs: Properties) -> None:
        """PutPublicAccessBlock."""
        asked = {name[0].upper() + name[1:]: bool(inputs.get(name)) for name in self.flags}
        account.call("s3", "PutPublicAccessBlock", Bucket=bucket, PublicAccessBlockConfiguration=asked)

    def read(self, account: Account, id_: str, state: Properties) -> Properties | None:
        """GetPublicAccessBlock."""
        found = account.call("s3", "GetPublicAccessBlock", Bucket=id_)["PublicAccessBlockConfiguration"]
        return {"bucket": id_, **{name: bool(found.get(name[0].upper() + name[1:])) for name in self.flags}}

    def delete(self, account: Account, id_: str, state: Properties) -> None:
        """DeletePublicAccessBlock."""
        if not state.get("skipDestroy"):
            account.call("s3", "DeletePublicAccessBlock", Bucket=id_)


class BucketOwnershipControls(OfBucket):
    """Who owns what others put into a bucket, and with that whether ACLs count."""

    token = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
    noun = "S3 BucketOwnershipControls"
    limits = {
        "rule.objectOwnership": Limit(choices=("BucketOwnerPreferred", "ObjectWriter", "BucketOwnerEnforced")),
    }
    missing = (*NO_BUCKET, ("OwnershipControlsNotFoundError", ""))

    def put(self, account: Account, bucket: str, inputs: Properties) -> None:
        """PutBucketOwnershipControls."""
        rule = {"ObjectOwnership": inputs["rule"]["objectOwnership"]}
        account.call("s3", "PutBucketOwnershipControls", Bucket=bucket, OwnershipControls={"Rules": [rule]})

    def read(self, account: Account, id_: str, state: Properties) -> Properties | None:
        """GetBucketOwnershipControls."""
        found = account.call("s3", "GetBucketOwnershipControls", Bucket=id_)["OwnershipControls"]["Rules"]
        return {"bucket": id_, "rule": {"objectOwnership": found[0]["ObjectOwnership"]}}

    def delete(self, account: Account, id_: str, state: Properties) -> None:
        """DeleteBucketOwnershipControls."""
        account.call("s3", "DeleteBucketOwnershipControls", Bucket=id_)


class BucketPolicy(OfBucket):
    """A bucket's policy."""

    token = "aws:s3/bucketPolicy:BucketPolicy"
    noun = "S3 BucketPolicy"
    documents = ("policy",)
    missing = (*NO_BUCKET, ("NoSuchBucketPolicy", ""))

    def put(self, account: Account, bucket: str, inputs: Properties) -> None:
        """PutBucketPolicy."""
        policy = inputs["policy"]
        account.call(
            "s3", "PutBucketPolicy", Bucket=bucket, Policy=policy if isinstance(policy, str) else json.dumps(policy)
        )

    def read(self, account: Account, id_: str, state: Properties) -> Properties | None:
        """GetBucketPolicy."""
        return {"bucket": id_, "policy": account.call("s3", "GetBucketPolicy", Bucket=id_)["Policy"]}

    def delete(self, account: Account, id_: str, state: Properties) -> None:
        """DeleteBucketPolicy."""
        account.call("s3", "DeleteBucketPolicy", Bucket=id_)


class ObjectTagging(BucketTagging):
    """S3 replaces an object's tags as a whole."""

    def read(self, account: Account, id_: str, state: dict[str, Any]) -> dict[str, str]:
        """The tags that are there."""
        bucket, _, key = id_.partition("/")
        return self.parsed(account.call("s3", "GetObjectTagging", Bucket=bucket, Key=key)["TagSet"])

    def change(
        self, account: Account, id_: str, state: dict[str, Any], old: dict[str, str], new: dict[str, str]
    ) -> None:
        """Put all, or delete all."""
        bucket, _, key = id_.partition("/")
        if new:
            account.call("s3", "PutObjectTagging", Bucket=bucket, Key=key, Tagging={"TagSet": self.written(new)})
        else:
            account.call("s3", "DeleteObjectTagging", Bucket=bucket, Key=key)


def clean(key: str) -> str:
    """A key as Terraform cleans it: no leading ./ or /, no repeated /."""
    cleaned = posixpath.normpath("/" + key).lstrip("/")
    return cleaned + "/" if key.endswith("/") and cleaned else cleaned


class BucketObjectv2(Resource):
    """An object: a file, a text or base64."""

    token = "aws:s3/bucketObjectv2:BucketObjectv2"
    noun = "S3 Object"
    service = "s3"
    defaults = {"forceDestroy": False}
    conflicts = (("source", "content", "contentBase64"),)
    replaces = ("bucket", "key", "region")
    optional_computed = (
        "acl",
        "bucketKeyEnabled",
        "contentType",
        "etag",
        "kmsKeyId",
        "serverSideEncryption",
        "storageClass",
    )
    unread = (
        "source",
        "content",
        "contentBase64",
        "sourceHash",
        "forceDestroy",
        "acl",
        "checksumAlgorithm",
        "overrideProvider",
    )
    lacks = ("objectLockLegalHoldStatus", "objectLockMode", "objectLockRetainUntilDate", "overrideProvider")
    uploads = (
        "source",
        "content",
        "contentBase64",
        "sourceHash",
        "bucketKeyEnabled",
        "cacheControl",
        "checksumAlgorithm",
        "contentDisposition",
        "contentEncoding",
        "contentLanguage",
        "contentType",
        "etag",
        "kmsKeyId",
        "metadata",
        "serverSideEncryption",
        "storageClass",
        "websiteRedirect",
    )
    recomputed = {"versionId": uploads, "etag": ("source", "content", "contentBase64", "sourceHash")}
    headers = {
        "cacheControl": "CacheControl",
        "contentDisposition": "ContentDisposition",
        "contentEncoding": "ContentEncoding",
        "contentLanguage": "ContentLanguage",
        "contentType": "ContentType",
        "websiteRedirect": "WebsiteRedirectLocation",
    }
    missing = (*NO_BUCKET, ("NoSuchKey", ""))
    tagging = ObjectTagging(
        "s3", "PutObjectTagging", "DeleteObjectTagging", "GetObjectTagging", "Key", "id", shown="TagSet"
    )

    def named(self, inputs: Properties, logical_name: str) -> Properties:
        """The key is the logical name unless it is given; no random digits."""
        return {"key": logical_name}

    def _body(self, inputs: Properties) -> bytes:
        source = inputs.get("source")
        if isinstance(source, Asset):
            return files.content(source)
        if isinstance(source, Archive):
            return files.packed(source)
        if isinstance(source, str):
            return files.content(Asset(path=source))
        if inputs.get("contentBase64") is not None:
            return base64.b64decode(inputs["contentBase64"])
        return str(inputs.get("content", "")).encode()

    def create(self, account: Account, inputs: Properties) -> str:
        """PutObject."""
        bucket, key = str(inputs["bucket"]), clean(str(inputs["key"]))
        asked: dict[str, Any] = {api: inputs.get(name) for name, api in self.headers.items()}
        asked["ContentType"] = asked["ContentType"] or mimetypes.guess_type(key)[0] or "application/octet-stream"
        asked["ACL"], asked["StorageClass"] = inputs.get("acl"), inputs.get("storageClass")
        asked["ServerSideEncryption"] = inputs.get("serverSideEncryption")
        asked["Metadata"] = inputs.get("metadata") or None
        asked["ChecksumAlgorithm"] = inputs.get("checksumAlgorithm")
        if inputs.get("kmsKeyId"):
            asked |= {
                "SSEKMSKeyId": inputs["kmsKeyId"],
                "ServerSideEncryption": inputs.get("serverSideEncryption") or "aws:kms",
            }
        if inputs.get("bucketKeyEnabled"):
            asked["BucketKeyEnabled"] = True
        account.call("s3", "PutObject", Bucket=bucket, Key=key, Body=self._body(inputs), **asked)
        id_ = f"{bucket}/{key}"
        if inputs.get("tags"):
            try:
                self.tagging.change(account, id_, {}, {}, inputs["tags"])
            except ProviderRefusal as refusal:
                raise HalfMade(id_, refusal) from refusal
        return id_

    def read(self, account: Account, id_: str, state: Properties) -> Properties | None:
        """HeadObject."""
        bucket, _, key = id_.partition("/")
        found = account.call("s3", "HeadObject", Bucket=bucket, Key=key, ChecksumMode="ENABLED")
        version = found.get("VersionId")
        checksums = ("Crc32", "Crc32c", "Crc64nvme", "Sha1", "Sha256")
        told = {
            "bucket": bucket,
            "key": state["key"] if clean(str(state.get("key", ""))) == key else key,
            "arn": f"arn:{account.partition}:s3:::{bucket}/{key}",
            "etag": found["ETag"].strip('"'),
            "versionId": version if version and version != "null" else None,
            "kmsKeyId": found.get("SSEKMSKeyId"),
            "serverSideEncryption": found.get("ServerSideEncryption"),
            "storageClass": found.get("StorageClass") or "STANDARD",
            "bucketKeyEnabled": bool(found.get("BucketKeyEnabled")),
            "metadata": found.get("Metadata") or {},
            **{name: found.get(api) for name, api in self.headers.items()},
            **{f"checksum{name}": found.get(f"Checksum{name.upper()}") for name in checksums},
        }
        return {name: value for name, value in told.items() if value is not None or name in state}

    def update(self, account: Account, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Any change of content or header uploads the whole object again."""
        if changed & set(self.uploads):
            self.create(account, new)
        elif "acl" in changed:
            bucket, _, key = id_.partition("/")
            account.call("s3", "PutObjectAcl", Bucket=bucket, Key=key, ACL=new.get("acl") or "private")

    def delete(self, account: Account, id_: str, state: Properties) -> None:
        """DeleteObject; of a versioned one every version."""
        bucket, _, key = id_.partition("/")
        if state.get("versionId"):
            empty(account, bucket, key, only=key, force=bool(state.get("forceDestroy")))
        else:
            account.call("s3", "DeleteObject", Bucket=bucket, Key=key)

    def imported(self, account: Account, id_: str) -> Properties:
        """The id says both."""
        bucket, _, key = id_.partition("/")
        return {"bucket": bucket, "key": key}
