"""Whether a job's role reaches an object or an image, from outside the VPC and from within it.

Simulated authorisation again: the role's own policies, the policy of the bucket or repository, and the policy of the
gateway endpoint on the way. Sources: "Policy evaluation logic" (IAM User Guide: an explicit Deny wins; within an
account either kind of policy may allow), "Global condition context keys" (aws:SourceVpc and aws:SourceVpce are there
only for requests that come through a VPC endpoint), "Endpoint policies for gateway endpoints" (Amazon VPC User Guide).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rehearsal.account import authorisation
from rehearsal.account.authorisation import Decision

if TYPE_CHECKING:
    from collections.abc import Mapping

FULL_ACCESS = ":policy/AmazonSageMakerFullAccess"


@dataclass(frozen=True)
class Way:
    """Which way a request takes.

    Attributes:
        vpc: id of the VPC it comes from through an endpoint, or None from anywhere else.
        endpoint: id of that endpoint.
        policy: the endpoint's policy.

    """

    vpc: str | None = None
    endpoint: str | None = None
    policy: str | None = None

    def context(self, role: Any) -> dict[str, str]:
        """The condition keys of a request that a role makes this way."""
        account = role.arn.split(":")[4]
        held = {
            "aws:PrincipalArn": role.arn,
            "aws:PrincipalAccount": account,
            "aws:SourceAccount": account,
            "aws:SecureTransport": "true",
            "aws:ViaAWSService": "false",
            "aws:PrincipalIsAWSService": "false",
        }
        if self.vpc:
            held |= {"aws:SourceVpc": self.vpc, "aws:SourceVpce": str(self.endpoint)}
        return held


OUTSIDE = Way()


def allowed(role: Any, action: str, resource: str, policy: str | None, way: Way = OUTSIDE) -> Decision:
    """Whether moto's role may do something on a resource of its own account, by this way.

    Args:
        role: who asks.
        action: for instance `s3:GetObject`.
        resource: its ARN.
        policy: the resource's policy as text, or None.
        way: the way the request takes.

    """
    context = way.context(role)
    if way.endpoint:
        passing = _by_policy(way.policy, role, action, resource, context)
        if passing is not True:
            return Decision(
                False, f"the policy of VPC endpoint {way.endpoint} doesn't allow {action} on {resource} to {role.arn}"
            )
    by_resource = _by_policy(policy, role, action, resource, context)
    if by_resource is False:
        return Decision(
            False, f"a resource-based policy denies {action} on {resource} to {role.arn}{_whence(policy, way)}"
        )
    own = authorisation.authorise(role, action, resource, context)
    denied = "explicit Deny" in own.reason
    return Decision(True, own.reason) if by_resource and not denied else own


def full_access(role: Any) -> bool:
    """Whether AmazonSageMakerFullAccess is attached to a role."""
    return any(str(arn).endswith(FULL_ACCESS) for arn in role.managed_policies)


def _whence(policy: str | None, way: Way) -> str:
    """That a policy asks for a VPC, where the request comes from none."""
    limited = "aws:sourcevpc" in (policy or "").lower()  # SourceVpce begins so too
    return " (it allows requests from a VPC only, and this one comes from outside)" if limited and not way.vpc else ""


def _by_policy(policy: str | None, role: Any, action: str, resource: str, context: Mapping[str, str]) -> bool | None:
    """False: a statement denies it; True: one allows it; None: neither, or there is no policy."""
    decided: bool | None = None
    document = json.loads(policy) if policy else {}
    for statement in _list(document.get("Statement", [])):
        denies = statement.get("Effect") == "Deny"
        statement = {"Resource": "*", **statement} if "NotResource" not in statement else statement  # noqa: PLW2901
        if (
            _named(statement, role)
            and authorisation.covers(statement, action, resource)
            and _conditions(statement, context, in_doubt=denies)
        ):
            if denies:
                return False
            decided = True
    return decided


def _named(statement: Mapping[str, Any], role: Any) -> bool:
    if "NotPrincipal" in statement:
        return not _is_one(statement["NotPrincipal"], role)
    return _is_one(statement.get("Principal", {}), role)


def _is_one(principal: Any, role: Any) -> bool:
    if principal == "*":
        return True
    account = role.arn.split(":")[4]
    named = _list(principal.get("AWS", [])) if isinstance(principal, dict) else []
    return any(entry in ("*", role.arn, account) or entry.endswith(f"::{account}:root") for entry in named)


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
