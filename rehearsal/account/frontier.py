"""Where accounts meet: whose call it is, whose resource it names, and what each account's policies say of it.

A caller's account is told by its access key, in which AWS writes it. A call that names another emulated account's
resource (a model package, its group, a bucket, a repository, a key, a role to assume) is judged here by the caller's
own policies, handed on to that account with the caller's name, and judged there by the resource's policy:
"Cross-account policy evaluation logic" (IAM User Guide). Callers with made-up access keys may do everything in their
own account, and elsewhere whatever the resources' policies let them.
"""

from __future__ import annotations

import base64
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rehearsal.account import access, callers, needs
from rehearsal.account.authorisation import Decision
from rehearsal.account.calls import Answer
from rehearsal.account.errors import Refusal
from rehearsal.account.handing_on import account_in, denied, nested, packed
from rehearsal.account.needs import Need
from rehearsal.account.neighbours import Neighbours
from rehearsal.account.resource_policies import ALLOW, Asked, Principal, decide, said

if TYPE_CHECKING:
    from pathlib import Path

    from rehearsal.account.calls import Call
    from rehearsal.account.inference.service import Inference
    from rehearsal.account.sharing import Sharing
    from rehearsal.account.turns import Turns

_JUDGED = {"sagemaker", "s3", "ecr", "kms", "sts"}
_HANDED_ON = {
    *("CreateModelPackage", "UpdateModelPackage", "DescribeModelPackage", "DeleteModelPackage"),
    *("DescribeModelPackageGroup", "ListModelPackages", "ListTags"),
}


class Frontier:
    """
    An account's way to the accounts beside it, and theirs to it.

    Args:
        inference: its SageMaker.
        sharing: its resource shares.
        directory: where it lies.
        turns: its lock.

    """

    def __init__(self, inference: Inference, sharing: Sharing, directory: Path, turns: Turns) -> None:
        self._inference = inference
        self._sharing = sharing
        self._account = inference.account
        self.neighbours = Neighbours(inference.account, directory, turns.aside)
        inference.holdings.neighbours = sharing.neighbours = self.neighbours

    # --- whose call it is -------------------------------------------------------------------------------------------

    def elsewhere(self, call: Call) -> tuple[str, bool] | None:
        """The other account that has to answer a call, and whether the caller belongs to it; None: this account has."""
        caller = callers.account_of(call)
        if caller is not None and caller != self._account and self.neighbours.known(caller):
            return caller, True
        owner = self._owner(call)
        return None if owner in ("", self._account) or not self.neighbours.known(owner) else (owner, False)

    def _owner(self, call: Call) -> str:
        given = call.parameters
        if call.service == "s3":
            return self._owner_of_bucket(call)
        if call.service == "ecr":
            return str(given.get("registryId") or "")
        if call.service == "kms" or (call.service, call.action) == ("sts", "AssumeRole"):
            return account_in(given.get("RoleArn") if call.service == "sts" else given.get("KeyId"))
        if call.service == "sagemaker" and call.action in _HANDED_ON:
            named = (given.get(name) for name in ("ModelPackageArn", "ModelPackageName", "ResourceArn"))
            return next((account_in(each) for each in (*named, given.get("ModelPackageGroupName")) if each), "")
        if (call.service, call.action) == ("ram", "AcceptResourceShareInvitation"):
            from rehearsal.account.sharing import parameters

            return account_in(parameters(call).get("resourceShareInvitationArn"))
        return ""

    def _owner_of_bucket(self, call: Call) -> str:
        bucket = call.parameters.get("Bucket")
        if not bucket or call.action == "CreateBucket" or self._inference.holdings.bucket(str(bucket)) is not None:
            return ""
        for account in self.neighbours.others():
            if self.neighbours.ask(account, "bucket", name=bucket):
                return account
        return ""

    # --- what may be done -------------------------------------------------------------------------------------------

    def judge(self, call: Call, at: float) -> None:
        """Raises Refusal unless a call is allowed, as far as this account has to say; remembers who makes it."""
        foreign = call.caller
        if foreign is not None and foreign.account != self._account:
            for need in needs.of(call, self._inference):
                self._admit(call, foreign, need)
            return
        caller = callers.of(call, self._account) if callers.account_of(call) == self._account else None
        if caller is None:
            return
        call.caller = caller.principal
        if caller.documents is None or call.service not in _JUDGED:
            return
        for need in needs.of(call, self._inference):
            own = self._own(caller, need, at)
            if need.owner in ("", self._account):
                asked = [Asked(caller.principal, need.action, arn, need.context) for arn in need.resources]
                own = self._together(own, need, asked)
            if not own.allowed:
                raise denied(call, caller.principal, need, own)

    def judge_own(self, call: Call, at: float) -> Principal:
        """Who makes a call that is handed on; raises Refusal unless the caller's own policies allow it."""
        known = callers.account_of(call) == self._account
        caller = callers.of(call, self._account) if known else callers.anybody(self._account)
        if caller.documents is not None:
            for need in [*needs.of(call, self._inference), *self._decryption(call, caller.principal)]:
                own = self._own(caller, need, at)
                if not own.allowed:
                    raise denied(call, caller.principal, need, own)
        return caller.principal

    def _decryption(self, call: Call, caller: Principal) -> list[Need]:
        """What reading another account's object needs of its key: Amazon S3 asks KMS in the caller's name."""
        if (call.service, call.action) != ("s3", "GetObject"):
            return []
        location = [call.parameters["Bucket"], call.parameters["Key"]]
        asked = {"location": location, "reader": asdict(caller), "actions": [], "prefix": False}
        found = self.neighbours.anyone("objects", **asked)
        keys = [each["kms"] for each in (found or {}).get("found", []) if each["kms"]]
        return [Need("kms:Decrypt", (key,)) for key in keys if key.startswith("arn:")]

    @staticmethod
    def _own(caller: callers.Caller, need: Need, at: float) -> Decision:
        context = {**caller.principal.context(), **need.context}
        decisions = [caller.decide(need.action, arn, at, context) for arn in need.resources]
        return next((each for each in decisions if each.denied), None) or next(
            (each for each in decisions if each.allowed), decisions[0]
        )

    def _together(self, own: Decision, need: Need, asked: list[Asked]) -> Decision:
        """The caller's policies and the resource's, in one account; a key's policy must have its say, others may."""
        if need.holder is None or need.holder[0] == "role":
            return own
        if need.holder[0] == "key":
            return own  # moto's KMS keeps its keys' policies; what roles may decrypt is judged where they read
        policy = self._policy(need)
        told = [decide(own, said(policy, each), same_account=True) for each in asked]
        return (
            next((each for each in told if each.denied or not each.allowed), told[0])
            if own.allowed
            else next((each for each in told if each.allowed), told[0])
        )

    def _admit(self, call: Call, caller: Principal, need: Need) -> None:
        """Raises Refusal unless the policy of this account's resource lets another account's caller do something."""
        if call.service == "ram":
            return
        verdicts = [self._said(call, caller, need, arn) for arn in need.resources]
        refusing = next((each for each in verdicts if each.outcome == "deny"), None)
        if refusing is not None or all(each.outcome != ALLOW for each in verdicts):
            raise denied(call, caller, need, Decision(False, (refusing or verdicts[0]).reason))
        if need.action == "s3:GetObject" and call.action == "GetObject":
            self._admit_to_key(call, caller)

    def _admit_to_key(self, call: Call, caller: Principal) -> None:
        """Raises Refusal unless the key of an encrypted object lets another account's caller decrypt it."""
        holdings = self._inference.holdings
        location = (str(call.parameters["Bucket"]), str(call.parameters["Key"]))
        found = access.objects(holdings, location, caller, (), prefix=False)
        for held in (found or {}).get("found", []):
            named = held["kms"]
            if named is None:
                continue
            need = Need("kms:Decrypt", (named,), ("key", named))
            if named == "aws/s3":
                words = "its key is one that AWS manages for Amazon S3, which no other account can use"
                raise denied(call, caller, need, Decision(False, words))
            context = {
                "kms:ViaService": f"s3.{call.region}.amazonaws.com",
                "kms:EncryptionContext:aws:s3:arn": held["arn"],
            }
            says = access.key(holdings, (named, call.region), caller, "kms:Decrypt", context)["says"]
            if says["outcome"] != ALLOW:
                raise denied(call, caller, need, Decision(False, says["reason"]))

    def _said(self, call: Call, caller: Principal, need: Need, arn: str) -> Any:
        from rehearsal.account.resource_policies import Verdict

        if need.holder is not None and need.holder[0] == "key":
            found = access.key(
                self._inference.holdings, (need.holder[1], call.region), caller, need.action, dict(need.context)
            )
            return Verdict(**found["says"])
        words = {"group": "resource-based policy of the group"}.get(need.holder[0] if need.holder else "", "")
        return said(self._policy(need), Asked(caller, need.action, arn, need.context), words or "resource-based policy")

    def _policy(self, need: Need) -> str | None:
        """The policy of what a need is about; None where it has none."""
        if need.holder is None:
            return None
        kind, name = need.holder
        holdings = self._inference.holdings
        if kind == "bucket":
            bucket = holdings.bucket(name)
            return bucket.policy.decode() if bucket is not None and bucket.policy else None
        if kind == "repository":
            return holdings.repository_policy(need.resources[0].split(":")[3], name)
        if kind == "role":
            role = holdings.role(name)
            return role.assume_role_policy_document if role is not None else None
        if kind == "group":
            region = self._inference.region(need.resources[0].split(":")[3])
            return next((each.policy for each in region.groups.values() if each.name.lower() == name), None)
        return None

    # --- handing calls on -------------------------------------------------------------------------------------------

    def hand_on(self, call: Call, account: str, caller: Principal | None) -> Answer:
        """Another account's answer to a call; without a caller it is one of that account's own."""
        told = self.neighbours.forward(account, packed(call, caller))
        return Answer(told["status"], base64.b64decode(told["body"]), [tuple(each) for each in told["headers"]])

    def ask_sagemaker(self, call: Call, operation: str, parameters: dict[str, Any], at: float) -> dict[str, Any] | None:
        """What a service that acts for the caller asks of another account's SageMaker; None: it is this account's."""
        named = (parameters.get(name) for name in ("ModelPackageArn", "ModelPackageName", "ResourceArn"))
        owner = next((account_in(each) for each in (*named, parameters.get("ModelPackageGroupName")) if each), "")
        made = nested(call, operation, parameters)
        made.caller = call.caller
        if owner in ("", self._account) or operation not in _HANDED_ON or not self.neighbours.knows(owner):
            self.judge(made, at)
            return None
        caller = self.judge_own(made, at)
        told = self.neighbours.ask(owner, "call", **packed(made, caller))
        answer = json.loads(base64.b64decode(told["body"]))
        if told["status"] >= 400:  # noqa: PLR2004 - the first status that is no success
            raise Refusal(answer["__type"], answer["message"], told["status"])
        return dict(answer)

    # --- the journal ------------------------------------------------------------------------------------------------

    def abroad(self) -> dict[str, Any]:
        """What other accounts answered since it began, for an entry of the journal."""
        answers = self.neighbours.taken()
        return {"abroad": answers} if answers else {}

    def kept(self, call: Call) -> dict[str, Any]:
        """What an entry of the journal has of a call beside its request."""
        foreign = call.caller is not None and call.caller.account != self._account
        return {**({"caller": asdict(call.caller)} if foreign and call.caller else {}), **self.abroad()}
