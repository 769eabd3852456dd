"""CloudWatch Logs: LogGroup. Source: the CloudWatch Logs API reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.provider.described import AutoName, Limit, Resource, unique_name
from rehearsal.provider.refusals import AccountRefusal, HalfMade, ProviderRefusal
from rehearsal.provider.tagging import Tagging

if TYPE_CHECKING:
    from rehearsal.provider.account import Account
    from rehearsal.values import Properties

DAYS = (0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)


class LogGroup(Resource):
    """Where log streams go."""

    token = "aws:cloudwatch/logGroup:LogGroup"
    noun = "CloudWatch LogGroup"
    service = "logs"
    auto_name = AutoName(limit=255, unless=("namePrefix",))
    conflicts = (("name", "namePrefix"),)
    defaults = {"retentionInDays": 0, "skipDestroy": False}
    limits = {
        "name": Limit(r"[.\-_/#A-Za-z0-9]+", "may hold only letters, digits and . - _ / #", longest=512),
        "retentionInDays": Limit(choices=DAYS),
    }
    replaces = ("name", "namePrefix", "logGroupClass", "region")
    optional_computed = ("deletionProtectionEnabled", "logGroupClass", "name", "namePrefix")
    unread = ("namePrefix", "skipDestroy", "deletionProtectionEnabled")
    create_operation, read_operation = "CreateLogGroup", "DescribeLogGroups"
    answer = "logGroups"
    renames = {"name": "logGroupName"}
    missing = (("ResourceNotFoundException", ""),)
    tagging = Tagging(
        "logs",
        "TagResource",
        "UntagResource",
        "ListTagsForResource",
        "resourceArn",
        tags="tags",
        keys="tagKeys",
        shown="tags",
        key="",
    )

    def create(self, account: Account, inputs: Properties) -> str:
        """CreateLogGroup, then PutRetentionPolicy unless logs are kept for ever."""
        values = {**inputs, "name": inputs.get("name") or unique_name(inputs.get("namePrefix", ""))}
        account.call("logs", "CreateLogGroup", **self.request(account, "CreateLogGroup", values))
        name = str(values["name"])
        try:
            if inputs.get("retentionInDays"):
                days = int(inputs["retentionInDays"])
                account.call("logs", "PutRetentionPolicy", logGroupName=name, retentionInDays=days)
        except ProviderRefusal as refusal:
            raise HalfMade(name, refusal) from refusal
        return name

    def describe(self, account: Account, id_: str) -> dict[str, Any]:
        """The one group of exactly this name."""
        found = account.pages("logs", "DescribeLogGroups", "logGroups", logGroupNamePrefix=id_)
        ours = next((dict(group) for group in found if group["logGroupName"] == id_), None)
        if ours is None:
            raise AccountRefusal("DescribeLogGroups", "ResourceNotFoundException", f"log group {id_} does not exist")
        return ours

    def read(self, account: Account, id_: str, state: Properties) -> Properties | None:
        """DescribeLogGroups; the ARN without its trailing :*."""
        found = self.describe(account, id_)
        told = self.flatten(account, found)
        return {**told, "arn": found["arn"].removesuffix(":*"), "retentionInDays": found.get("retentionInDays") or 0}

    def update(self, account: Account, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """One call for each thing that differs."""
        if "retentionInDays" in changed:
            days = int(new.get("retentionInDays") or 0)
            if days:
                account.call("logs", "PutRetentionPolicy", logGroupName=id_, retentionInDays=days)
            else:
                account.call("logs", "DeleteRetentionPolicy", logGroupName=id_)
        if "kmsKeyId" in changed:
            if new.get("kmsKeyId"):
                account.call("logs", "AssociateKmsKey", logGroupName=id_, kmsKeyId=new["kmsKeyId"])
            else:
                account.call("logs", "DisassociateKmsKey", logGroupName=id_)
        if "deletionProtectionEnabled" in changed:
            wanted = bool(new.get("deletionProtectionEnabled"))
            put = {"logGroupIdentifier": id_, "deletionProtectionEnabled": wanted}
            account.call("logs", "PutLogGroupDeletionProtection", **put)

    def delete(self, account: Account, id_: str, state: Properties) -> None:
        """DeleteLogGroup."""
        if not state.get("skipDestroy"):
            account.call("logs", "DeleteLogGroup", logGroupName=id_)
