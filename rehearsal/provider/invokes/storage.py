"""Functions about buckets and objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.provider.types.s3 import HOSTED_ZONES

if TYPE_CHECKING:
    from rehearsal.provider.account import Account
    from rehearsal.values import Properties


def bucket(account: Account, arguments: Properties) -> Properties:
    """aws.s3.get_bucket."""
    name = arguments["bucket"]
    account.call("s3", "HeadBucket", Bucket=name)
    place = account.call("s3", "GetBucketLocation", Bucket=name).get("LocationConstraint") or "us-east-1"
    return {
        "id": name,
        "bucket": name,
        "arn": f"arn:{account.partition}:s3:::{name}",
        "bucketDomainName": f"{name}.s3.{account.domain}",
        "bucketRegionalDomainName": f"{name}.s3.{place}.{account.domain}",
        "bucketRegion": place,
        "hostedZoneId": HOSTED_ZONES.get(place, ""),
        "region": account.region,
        "websiteDomain": "",
        "websiteEndpoint": "",
    }


def object_(account: Account, arguments: Properties) -> Properties:
    """aws.s3.get_object: what HeadObject says; never the content."""
    name, key = arguments["bucket"], arguments["key"]
    asked = {"VersionId": arguments.get("versionId"), "ChecksumMode": arguments.get("checksumMode")}
    found = account.call("s3", "HeadObject", Bucket=name, Key=key, Range=arguments.get("range"), **asked)
    version = found.get("VersionId")
    tags = account.call(
        "s3", "GetObjectTagging", Bucket=name, Key=key, VersionId=version if version != "null" else None
    )
    return {
        "id": f"{name}/{key}",
        "bucket": name,
        "key": key,
        "arn": f"arn:{account.partition}:s3:::{name}/{key}",
        "body": "",
        "bodyBase64": "",
        "bucketKeyEnabled": bool(found.get("BucketKeyEnabled")),
        "cacheControl": found.get("CacheControl", ""),
        "contentDisposition": found.get("ContentDisposition", ""),
        "contentEncoding": found.get("ContentEncoding", ""),
        "contentLanguage": found.get("ContentLanguage", ""),
        "contentLength": int(found.get("ContentLength") or 0),
        "contentType": found.get("ContentType", ""),
        "etag": found["ETag"].strip('"'),
        "expiration": found.get("Expiration", ""),
        "expires": "",
        "lastModified": found["LastModified"].strftime("%a, %d %b %Y %H:%M:%S GMT"),
        "metadata": found.get("Metadata") or {},
        "serverSideEncryption": found.get("ServerSideEncryption", ""),
        "sseKmsKeyId": found.get("SSEKMSKeyId", ""),
        "storageClass": found.get("StorageClass") or "STANDARD",
        "versionId": version if version and version != "null" else "",
        "websiteRedirectLocation": found.get("WebsiteRedirectLocation", ""),
        "objectLockLegalHoldStatus": found.get("ObjectLockLegalHoldStatus", ""),
        "objectLockMode": found.get("ObjectLockMode", ""),
        "objectLockRetainUntilDate": "",
        "checksumCrc32": found.get("ChecksumCRC32", ""),
        "checksumCrc32c": found.get("ChecksumCRC32C", ""),
        "checksumCrc64nvme": found.get("ChecksumCRC64NVME", ""),
        "checksumSha1": found.get("ChecksumSHA1", ""),
        "checksumSha256": found.get("ChecksumSHA256", ""),
        "tags": {t["Key"]: t["Value"] for t in tags["TagSet"]},
        "region": account.region,
    }


FUNCTIONS = {
    "aws:s3/getBucket:getBucket": bucket,
    "aws:s3/getObject:getObject": object_,
}
