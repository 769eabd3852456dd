"""The bucket that keeps a model's artifact, and the artifact in it under a key that never means anything else."""

import hashlib
import os
import re
from pathlib import Path
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws


class ArtifactBucketArgs(TypedDict):
    """What an ArtifactBucket is made from."""

    artifact: Path
    """The local model.tar.gz."""

    key_arn: pulumi.Input[str] | None
    """ARN of the KMS key that encrypts the artifact; with None, Amazon S3's own key does."""

    key_name: str
    """
    What the settings call that key (an alias, say): it is part of the object's key, and known in a preview.

    Another encryption of the same artifact is another object then: written over, the object would be encrypted with a
    key that the running release's role can't use.
    """

    retained: NotRequired[bool]
    """Whether bucket and artifacts stay when the stack moves on or goes: versions in a registry name them."""


class ArtifactBucket(pulumi.ComponentResource):
    """
    A private, versioned, encrypted bucket, and one object in it.

    Another artifact (or another encryption of it) is another object: the new one is written before anything moves to
    it, the old one goes when nothing uses it any more. The bucket's settings change in place; the bucket itself stays.
    """

    bucket: aws.s3.Bucket
    """The bucket; its name is generated."""

    object: aws.s3.BucketObjectv2
    """The artifact in it."""

    url: pulumi.Output[str]
    """`s3://<bucket>/<key>` of the artifact."""

    def __init__(self, name: str, args: ArtifactBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("holdfast:index:ArtifactBucket", name, {}, opts)
        retained = args.get("retained", False)
        child = pulumi.ResourceOptions(parent=self, retain_on_delete=retained)
        algorithm = "AES256" if args["key_arn"] is None else "aws:kms"
        self.bucket = aws.s3.Bucket(name, opts=child)
        versioning = aws.s3.BucketVersioning(
            name, bucket=self.bucket.bucket, versioning_configuration={"status": "Enabled"}, opts=child
        )
        encryption = aws.s3.BucketServerSideEncryptionConfiguration(
            name,
            bucket=self.bucket.bucket,
            rules=[
                {
                    "apply_server_side_encryption_by_default": {
                        "sse_algorithm": algorithm,
                        "kms_master_key_id": args["key_arn"],
                    },
                    "bucket_key_enabled": args["key_arn"] is not None,
                }
            ],
            opts=child,
        )
        block = aws.s3.BucketPublicAccessBlock(
            name,
            bucket=self.bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        ownership = aws.s3.BucketOwnershipControls(
            name, bucket=self.bucket.bucket, rule={"object_ownership": "BucketOwnerEnforced"}, opts=child
        )
        self.object = aws.s3.BucketObjectv2(
            name,
            bucket=self.bucket.bucket,
            key=object_key(sha256_of(args["artifact"]), args["key_name"]),
            source=pulumi.FileAsset(os.path.relpath(args["artifact"])),  # no path of this machine in the state
            content_type="application/gzip",
            server_side_encryption=algorithm,
            kms_key_id=args["key_arn"],
            opts=pulumi.ResourceOptions(
                parent=self,
                delete_before_replace=False,
                retain_on_delete=retained,
                depends_on=[versioning, encryption, block, ownership],
            ),
        )
        self.url = pulumi.Output.concat("s3://", self.bucket.bucket, "/", self.object.key)
        self.register_outputs({"url": self.url})


def object_key(digest: str, key_name: str) -> str:
    """The object's key: `models/<sha256 of the artifact>/<name of its encryption key>/model.tar.gz`."""
    return f"models/{digest}/{re.sub(r'[^A-Za-z0-9_-]', '-', key_name.rsplit('/', 1)[-1])}/model.tar.gz"


def sha256_of(artifact: Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal."""
    with artifact.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
