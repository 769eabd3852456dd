"""KMS: Key, Alias, KeyPolicy. Source: the KMS API reference."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rehearsal.provider.described import AutoName, Limit, Resource, unique_name
from rehearsal.provider.refusals import AccountRefusal, HalfMade, ProviderRefusal
from rehearsal.provider.tagging import Tagging

if TYPE_CHECKING:
    from rehearsal.provider.account import Account
    from rehearsal.values import Properties

GONE = (("NotFoundException", ""), ("KMSInvalidStateException", "pending deletion"))
LEAVING = ("PendingDeletion", "PendingReplicaDeletion")


def default_policy(account: Account) -> str:
    """The policy AWS gives a key that was made without one."""
    root = f"arn:{account.partition}:iam::{account.id}:root"
    statement = {
        "Sid": "Enable IAM User Permissions",
        "Effect": "Allow",
        "Principal": {"AWS": root},
        "Action": "kms:*",
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Id": "key-default-1", "Statement": [statement]})


def key_id(reference: str) -> str:
    """The id in a key's ARN, or the id itself."""
    return reference.rpartition("/")[2] if reference.startswith("arn:") else reference


class Key(Resource):
    """A key; deleting it schedules the deletion."""

    token = "aws:kms/key:Key"
    noun = "KMS Key"
    service = "kms"
    id_property = "keyId"
    defaults = {
        "bypassPolicyLockoutSafetyCheck": False,
        "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "enableKeyRotation": False,
        "isEnabled": True,
        "keyUsage": "ENCRYPT_DECRYPT",
    }
    limits = {"deletionWindowInDays": Limit(least=7, most=30), "rotationPeriodInDays": Limit(least=90, most=2560)}
    replaces = ("customKeyStoreId", "customerMasterKeySpec", "keyUsage", "multiRegion", "xksKeyId", "region")
    optional_computed = ("description", "multiRegion", "policy", "rotationPeriodInDays")
    documents = ("policy",)
    unread = ("bypassPolicyLockoutSafetyCheck", "deletionWindowInDays")
    read_operation, id_parameter, answer = "DescribeKey", "KeyId", "KeyMetadata"
    renames = {"customerMasterKeySpec": "KeySpec", "isEnabled": "Enabled"}
    missing = GONE
    tagging = Tagging(
        "kms", "TagResource", "UntagResource", "ListResourceTags", "KeyId", "id", key="TagKey", value="TagValue"
    )

    def create(self, account: Account, inputs: Properties) -> str:
        """CreateKey, then rotation and disabling where asked."""
        asked = self.request(account, "CreateKey", inputs)
        id_ = str(account.call("kms", "CreateKey", **asked)["KeyMetadata"]["KeyId"])
        try:
            if inputs.get("enableKeyRotation"):
                period = inputs.get("rotationPeriodInDays")
                account.call("kms", "EnableKeyRotation", KeyId=id_, RotationPeriodInDays=period)
            if inputs.get("isEnabled") is False:
                account.call("kms", "DisableKey", KeyId=id_)
        except ProviderRefusal as refusal:
            raise HalfMade(id_, refusal) from refusal
        return id_

    def read(self, account: Account, id_: str, state: Properties) -> Properties | None:
        """DescribeKey, GetKeyPolicy, GetKeyRotationStatus; a key on its way out counts as gone."""
        key = self.describe(account, id_)
        if key["KeyState"] in LEAVING:
            return None
        found = self.flatten(account, key)
        found["policy"] = account.call("kms", "GetKeyPolicy", KeyId=id_, PolicyName="default")["Policy"]
        try:
            rotation = account.call("kms", "GetKeyRotationStatus", KeyId=id_)
        except AccountRefusal as refusal:
            # Asymmetric and HMAC keys don't rotate, and say so in this way.
            if not refusal.says("UnsupportedOperationException", "KMSInvalidStateException"):
                raise
            rotation = {"KeyRotationEnabled": bool(state.get("enableKeyRotation"))}
        found["enableKeyRotation"] = rotation["KeyRotationEnabled"]
        found["rotationPeriodInDays"] = rotation.get("RotationPeriodInDays")
        return found

    def update(self, account: Account, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Enabling comes first and disabling last, since a disabled key can't be changed."""
        if "isEnabled" in changed and new.get("isEnabled", True):
            account.call("kms", "EnableKey", KeyId=id_)
        if changed & {"enableKeyRotation", "rotationPeriodInDays"}:
            if new.get("enableKeyRotation"):
                period = new.get("rotationPeriodInDays")
                account.call("kms", "EnableKeyRotation", KeyId=id_, RotationPeriodInDays=period)
            else:
                account.call("kms", "DisableKeyRotation", KeyId=id_)
        if "description" in changed:
            account.call("kms", "UpdateKeyDescription", KeyId=id_, Description=new.get("description", ""))
        if "policy" in changed:
            bypass = bool(new.get("bypassPolicyLockoutSafetyCheck"))
            put = {"PolicyName": "default", "Policy": new["policy"], "BypassPolicyLockoutSafetyCheck": bypass}
            account.call("kms", "PutKeyPolicy", KeyId=id_, **put)
        if "isEnabled" in changed and not new.get("isEnabled", True):
            account.call("kms", "DisableKey", KeyId=id_)

    def delete(self, account: Account, id_: str, state: Properties) -> None:
        """ScheduleKeyDeletion; 30 days unless the state says otherwise."""
        account.call("kms", "ScheduleKeyDeletion", KeyId=id_, PendingWindowInDays=state.get("deletionWindowInDays"))


class Alias(Resource):
    """A name for a key."""

    token = "aws:kms/alias:Alias"
    noun = "KMS Alias"
    service = "kms"
    auto_name = AutoName(limit=256, prefix="alias/", unless=("namePrefix",))
    conflicts = (("name", "namePrefix"),)
    limits = {
        "name": Limit(
            r"alias/[a-zA-Z0-9/_-]+", "must begin with alias/ and hold only letters, digits and /_-", longest=256
        ),
        "namePrefix": Limit(r"alias/.*", "must begin with alias/"),
    }
    replaces = ("name", "namePrefix", "region")
    optional_computed = ("name", "namePrefix")
    unread = ("namePrefix",)
    recomputed = {"targetKeyArn": ("targetKeyId",)}
    missing = GONE

    def same(self, name: str, old: object, new: object) -> bool:
        """A key's id and its ARN mean one key."""
        return name == "targetKeyId" and isinstance(old, str) and isinstance(new, str) and key_id(old) == key_id(new)

    def create(self, account: Account, inputs: Properties) -> str:
        """CreateAlias."""
        name = str(inputs.get("name") or unique_name(inputs.get("namePrefix", "alias/")))
        account.call("kms", "CreateAlias", AliasName=name, TargetKeyId=inputs["targetKeyId"])
        return name

    def read(self, account: Account, id_: str, state: Properties) -> Properties | None:
        """The one of ListAliases with this name."""
        for alias in account.pages("kms", "ListAliases", "Aliases"):
            if alias["AliasName"] == id_:
                target = alias["TargetKeyId"]
                key_arn = alias["AliasArn"].rpartition(":")[0] + f":key/{target}"
                return {"name": id_, "arn": alias["AliasArn"], "targetKeyId": target, "targetKeyArn": key_arn}
        return None

    def update(self, account: Account, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """UpdateAlias."""
        if "targetKeyId" in changed:
            account.call("kms", "UpdateAlias", AliasName=id_, TargetKeyId=new["targetKeyId"])

    def delete(self, account: Account, id_: str, state: Properties) -> None:
        """DeleteAlias."""
        account.call("kms", "DeleteAlias", AliasName=id_)


class KeyPolicy(Resource):
    """A key's policy as a resource of its own."""

    token = "aws:kms/keyPolicy:KeyPolicy"
    noun = "KMS KeyPolicy"
    service = "kms"
    id_property = "keyId"
    defaults = {"bypassPolicyLockoutSafetyCheck": False}
    replaces = ("region",)
    documents = ("policy",)
    unread = ("bypassPolicyLockoutSafetyCheck",)
    missing = GONE

    def same(self, name: str, old: object, new: object) -> bool:
        """A key's id and its ARN mean one key."""
        return name == "keyId" and isinstance(old, str) and isinstance(new, str) and key_id(old) == key_id(new)

    def create(self, account: Account, inputs: Properties) -> str:
        """PutKeyPolicy."""
        self._put(account, str(inputs["keyId"]), inputs["policy"], inputs)
        return str(inputs["keyId"])

    def _put(self, account: Account, id_: str, policy: str, inputs: Properties) -> None:
        bypass = bool(inputs.get("bypassPolicyLockoutSafetyCheck"))
        put = {"PolicyName": "default", "Policy": policy, "BypassPolicyLockoutSafetyCheck": bypass}
        account.call("kms", "PutKeyPolicy", KeyId=id_, **put)

    def read(self, account: Account, id_: str, state: Properties) -> Properties | None:
        """GetKeyPolicy."""
        if account.call("kms", "DescribeKey", KeyId=id_)["KeyMetadata"]["KeyState"] in LEAVING:
            return None
        return {"keyId": id_, "policy": account.call("kms", "GetKeyPolicy", KeyId=id_, PolicyName="default")["Policy"]}

    def update(self, account: Account, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """PutKeyPolicy on the key in the state: a new keyId alone changes nothing, as in pulumi-aws."""
        if "policy" in changed:
            self._put(account, id_, new["policy"], new)

    def delete(self, account: Account, id_: str, state: Properties) -> None:
        """The account's default policy comes back, unless the lock-out check was to be bypassed."""
        if not state.get("bypassPolicyLockoutSafetyCheck"):
            self._put(account, id_, default_policy(account), {})


class Grant(Resource):
    """What a principal may do with a key, apart from policies."""

    token = "aws:kms/grant:Grant"
    noun = "KMS Grant"
    service = "kms"
    id_property = "grantId"
    auto_name = AutoName(limit=256)
    replaces = ("keyId", "granteePrincipal", "operations", "constraints", "name", "retiringPrincipal", "region")
    sets = ("operations",)
    unread = ("grantCreationTokens", "retireOnDelete")
    lacks = ("constraints", "grantCreationTokens", "retireOnDelete")
    missing = GONE

    def create(self, account: Account, inputs: Properties) -> str:
        """CreateGrant. The id is made of both ids."""
        asked = {"GranteePrincipal": inputs["granteePrincipal"], "Operations": sorted(inputs["operations"])}
        if inputs.get("retiringPrincipal"):
            asked["RetiringPrincipal"] = inputs["retiringPrincipal"]
        made = account.call("kms", "CreateGrant", KeyId=inputs["keyId"], Name=inputs["name"], **asked)
        return f"{inputs['keyId']}:{made['GrantId']}"

    def read(self, account: Account, id_: str, state: Properties) -> Properties | None:
        """The grant among those of its key. Its token was told once, when it was made."""
        key, _, grant = id_.rpartition(":")
        for found in account.pages("kms", "ListGrants", "Grants", KeyId=key):
            if found["GrantId"] == grant:
                return {
                    "grantId": grant,
                    "grantToken": state.get("grantToken", ""),
                    "keyId": key,
                    "name": found.get("Name"),
                    "granteePrincipal": found["GranteePrincipal"],
                    "retiringPrincipal": found.get("RetiringPrincipal"),
                    "operations": sorted(found["Operations"]),
                }
        return None

    def delete(self, account: Account, id_: str, state: Properties) -> None:
        """RevokeGrant."""
        key, _, grant = id_.rpartition(":")
        account.call("kms", "RevokeGrant", KeyId=key, GrantId=grant)

    def imported(self, account: Account, id_: str) -> Properties:
        """`<key>:<grant>`."""
        key, _, grant = id_.rpartition(":")
        return {"keyId": key, "grantId": grant}
