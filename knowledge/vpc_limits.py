"""Whether policies let a request through that comes from no VPC: the registry's and Inference Recommender's do.

Sources: "Give Inference Recommender Jobs Access to Resources in Your Amazon VPC" (neither artifacts, image nor sample
payload may be limited to a VPC); "AWS global condition context keys", "Controlling access from VPC endpoints with
bucket policies" (the keys are there only for requests that come through a VPC endpoint); "Policy evaluation logic".
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final

from knowledge.policy_documents import Outcome, context_of, evaluate

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


EVERYTHING: Final[Document] = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def _together(  # noqa: PLR0913, PLR0917 - one question
    identity: Sequence[Document], policy: Document, action: str, resource: str, principal: str, context: Context
) -> Outcome:
    """Both kinds of policies: either may allow, and each denial counts, also one that may or may not apply."""
    known = context_of(principal, context)
    sides = ([*identity], [policy])
    denials = {evaluate([*side, EVERYTHING], action, resource, principal=principal, context=known) for side in sides}
    grants = {evaluate(side, action, resource, principal=principal, context=known) for side in sides}
    if Outcome.DENIED in denials:
        return Outcome.DENIED
    if Outcome.UNKNOWN in denials | grants:
        certain = Outcome.ALLOWED in grants and Outcome.UNKNOWN not in denials
        return Outcome.ALLOWED if certain else Outcome.UNKNOWN
    return Outcome.ALLOWED if Outcome.ALLOWED in grants else Outcome.NOT_GRANTED
