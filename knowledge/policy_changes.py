"""What a change of policy documents may take away: proofs that nobody loses anything by it.

Source: "Policy evaluation logic" (IAM User Guide): only an Allow that goes or a Deny that comes can take something.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from knowledge.policy_documents import Outcome, evaluate
from knowledge.policy_statements import statements_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from knowledge.policy_statements import Document


def is_narrower(before: Document, after: Document) -> bool:
    """Whether `after` may grant less than `before`: a lost or changed Allow, or a new Deny.

    False is a proof that nothing was lost; True only says that it has to be looked at closely.
    """

    def flat(document: Document, effect: str) -> set[str]:
        return {
            json.dumps({k: v for k, v in statement.items() if k != "Sid"}, sort_keys=True)
            for statement in statements_of(document)
            if statement.get("Effect") == effect
        }

    return not (flat(before, "Allow") <= flat(after, "Allow") and flat(after, "Deny") <= flat(before, "Deny"))


def may_lose(
    before: Sequence[Document],
    after: Sequence[Document],
    action: str,
    resource: str,
    *,
    principal: str | None = None,
) -> bool:
    """Whether, of the statements that may concern `action` on `resource`, an Allow went or a Deny came.

    False is a proof that the answer for this action can't have become worse, whatever the conditions mean.
    """

    def concerning(documents: Sequence[Document], effect: str) -> set[str]:
        return {
            json.dumps({k: v for k, v in statement.items() if k != "Sid"}, sort_keys=True)
            for document in documents
            for statement in statements_of(document)
            if statement.get("Effect") == effect
            and evaluate([{"Statement": {**statement, "Effect": "Allow"}}], action, resource, principal=principal)
            is not Outcome.NOT_GRANTED
        }

    return not (
        concerning(before, "Allow") <= concerning(after, "Allow")
        and concerning(after, "Deny") <= concerning(before, "Deny")
    )
