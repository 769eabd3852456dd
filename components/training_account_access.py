"""The training account's side of a cross-account model registry: who else reads image and artifact, and decrypts it."""

import json
from collections.abc import Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.account import Account
from knowledge.arns import parse_image
from knowledge.cross_account import GRANT_OPERATIONS, Reader, bucket_policy, registrar_policy, repository_policy, root
from knowledge.model_packages import Place


class TrainingAccountAccessArgs(TypedDict):
    """What a TrainingAccountAccess is made from."""

    account: Account
    """The training account."""

    readers: Sequence[Reader]
    """The registry's account and those that will deploy."""

    images: Sequence[str]
    """References of the images; the policies of those repositories that are this account's are set."""

    bucket: NotRequired[pulumi.Input[str] | None]
    """Name of the artifacts' bucket, where its policy is to be set."""

    key_arn: pulumi.Input[str]
    """ARN of the KMS key that encrypts the artifacts. Models cross accounts only with a customer key."""

    grants: bool
    """Whether the readers get a grant of that key; False where its policy lets them in (EncryptionKey, `readers`)."""

    group: NotRequired[Place | None]
    """The group in the registry account, for the rights of those who register."""

    registrars: NotRequired[Sequence[str]]
    """Names of the roles of this account that register versions there."""


class TrainingAccountAccess(pulumi.ComponentResource):
    """
    Repository policy, bucket policy and use of the key for each reader, and the rights of who registers.

    A repository has one policy: the one made here takes the place of any other. All of it changes in place, but the
    grants: with another reader or key, the new one is there before the old one goes.
    Page: "Register a Model Version from a Different Account"; its bucket policy names no bucket (an f-string's prefix
    is missing) and its grant names a bare account number. Here each document names what it is about.
    """

    ready: list[pulumi.Resource]
    """What has to be there before a version is registered."""

    def __init__(self, name: str, args: TrainingAccountAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("holdfast:index:TrainingAccountAccess", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        account, readers = args["account"], list(args["readers"])
        self.ready = []
        for repository in _repositories(args["images"], account):
            self.ready.append(
                aws.ecr.RepositoryPolicy(
                    f"{name}-{repository.replace('/', '-')}",
                    repository=repository,
                    policy=json.dumps(repository_policy(readers, account.partition)),
                    opts=child,
                )
            )
        bucket = args.get("bucket")
        if bucket is not None:
            document = pulumi.Output.from_input(bucket).apply(
                lambda one: json.dumps(bucket_policy(readers, one, account.partition))
            )
            self.ready.append(aws.s3.BucketPolicy(name, bucket=bucket, policy=document, opts=child))
        for reader in readers if args["grants"] else ():
            self.ready.append(
                aws.kms.Grant(
                    f"{name}-{reader.part}-{reader.account}",
                    key_id=args["key_arn"],
                    grantee_principal=root(reader.account, account.partition),
                    operations=sorted(GRANT_OPERATIONS[reader.part]),
                    opts=child,
                )
            )
        group, roles = args.get("group"), args.get("registrars", [])
        if group is not None and roles:
            policy = aws.iam.Policy(name, policy=json.dumps(registrar_policy(group)), opts=child)
            for role in roles:
                attached = aws.iam.RolePolicyAttachment(f"{name}-{role}", role=role, policy_arn=policy.arn, opts=child)
                self.ready.append(attached)
        self.register_outputs({})


def _repositories(images: Sequence[str], account: Account) -> list[str]:
    """The names of the images' repositories in this account and Region."""
    parsed = [parse_image(reference) for reference in images]
    return list(
        dict.fromkeys(one.repository for one in parsed if one.account == account.id and one.region == account.region)
    )
