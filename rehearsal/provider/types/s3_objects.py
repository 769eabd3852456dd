"""S3: objects. Source: the S3 API reference (PutObject, HeadObject)."""

from __future__ import annotations

import base64
import mimetypes
import posixpath
from typing import TYPE_CHECKING, Any

from rehearsal.provider import files
from rehearsal.provider.described import Resource
from rehearsal.provider.refusals import HalfMade, ProviderRefusal
from rehearsal.values import Archive, Asset, Properties

if TYPE_CHECKING:
    from rehearsal.provider.account import Account
from rehearsal.provider.types.s3 import NO_BUCKET, BucketTagging, empty


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
