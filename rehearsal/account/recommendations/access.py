"""Whether a job's role reaches an object or an image, from outside the VPC and from within it.

Simulated authorisation again (resource_policies.py): the role's own policies, the policy of the bucket or repository,
and the policy of the gateway endpoint on the way. Sources: "Global condition context keys" (IAM User Guide:
aws:SourceVpc and aws:SourceVpce are there only for requests that come through a VPC endpoint), "Endpoint policies for
gateway endpoints" (Amazon VPC User Guide).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rehearsal.account import authorisation
from rehearsal.account.authorisation import Decision
from rehearsal.account.resource_policies import ALLOW, DENY, Asked, Principal, decide, said

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

    def context(self) -> dict[str, str]:
        """The condition keys that tell the way of a request which no other service made."""
        keys = {"aws:ViaAWSService": "false"}
        return keys | {"aws:SourceVpc": self.vpc, "aws:SourceVpce": str(self.endpoint)} if self.vpc else keys


OUTSIDE = Way()


def allowed(role: Any, wanted: tuple[str, str], policy: str | None, way: Way = OUTSIDE) -> Decision:
    """Whether moto's role may do something on a resource of its own account, by this way.

    Args:
        role: who asks.
        wanted: the action (`s3:GetObject`) and the resource's ARN.
        policy: the resource's policy as text, or None.
        way: the way the request takes.

    """
    principal = Principal(role.arn.split(":")[4], role.arn)
    asked = Asked(principal, *wanted, way.context())
    if way.endpoint:
        passing = said(way.policy, asked, f"policy of VPC endpoint {way.endpoint}")
        if passing.outcome != ALLOW:
            return Decision(False, passing.reason)
    verdict = said(policy, asked)
    own = authorisation.authorise(role, *wanted, {**principal.context(), **asked.context})
    decision = decide(own, verdict, same_account=True)
    limited = verdict.outcome == DENY and "aws:sourcevpc" in (policy or "").lower()  # SourceVpce begins so too
    if limited and not way.vpc:
        words = "it allows requests from a VPC only, and this one comes from outside"
        return Decision(False, f"{decision.reason}; {words}", decision.denied)
    return decision


def full_access(role: Any) -> bool:
    """Whether AmazonSageMakerFullAccess is attached to a role."""
    return any(str(arn).endswith(FULL_ACCESS) for arn in role.managed_policies)
