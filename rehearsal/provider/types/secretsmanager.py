"""Secrets Manager: Secret, SecretVersion. Source: the Secrets Manager API reference."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from rehearsal.provider.described import AutoName, Limit, Resource, unique_name
from rehearsal.provider.refusals import HalfMade, ProviderRefusal
from rehearsal.provider.tagging import Tagging

if TYPE_CHECKING:
    from rehearsal.provider.account import Account
    from rehearsal.values import Properties

GONE = (
    ("ResourceNotFoundException", ""),
    ("InvalidRequestException", "marked for deletion"),
    ("InvalidRequestException", "was marked"),
)
CURRENT = "AWSCURRENT"
DAYS = (7, 30)


class SecretTagging(Tagging):
    """Tags come with the description."""

    def read(self, account: Account, id_: str, state: dict[str, Any]) -> dict[str, str]:
        """The tags that are there."""
        return self.parsed(account.call("secretsmanager", "DescribeSecret", SecretId=id_).get("Tags") or [])


class Secret(Resource):
    """A name for versions of a secret value."""

    token = "aws:secretsmanager/secret:Secret"
    noun = "Secrets Manager Secret"
    service = "secretsmanager"
    id_property = "arn"
    auto_name = AutoName(limit=255, unless=("namePrefix",))
    conflicts = (("name", "namePrefix"),)
    defaults = {"forceOverwriteReplicaSecret": False, "recoveryWindowInDays": 30}
    limits = {"name": Limit(r"[\w/+=.@-]+", "may hold only letters, digits and /_+=.@-", longest=512)}
    replaces = ("name", "namePrefix", "type", "region")
    optional_computed = ("name", "namePrefix", "policy", "replicas", "replicas[].kmsKeyId")
    documents = ("policy",)
    unread = ("namePrefix", "recoveryWindowInDays", "forceOverwriteReplicaSecret", "type")
    lacks = ("replicas", "type")
    create_operation, read_operation, id_parameter = "CreateSecret", "DescribeSecret", "SecretId"
    renames = {"arn": "ARN"}
    missing = GONE
    tagging = SecretTagging("secretsmanager", "TagResource", "UntagResource", "DescribeSecret", "SecretId", "id")

    def check(self, inputs: Properties) -> list[tuple[str, str]]:
        """Days are 0 (at once) or 7 to 30 (DeleteSecret)."""
        days = inputs.get("recoveryWindowInDays")
        if not isinstance(days, int) or days == 0 or DAYS[0] <= days <= DAYS[1]:
            return []
        return [("recoveryWindowInDays", f"is {days}, must be 0 or between 7 and 30")]

    def create(self, account: Account, inputs: Properties) -> str:
        """CreateSecret, then its policy."""
        values = {**inputs, "name": inputs.get("name") or unique_name(inputs.get("namePrefix", ""))}
        arn = str(
            account.call("secretsmanager", "CreateSecret", **self.request(account, "CreateSecret", values))["ARN"]
        )
        try:
            if inputs.get("policy"):
                put = {"SecretId": arn, "ResourcePolicy": inputs["policy"]}
                account.call("secretsmanager", "PutResourcePolicy", **put)
        except ProviderRefusal as refusal:
            raise HalfMade(arn, refusal) from refusal
        return arn

    def read(self, account: Account, id_: str, state: Properties) -> Properties | None:
        """DescribeSecret; one that is being deleted counts as gone."""
        found = self.describe(account, id_)
        if found.get("DeletedDate"):
            return None
        policy = account.call("secretsmanager", "GetResourcePolicy", SecretId=id_).get("ResourcePolicy")
        described = found.get("Description") or None
        return {**self.flatten(account, found), "policy": policy, "replicas": [], "description": described}

    def update(self, account: Account, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """UpdateSecret, PutResourcePolicy, DeleteResourcePolicy."""
        if changed & {"description", "kmsKeyId"}:
            asked = {"Description": new.get("description", ""), "KmsKeyId": new.get("kmsKeyId")}
            account.call("secretsmanager", "UpdateSecret", SecretId=id_, **asked)
        if "policy" in changed:
            if new.get("policy"):
                put = {"SecretId": id_, "ResourcePolicy": new["policy"]}
                account.call("secretsmanager", "PutResourcePolicy", **put)
            else:
                account.call("secretsmanager", "DeleteResourcePolicy", SecretId=id_)

    def delete(self, account: Account, id_: str, state: Properties) -> None:
        """DeleteSecret, at once where no recovery is wanted."""
        days = int(state.get("recoveryWindowInDays", 30))
        how: dict[str, Any] = {"RecoveryWindowInDays": days} if days else {"ForceDeleteWithoutRecovery": True}
        account.call("secretsmanager", "DeleteSecret", SecretId=id_, **how)


class SecretVersion(Resource):
    """One value of a secret."""

    token = "aws:secretsmanager/secretVersion:SecretVersion"
    noun = "Secrets Manager SecretVersion"
    service = "secretsmanager"
    id_property = "versionId"
    one_of = (("secretString", "secretBinary"),)
    replaces = ("secretId", "secretBinary", "secretString", "secretStringWoVersion", "region")
    optional_computed = ("versionStages",)
    sets = ("versionStages",)
    unread = ("secretId",)
    lacks = ("secretStringWo", "secretStringWoVersion")
    missing = GONE

    def create(self, account: Account, inputs: Properties) -> str:
        """PutSecretValue."""
        binary = inputs.get("secretBinary")
        asked = {
            "SecretId": inputs["secretId"],
            "SecretString": inputs.get("secretString"),
            "SecretBinary": base64.b64decode(binary) if binary else None,
            "VersionStages": inputs.get("versionStages") or None,
        }
        made = account.call("secretsmanager", "PutSecretValue", **asked)
        return f"{inputs['secretId']}|{made['VersionId']}"

    def read(self, account: Account, id_: str, state: Properties) -> Properties | None:
        """GetSecretValue."""
        secret, _, version = id_.partition("|")
        found = account.call("secretsmanager", "GetSecretValue", SecretId=secret, VersionId=version)
        binary = found.get("SecretBinary")
        return {
            "secretId": secret,
            "secretArn": found["ARN"],
            "arn": found["ARN"],
            "versionId": version,
            "versionStages": found.get("VersionStages") or [],
            "secretString": found.get("SecretString"),
            "secretBinary": base64.b64encode(binary).decode() if binary else None,
            "hasSecretStringWo": False,
        }

    def update(self, account: Account, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """UpdateSecretVersionStage for each stage; AWSCURRENT is moved, never removed."""
        secret, _, version = id_.partition("|")
        before, after = set(old.get("versionStages") or []), set(new.get("versionStages") or [])
        stages = account.call("secretsmanager", "DescribeSecret", SecretId=secret).get("VersionIdsToStages") or {}
        for stage in sorted(after - before):
            holder = next((v for v, held in stages.items() if stage in held), None)
            moved = {"VersionStage": stage, "MoveToVersionId": version, "RemoveFromVersionId": holder}
            account.call("secretsmanager", "UpdateSecretVersionStage", SecretId=secret, **moved)
        for stage in sorted(before - after - {CURRENT}):
            gone = {"VersionStage": stage, "RemoveFromVersionId": version}
            account.call("secretsmanager", "UpdateSecretVersionStage", SecretId=secret, **gone)

    def delete(self, account: Account, id_: str, state: Properties) -> None:
        """There is no deletion of a version: its stages but AWSCURRENT are taken off."""
        secret, _, version = id_.partition("|")
        for stage in state.get("versionStages") or []:
            if stage != CURRENT:
                gone = {"VersionStage": stage, "RemoveFromVersionId": version}
                account.call("secretsmanager", "UpdateSecretVersionStage", SecretId=secret, **gone)

    def imported(self, account: Account, id_: str) -> Properties:
        """The id says both."""
        secret, _, version = id_.partition("|")
        return {"secretId": secret, "versionId": version}
