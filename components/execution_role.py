"""The IAM role that SageMaker assumes for a model, and the rights that one release of the model needs."""

import json
from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.account import Account
from knowledge.permissions import Facts, document_of, needs_of, trust_document
from knowledge.session_manager import agent_needs


class ExecutionRoleArgs(TypedDict):
    """What an ExecutionRole is made from: all that the model refers to."""

    account: Account
    """Where the endpoint lives."""

    images: Sequence[pulumi.Input[str]]
    """References of the images of its containers."""

    artifact_urls: Sequence[pulumi.Input[str]]
    """S3 URLs of their artifacts."""

    artifact_key_arns: Sequence[pulumi.Input[str]]
    """ARNs of the KMS keys that encrypt the artifacts, if there are any."""

    volume_key_arn: pulumi.Input[str] | None
    """ARN of the KMS key that the endpoint configuration names, if it names one."""

    credential_functions: NotRequired[Sequence[pulumi.Input[str]]]
    """ARNs of the functions that tell a private registry's credentials: exactly these may be invoked."""

    ssm_access: bool
    """Whether the SSM agent runs beside the containers and needs its channels."""

    permissions: NotRequired[str | None]
    """An IAM policy document (JSON) in the place of the generated one."""


class ExecutionRole(pulumi.ComponentResource):
    """
    A role that SageMaker alone may assume, with the rights of this release and no others.

    The role stays. Its rights are a policy of the release: when they change, the new ones are created before anything
    moves and the old ones are deleted after everything has, so that old and new instances both find theirs.
    IAM takes 10,240 characters of inline policies in a role, white space not counted; in a roll, old and new rights
    share them.
    """

    role: aws.iam.Role
    """The role itself."""

    rights: aws.iam.RolePolicy
    """The rights of this release. What uses the role depends on them, or they would go too early."""

    arn: pulumi.Output[str]
    """The role's ARN."""

    def __init__(self, name: str, args: ExecutionRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("holdfast:index:ExecutionRole", name, {}, opts)
        self.role = aws.iam.Role(
            name,
            description=f"Assumed by SageMaker for the model {name}",
            assume_role_policy=json.dumps(trust_document()),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.rights = aws.iam.RolePolicy(
            name,
            role=self.role.name,
            policy=_document(args),
            opts=pulumi.ResourceOptions(parent=self, replace_on_changes=["policy"], delete_before_replace=False),
        )
        self.arn = self.role.arn
        self.register_outputs({"arn": self.arn})


def _document(args: ExecutionRoleArgs) -> pulumi.Input[str]:
    given = args.get("permissions")
    if given is not None:
        return json.dumps(json.loads(given))  # white space is no change of rights
    account = args["account"]
    return pulumi.Output.all(
        [*args["images"]],
        [*args["artifact_urls"]],
        [*args["artifact_key_arns"]],
        args["volume_key_arn"],
        [*args.get("credential_functions", [])],
    ).apply(
        lambda known: json.dumps(
            least_privilege(
                Facts(
                    images=tuple(known[0]),
                    artifacts=tuple(known[1]),
                    artifact_keys=tuple(known[2]),
                    volume_keys=(known[3],) if known[3] else (),
                    vpc=True,
                    credential_functions=tuple(known[4]),
                    partition=account.partition,
                    region=account.region,
                    account=account.id,
                ),
                ssm_access=args["ssm_access"],
            )
        )
    )


def least_privilege(facts: Facts, *, ssm_access: bool) -> dict[str, Any]:
    """
    The policy document with which SageMaker can run this model, and nothing else.

    Pages: "How to use SageMaker AI execution roles", CreateModel API; for `ssm_access` "Access containers through SSM",
    Endpoint IAM permissions (ssm-access).
    """
    needs = needs_of(facts)
    if ssm_access:
        needs += agent_needs(facts.partition, facts.region, facts.account)
    return document_of(needs)
