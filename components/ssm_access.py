"""
Access to an endpoint's containers through SSM: for a while, on a development stack, logged, and with its price told.

Page: "Access containers through SSM" (SageMaker Developer Guide, ssm-access). The switch itself, EnableSSMAccess, is
the endpoint configuration's; here is what has to be there beside it, and what remains when it is off again: the log.
"""

import datetime as dt
import json
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components import tags
from components.account import Account
from knowledge import end_dates
from knowledge.session_manager import COST, UserFacts, log_groups, session_document, user_document

RETENTION = 30  # days for which the log is kept


class SsmAccessArgs(TypedDict):
    """What an SsmAccess is made from."""

    account: Account
    """Where the endpoint lives."""

    endpoint_name: str
    """The endpoint's own name."""

    enabled: bool
    """Whether the access is on. Off, the log groups alone are there: the log survives the access."""

    until: str | None
    """The end date, with a time zone (ISO 8601). Neither a missing nor a past one is refused here: a rule does it."""

    key_arn: NotRequired[pulumi.Input[str] | None]
    """ARN of the KMS key that encrypts the log; its policy must let CloudWatch Logs in."""


class SsmAccess(pulumi.ComponentResource):
    """
    The log group of sessions, the document that sends them there, and a policy for those who may open one.

    SageMaker makes an endpoint's log group by itself, without a key and for ever, unless it is there: so it is made
    before the endpoint, from the first day of a development stack on. AWS's pages spell its name in two ways, which are
    two log groups to CloudWatch Logs: both are made, and nobody has to know which one is meant.
    """

    log_groups: list[aws.cloudwatch.LogGroup]
    """Both spellings, `/aws/sagemaker/Endpoints/...` first."""

    document: aws.ssm.Document | None
    """The session document, while the access is on."""

    user_policy: aws.iam.Policy | None
    """The managed policy to attach to whoever debugs, while the access is on."""

    tags: dict[str, pulumi.Input[str]]
    """For configuration and endpoint: until when, and with which document. Empty while the access is off."""

    def __init__(self, name: str, args: SsmAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("holdfast:index:SsmAccess", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        endpoint, self._until = args["endpoint_name"], args["until"]
        key_arn = args.get("key_arn")
        self.log_groups = [
            aws.cloudwatch.LogGroup(
                f"{name}{suffix}", name=group, retention_in_days=RETENTION, kms_key_id=key_arn, opts=child
            )
            for suffix, group in zip(("", "-ssm"), log_groups(endpoint), strict=True)
        ]
        self.document, self.user_policy, self.tags = None, None, {}
        if args["enabled"]:
            self._open(name, args, child)
        self.register_outputs({"logGroupNames": [group.name for group in self.log_groups]})

    def stack_outputs(self) -> dict[str, pulumi.Input[str] | None]:
        """What a stack should export of it, while the access is on."""
        return {"ssmAccessUntil": self._until, "ssmUserPolicyArn": self.user_policy.arn} if self.user_policy else {}

    def _open(self, name: str, args: SsmAccessArgs, child: pulumi.ResourceOptions) -> None:
        """What is there only while the access is on."""
        endpoint, account = args["endpoint_name"], args["account"]
        document_name = f"{endpoint}-session"
        self.document = aws.ssm.Document(
            name,
            name=document_name,
            document_type="Session",
            document_format="JSON",
            content=json.dumps(session_document(endpoint, encrypted=args.get("key_arn") is not None)),
            opts=pulumi.ResourceOptions.merge(
                child, pulumi.ResourceOptions(replace_on_changes=["content"], delete_before_replace=True)
            ),
        )
        facts = UserFacts(
            partition=account.partition,
            region=account.region,
            account=account.id,
            endpoint=endpoint,
            document=document_name,
            until=_moment(args["until"]),
        )
        self.user_policy = aws.iam.Policy(
            f"{name}-ssm",
            description=f"Open shells in the containers of the endpoint {endpoint}, logged, until its end date",
            policy=json.dumps(user_document(facts)),
            opts=child,
        )
        self.tags = tags.of_ssm_access(args["until"], self.document.name)
        until = f"until {args['until']} ({end_dates.left(facts.until)})" if facts.until else "without an end date"
        pulumi.log.warn(f"Access to the containers of {endpoint} through SSM is on {until}. {COST}", self)


def _moment(until: str | None) -> dt.datetime | None:
    """The end date, or None when there is none that can be read: the rule refuses that."""
    if not until:
        return None
    try:
        return end_dates.read(until)
    except end_dates.EndDateError:
        return None
