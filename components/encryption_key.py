"""The customer managed KMS key that encrypts a model's artifact and the storage of the instances that serve it."""

import json
from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.account import Account, ask
from knowledge.cross_account import Reader, key_statements

DELETION_WINDOW = 30  # days; the longest that KMS gives to change one's mind (ScheduleKeyDeletion)


class EncryptionKeyArgs(TypedDict):
    """What an EncryptionKey is made from."""

    account: Account
    """Where the key lies; its IAM policies decide who may use it."""

    alias: str
    """Name of the alias, without `alias/`: letters, digits, `/`, `_`, `-`; at most 250 characters."""

    enabled: NotRequired[pulumi.Input[bool]]
    """Whether the key is enabled; true unless told otherwise. A disabled key breaks what it encrypts."""

    log_groups: NotRequired[Sequence[str]]
    """Names of the log groups that CloudWatch Logs may encrypt with it; none unless told otherwise."""

    readers: NotRequired[Sequence[Reader]]
    """Other accounts that decrypt what it encrypts; none unless told otherwise."""

    retained: NotRequired[bool]
    """Whether the key stays when the stack goes: it encrypts artifacts that versions in a registry name."""


class EncryptionKey(pulumi.ComponentResource):
    """
    A symmetric KMS key with yearly rotation, and its alias.

    Everything changes in place: `enabled` calls EnableKey or DisableKey, the policy PutKeyPolicy. Another `alias` is
    another alias of the same key.
    """

    key: aws.kms.Key
    """The key itself."""

    arn: pulumi.Output[str]
    """The key's ARN, not the alias's: an alias can be pointed at another key."""

    def __init__(self, name: str, args: EncryptionKeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("holdfast:index:EncryptionKey", name, {}, opts)
        self.key = aws.kms.Key(
            name,
            description=f"Artifact and instance storage of {args['alias']}",
            enable_key_rotation=True,
            is_enabled=args.get("enabled", True),
            deletion_window_in_days=DELETION_WINDOW,
            policy=json.dumps(key_policy(args["account"], args.get("log_groups", ()), args.get("readers", ()))),
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=args.get("retained", False)),
        )
        self.alias = aws.kms.Alias(
            name,
            name=f"alias/{args['alias']}",
            target_key_id=self.key.key_id,
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=False),
        )
        self.arn = self.key.arn
        self.register_outputs({"arn": self.arn})


def existing_key_arn(key: str) -> str:
    """
    ARN of a key that is there already; `key` is its alias (`alias/<name>`), its id or an ARN (kms:DescribeKey).

    Raises pulumi.RunError when there is no such key.
    """
    advice = (
        "Name a key that is there and open to these credentials; a stack whose key is gone is destroyed with "
        "`holdfast destroy --set key=none`."
    )
    return str(ask(f"for the KMS key {key!r} (setting key)", lambda: aws.kms.get_key(key_id=key), advice).arn)


def key_policy(account: Account, log_groups: Sequence[str] = (), readers: Sequence[Reader] = ()) -> dict[str, Any]:
    """
    The key policy: the account's own IAM policies decide.

    That is the default of CreateKey, written out, because a key whose policy isn't in the program can't be guarded.
    Execution roles get their use of the key from their own policy (page: "Default key policy", AWS KMS). CloudWatch
    Logs, which has no IAM policy, is let in for these log groups alone (page: "Encrypt log data in CloudWatch Logs
    using AWS Key Management Service"). `readers` are other accounts, which list or deploy a model that it encrypts.
    """
    statements: list[dict[str, Any]] = [
        {
            "Sid": "TheAccountsIamPoliciesDecide",
            "Effect": "Allow",
            "Principal": {"AWS": account.root},
            "Action": "kms:*",
            "Resource": "*",
        }
    ]
    if log_groups:
        groups = f"arn:{account.partition}:logs:{account.region}:{account.id}:log-group:"
        statements.append(
            {
                "Sid": "CloudWatchLogsEncryptsTheseGroups",
                "Effect": "Allow",
                "Principal": {"Service": f"logs.{account.region}.{account.dns_suffix}"},
                "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
                "Resource": "*",
                "Condition": {
                    "ArnEquals": {"kms:EncryptionContext:aws:logs:arn": [groups + name for name in log_groups]}
                },
            }
        )
    statements += key_statements(readers, account.partition)
    return {"Version": "2012-10-17", "Statement": statements}
