"""S3: what a bucket has one of: versioning, encryption, public access, ownership, policy. Source: the S3 API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, ClassVar

from rehearsal.provider.described import Limit, Resource
from rehearsal.provider.refusals import AccountRefusal, ProviderRefusal

if TYPE_CHECKING:
    from rehearsal.provider.account import Account
    from rehearsal.values import Properties
from rehearsal.provider.types.s3 import NO_BUCKET, STATUS, asked_encryption, encryption_rules


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
