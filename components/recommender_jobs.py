"""
What recommendation jobs need besides a network: a role of their own, and a bucket for sample payloads and records.

Page: "Prerequisites for using Amazon SageMaker Inference Recommender" (SageMaker Developer Guide,
inference-recommender-prerequisites).
"""

import json
from collections.abc import Sequence
from typing import TypedDict

import pulumi
import pulumi_aws as aws

from components import names
from components.account import Account
from knowledge.permissions import Facts, document_of, needs_of, trust_document
from knowledge.recommendations import job_needs, job_prefix

KEPT = 90  # days after which a payload goes; a job that asks for it again uploads it again
PAYLOADS, RECORDS = "payloads/", "records/"


class RecommenderJobsArgs(TypedDict):
    """What RecommenderJobs are made from."""

    account: Account
    """Where the jobs run."""

    job_prefix: str
    """How the names of the jobs begin: the endpoint's name."""

    images: Sequence[pulumi.Input[str]]
    """The model's images, which a job's endpoints pull."""

    artifact_urls: Sequence[pulumi.Input[str]]
    """S3 URLs of the model's artifacts."""

    key_arn: pulumi.Input[str] | None
    """ARN of the KMS key that encrypts the artifact, the payloads, and what jobs write; None without one."""

    own_role: bool
    """Whether the jobs' role is made here."""

    own_bucket: bool
    """Whether the bucket is made here."""


class RecommenderJobs(pulumi.ComponentResource):
    """
    A role that SageMaker assumes for jobs alone, so that the endpoint's own role stays as narrow as it is; a bucket.

    The bucket is deleted with what is in it: payloads can be packed again, and AWS keeps the results of jobs.
    """

    role: aws.iam.Role | None
    """The jobs' role, if it is made here."""

    bucket: aws.s3.Bucket | None
    """The bucket, if it is made here."""

    def __init__(self, name: str, args: RecommenderJobsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("holdfast:index:RecommenderJobs", name, {}, opts)
        self._own = names.logical(f"{name}-recommender")
        self._child = pulumi.ResourceOptions(parent=self)
        self.bucket = self._make_bucket(args["key_arn"]) if args["own_bucket"] else None
        self.role = self._make_role(args) if args["own_role"] else None
        self.register_outputs({})

    def _make_bucket(self, key_arn: pulumi.Input[str] | None) -> aws.s3.Bucket:
        bucket = aws.s3.Bucket(self._own, force_destroy=True, opts=self._child)
        default = {"sse_algorithm": "AES256" if key_arn is None else "aws:kms", "kms_master_key_id": key_arn}
        aws.s3.BucketServerSideEncryptionConfiguration(
            self._own,
            bucket=bucket.bucket,
            rules=[{"apply_server_side_encryption_by_default": default, "bucket_key_enabled": key_arn is not None}],
            opts=self._child,
        )
        aws.s3.BucketPublicAccessBlock(
            self._own,
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self._child,
        )
        aws.s3.BucketLifecycleConfiguration(
            self._own,
            bucket=bucket.bucket,
            rules=[
                {
                    "id": "payloads",
                    "status": "Enabled",
                    "filter": {"prefix": PAYLOADS},
                    "expiration": {"days": KEPT},
                }
            ],
            opts=self._child,
        )
        return bucket

    def _make_role(self, args: RecommenderJobsArgs) -> aws.iam.Role:
        role = aws.iam.Role(
            self._own,
            description=f"Assumed by SageMaker for recommendation jobs of {args['job_prefix']}",
            assume_role_policy=json.dumps(trust_document()),
            opts=self._child,
        )
        bucket = self.bucket.arn if self.bucket else "*"
        known = pulumi.Output.all(role.arn, [*args["images"]], [*args["artifact_urls"]], args["key_arn"], bucket)
        aws.iam.RolePolicy(
            f"{self._own}-jobs",
            role=role.name,
            policy=known.apply(lambda all_: job_document(args["account"], args["job_prefix"], *all_)),
            opts=self._child,
        )
        return role


def job_document(  # noqa: PLR0913, PLR0917 - what a job refers to
    account: Account,
    prefix: str,
    role_arn: str,
    images: Sequence[str],
    artifact_urls: Sequence[str],
    key_arn: str | None,
    bucket_arn: str,
) -> str:
    """The rights of the jobs' role (JSON), the network's eleven left out."""
    keys = (key_arn,) if key_arn else ()
    facts = Facts(
        images=tuple(images),
        artifacts=tuple(artifact_urls),
        artifact_keys=keys,
        volume_keys=keys,
        output_keys=keys,
        partition=account.partition,
        region=account.region,
        account=account.id,
    )
    needs = (
        *needs_of(facts),
        *job_needs(account.partition, account.region, account.id, job_prefix(prefix), bucket_arn),
    )
    document = document_of(dict.fromkeys(needs))
    document["Statement"].append(
        {
            "Effect": "Allow",
            "Action": ["iam:PassRole"],
            "Resource": role_arn,
            "Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        }
    )
    return json.dumps(document)
