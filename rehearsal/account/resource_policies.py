"""What a resource's own policy says of a principal, and what follows together with the principal's own policies.

Sources: "Policy evaluation logic" and "Cross-account policy evaluation logic" (IAM User Guide): an explicit Deny wins;
within an account either kind of policy may allow; between accounts both must. "AWS JSON policy elements: Principal":
an account (its id, or its root's ARN) stands for everybody in it whom the account's own policies allow.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rehearsal.account import authorisation
from rehearsal.account.authorisation import Decision

if TYPE_CHECKING:
    from collections.abc import Mapping

ALLOW, DENY, NONE = "allow", "deny", "none"


@dataclass(frozen=True)
class Principal:
    """Who asks: a user, a role, a session of a role, or (its root) an account.

    Attributes:
        account: id of the account it belongs to.
        arn: its ARN; of a session, the session's.
        role: of a session, the role's ARN.

    """

    account: str
    arn: str
    role: str | None = None

    def context(self) -> dict[str, str]:
        """The condition keys that tell who asks; requests are signed and go over TLS."""
        return {
            "aws:PrincipalArn": self.role or self.arn,
            "aws:PrincipalAccount": self.account,
            "aws:PrincipalType": "AssumedRole" if self.role else "Account" if self.arn.endswith(":root") else "User",
            "aws:SecureTransport": "true",
            "aws:PrincipalIsAWSService": "false",
            "kms:CallerAccount": self.account,
        }


def root_of(account: str) -> Principal:
    """The account itself, as SageMaker is it when it reads for a model registry (docs/account.md)."""
    return Principal(account, f"arn:aws:iam::{account}:root")


@dataclass(frozen=True)
class Verdict:
    """What a resource's policy (or grant) says.

    Attributes:
        outcome: allow, deny, or none (it says nothing of it).
        directly: whether it names the principal itself (or everybody), not just the account.
        reason: the sentence that says so.

    """

    outcome: str
    directly: bool
    reason: str

    def told(self) -> dict[str, Any]:
        """As it is told another account."""
        return asdict(self)


@dataclass(frozen=True)
class Asked:
    """What is to be judged: who, which action (`s3:GetObject`), the resource's ARN, and further condition keys."""

    principal: Principal
    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)


def said(policy: str | None, asked: Asked, what: str = "resource-based policy") -> Verdict:
    """What a policy document says of a request; `what` names the policy in the reason."""
    principal, action, resource = asked.principal, asked.action, asked.resource
    held = {**principal.context(), **asked.context}
    outcome, directly = NONE, False
    for statement in _statements(policy or "{}"):
        one = statement if {"Resource", "NotResource"} & set(statement) else {**statement, "Resource": "*"}
        by = _named(one, principal)
        denies = statement.get("Effect") == "Deny"
        if by == NONE or not authorisation.covers(one, action, resource):
            continue
        if not _conditions(one, held, in_doubt=denies):
            continue
        if denies:
            return Verdict(DENY, True, f"the {what} denies {action} on {resource} to {principal.arn}")
        outcome, directly = ALLOW, directly or by == "itself"
    if outcome == ALLOW:
        return Verdict(ALLOW, directly, f"the {what} allows {action} on {resource} to {principal.arn}")
    return Verdict(NONE, False, f"no {what} allows {action} on {resource} to {principal.arn}")


def decide(own: Decision, verdict: Verdict, *, same_account: bool) -> Decision:
    """
    Whether something is allowed, by the principal's own policies and the resource's.

    Arguments:
        own: what the principal's own policies say.
        verdict: what the resource's policy says.
        same_account: whether the resource belongs to the principal's account.

    """
    if verdict.outcome == DENY:
        return Decision(False, f"{verdict.reason}, by an explicit Deny")
    if own.denied:
        return own
    if same_account:
        return Decision(True, verdict.reason) if verdict.outcome == ALLOW and verdict.directly else own
    if verdict.outcome != ALLOW:
        return Decision(False, verdict.reason)
    return own


@lru_cache(maxsize=512)
def _statements(policy: str) -> tuple[dict[str, Any], ...]:
    try:
        document = json.loads(policy)
    except ValueError:
        return ()
    held = document.get("Statement", []) if isinstance(document, dict) else []
    return tuple(one for one in _list(held) if isinstance(one, dict))


def _named(statement: Mapping[str, Any], principal: Principal) -> str:
    """How a statement names a principal: `itself`, by its `account`, or not (`none`)."""
    if "NotPrincipal" in statement:
        return NONE if _how(statement["NotPrincipal"], principal) != NONE else "itself"
    return _how(statement.get("Principal", {}), principal)


def _how(element: Any, principal: Principal) -> str:
    if element == "*":
        return "itself"
    entries = [str(each) for each in _list(element.get("AWS", []))] if isinstance(element, dict) else []
    if "*" in entries or {principal.arn, principal.role} & set(entries):
        return "itself"
    accounts = {principal.account, root_of(principal.account).arn}
    by_account = any(each in accounts or each.endswith(f":iam::{principal.account}:root") for each in entries)
    return "account" if by_account else NONE


def _conditions(statement: Mapping[str, Any], context: Mapping[str, str], *, in_doubt: bool) -> bool:
    """The conditions of a statement; `Null` asks whether a key is there at all (IAM User Guide)."""
    conditions = dict(statement.get("Condition") or {})
    present = {name.lower() for name in context}
    for key, wanted in (conditions.pop("Null", None) or {}).items():
        if (key.lower() in present) == (str(wanted).lower() == "true"):
            return False
    return authorisation.holds(conditions, context, in_doubt=in_doubt)


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
