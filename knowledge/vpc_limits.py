"""Whether policies let a request through that comes from no VPC: the registry's and Inference Recommender's do.

Sources: "Give Inference Recommender Jobs Access to Resources in Your Amazon VPC" (neither artifacts, image nor sample
payload may be limited to a VPC); "AWS global condition context keys", "Controlling access from VPC endpoints with
bucket policies" (the keys are there only for requests that come through a VPC endpoint); "Policy evaluation logic".
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final

from knowledge.policy_documents import Outcome, evaluate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from knowledge.policy_documents import Context, Document

OUTSIDE: Final[Context] = dict.fromkeys(
    ("aws:sourcevpc", "aws:sourcevpce", "aws:sourcevpcarn", "aws:vpcsourceip", "aws:vpceaccount", "aws:vpceorgid")
)
"""Of a request that comes through no VPC endpoint: none of these keys is there."""


class Reach(enum.Enum):
    """What policies say of a request that comes from outside every VPC."""

    OPEN = "let through"
    LIMITED = "let through only from a VPC"
    REFUSED = "refused wherever it comes from"
    UNKNOWN = "not known"


def reach(identity: Sequence[Document], policy: Document, action: str, resource: str, principal: str) -> Reach:
    """Whether `principal` may do `action` on `resource` (of its own account) from outside.

    Arguments:
        identity: the role's own policies.
        policy: of the bucket or repository; an empty one where it has none.
        action: as in `s3:GetObject`.
        resource: its ARN.
        principal: the role's ARN.

    """
    from_outside = _together(identity, policy, action, resource, principal, OUTSIDE)
    if from_outside is Outcome.ALLOWED:
        return Reach.OPEN
    if from_outside is Outcome.UNKNOWN:
        return Reach.UNKNOWN
    # With the keys left open, what a VPC could change is not known, and all else is decided.
    anywhere = _together(identity, policy, action, resource, principal, {})
    return Reach.LIMITED if anywhere in {Outcome.UNKNOWN, Outcome.ALLOWED} else Reach.REFUSED


def _together(  # noqa: PLR0913, PLR0917 - one question
    identity: Sequence[Document], policy: Document, action: str, resource: str, principal: str, context: Context
) -> Outcome:
    answers = (
        evaluate(identity, action, resource, context=context),
        evaluate([policy], action, resource, principal=principal, context=context),
    )
    if Outcome.DENIED in answers:
        return Outcome.DENIED
    if Outcome.UNKNOWN in answers:
        return Outcome.UNKNOWN
    return Outcome.ALLOWED if Outcome.ALLOWED in answers else Outcome.NOT_GRANTED
