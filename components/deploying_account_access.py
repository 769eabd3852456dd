"""The deploying account's side of a cross-account model registry: its own identities may use the group's versions."""

import json
from collections.abc import Sequence
from typing import TypedDict

import pulumi
import pulumi_aws as aws

from components.account import Account
from knowledge.cross_account import deployer_policy
from knowledge.model_packages import Place


class DeployingAccountAccessArgs(TypedDict):
    """What a DeployingAccountAccess is made from."""

    account: Account
    """The deploying account."""

    group: Place
    """The group, in the registry account."""

    deployers: Sequence[str]
    """Names of the roles of this account that deploy."""


class DeployingAccountAccess(pulumi.ComponentResource):
    """
    The rights of who deploys: read the group, describe its versions, make models of them. All changes in place.

    Another account's document alone opens nothing: the caller's own account has to allow it as well. What the model
    itself needs (pull the image, read and decrypt the artifact) are the execution role's rights (ExecutionRole).
    Page: "Deploy a Model Version from a Different Account".
    """

    policy: aws.iam.Policy
    """The managed policy; attached to the roles named, and ready for others."""

    def __init__(self, name: str, args: DeployingAccountAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("holdfast:index:DeployingAccountAccess", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        here = args["account"]
        models = f"arn:{here.partition}:sagemaker:{here.region}:{here.id}:model/*"
        self.policy = aws.iam.Policy(name, policy=json.dumps(deployer_policy(args["group"], models)), opts=child)
        for role in args["deployers"]:
            aws.iam.RolePolicyAttachment(f"{name}-{role}", role=role, policy_arn=self.policy.arn, opts=child)
        self.register_outputs({"policyArn": self.policy.arn})
