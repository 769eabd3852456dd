"""The registry account's side of a cross-account model registry: the group's policy, and who sees the group."""

import json
from collections.abc import Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from knowledge.cross_account import group_policy
from knowledge.model_packages import Place, group_of


class RegistryAccountAccessArgs(TypedDict):
    """What a RegistryAccountAccess is made from."""

    group_name: pulumi.Input[str]
    """Name of the model package group."""

    group_arn: pulumi.Input[str]
    """Its ARN."""

    training_accounts: Sequence[str]
    """Accounts (12 digits) that may register versions in it."""

    deploying_accounts: Sequence[str]
    """Accounts (12 digits) that may make models of its versions."""

    discoverable: NotRequired[bool]
    """Whether these accounts see the group in AWS RAM; accepting the invitation is theirs."""


class RegistryAccountAccess(pulumi.ComponentResource):
    """
    The policy of a model package group, by least privilege, and on request a resource share.

    Training accounts may register and read, deploying accounts read and make models; nobody of another account may
    change an approval. Both change in place.
    Pages: "Register a Model Version from a Different Account", "Deploy a Model Version from a Different Account",
    "Cross-account discoverability" (model-registry-ram).
    """

    policy: aws.sagemaker.ModelPackageGroupPolicy
    """The group's policy."""

    def __init__(self, name: str, args: RegistryAccountAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("holdfast:index:RegistryAccountAccess", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        training, deploying = list(args["training_accounts"]), list(args["deploying_accounts"])
        self.policy = aws.sagemaker.ModelPackageGroupPolicy(
            name,
            model_package_group_name=args["group_name"],
            resource_policy=pulumi.Output.from_input(args["group_arn"]).apply(
                lambda arn: json.dumps(group_policy(_place(arn), training, deploying))
            ),
            opts=child,
        )
        if args.get("discoverable"):
            self._share(name, args["group_arn"], list(dict.fromkeys([*training, *deploying])))
        self.register_outputs({"policy": self.policy.resource_policy})

    def _share(self, name: str, group_arn: pulumi.Input[str], accounts: list[str]) -> None:
        child = pulumi.ResourceOptions(parent=self)
        share = aws.ram.ResourceShare(name, allow_external_principals=True, opts=child)
        aws.ram.ResourceAssociation(name, resource_arn=group_arn, resource_share_arn=share.arn, opts=child)
        for account in accounts:
            aws.ram.PrincipalAssociation(
                f"{name}-{account}", principal=account, resource_share_arn=share.arn, opts=child
            )


def _place(arn: str) -> Place:
    place = group_of(arn)
    if place is None:
        raise ValueError(f"RegistryAccountAccess: {arn!r} is no ARN of a model package group")
    return place
