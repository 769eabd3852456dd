"""Evaluating IAM policy documents: whether an action on a resource is allowed, denied, or can't be known.

Follows "Policy evaluation logic" and "IAM JSON policy elements reference" (IAM User Guide): an explicit deny wins; a
permissions boundary only limits; a resource policy of the same account may grant on its own (S3, ECR), for a KMS key
the key policy must allow the principal or hand over to IAM ("Key policies in AWS KMS").
What isn't understood (most condition keys, policy variables) makes the answer UNKNOWN, never a guess.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from knowledge.arns import parse
from knowledge.policy_answers import NO, YES, Answer, both, either
from knowledge.policy_conditions import Context, condition_holds, context_of
from knowledge.policy_statements import (
    Document,
    MalformedDocumentError,
    action_matches,
    covers,
    listed,
    overlaps,
    principal_matches,
    read,
    resource_matches,
    statements_of,
)

if TYPE_CHECKING:
    from knowledge.policy_statements import Statement

__all__ = [
    "Context",
    "Document",
    "MalformedDocumentError",
    "Outcome",
    "context_of",
    "covers",
    "decide",
    "evaluate",
    "foreign_principals",
    "listed",
    "overlaps",
    "read",
    "statements_of",
    "trusts",
]


class Outcome(enum.Enum):
    """What the documents say about one action on one resource."""

    ALLOWED = "allowed"
    DENIED = "explicitly denied"
    NOT_GRANTED = "not granted"
    UNKNOWN = "not known"


def evaluate(
    documents: Sequence[Document],
    action: str,
    resource: str,
    *,
    principal: str | None = None,
    context: Context | None = None,
) -> Outcome:
    """What `documents` together say about `action` on `resource`.

    Arguments:
        documents: identity policies of one identity, or the one resource policy.
        action: `service:Action`.
        resource: an ARN; with a `*` at its end it means everything below, and a document that covers only a part of
            that is UNKNOWN.
        principal: ARN of a role, or a service's name, for resource and trust policies; None for identity policies.
        context: condition keys (any case) that are known; see `context_of`.

    """
    known = context_of(principal, context)
    allow: Answer = NO
    deny: Answer = NO
    for document in documents:
        for statement in statements_of(document):
            applies = both(
                (
                    action_matches(statement, action),
                    resource_matches(statement, resource),
                    principal_matches(statement, principal),
                    condition_holds(statement, known),
                )
            )
            if statement.get("Effect") == "Deny":
                deny = either((deny, applies))
            else:
                allow = either((allow, applies))
    if deny is YES:
        return Outcome.DENIED
    if allow is NO:
        return Outcome.NOT_GRANTED
    return Outcome.ALLOWED if allow is YES and deny is NO else Outcome.UNKNOWN


def decide(  # noqa: PLR0913 - one question, answered by everything that has a say in it
    identity: Sequence[Document],
    action: str,
    resource: str,
    *,
    boundary: Document | None = None,
    resource_policy: Document | None = None,
    principal: str | None = None,
    resource_account: str | None = None,
    context: Context | None = None,
) -> Outcome:
    """Whether a role may do `action` on `resource`, everything together.

    Arguments:
        identity: all inline and attached policies of the role.
        action: `service:Action`.
        resource: an ARN.
        boundary: its permissions boundary.
        resource_policy: bucket, repository or key policy.
        principal: the role's ARN; needed with a resource policy.
        resource_account: the account that owns the resource, where it isn't the role's: then both sides must allow.
        context: condition keys that are known beside those of `principal`, such as aws:CurrentTime.

    """
    context = context_of(principal, context)
    by_identity = evaluate(identity, action, resource, context=context)
    if by_identity is Outcome.DENIED:
        return by_identity
    if boundary is not None:
        limit = evaluate([boundary], action, resource, context=context)
        if limit in {Outcome.DENIED, Outcome.NOT_GRANTED}:
            return limit
        if limit is Outcome.UNKNOWN and by_identity is Outcome.ALLOWED:
            by_identity = Outcome.UNKNOWN
    if resource_policy is None:
        return by_identity
    by_resource = evaluate([resource_policy], action, resource, principal=principal)
    if by_resource is Outcome.DENIED:
        return by_resource
    arn = parse(principal) if principal else None
    foreign = bool(arn and resource_account and resource_account != arn.account)
    if foreign:
        return _weaker(by_identity, by_resource)
    if action.startswith("kms:"):
        # "Default key policy": naming the account hands over to IAM, naming the role grants by itself.
        direct = evaluate([_naming(resource_policy, principal or "")], action, resource, principal=principal)
        return by_resource if Outcome.ALLOWED in {by_identity, direct} else _weaker(by_identity, by_resource)
    if Outcome.ALLOWED in {by_identity, by_resource}:
        denial = Outcome.UNKNOWN in {by_identity, by_resource} and _may_deny(
            resource_policy, action, resource, principal
        )
        return Outcome.UNKNOWN if denial else Outcome.ALLOWED
    return Outcome.UNKNOWN if Outcome.UNKNOWN in {by_identity, by_resource} else Outcome.NOT_GRANTED


def _weaker(one: Outcome, other: Outcome) -> Outcome:
    for outcome in (Outcome.DENIED, Outcome.NOT_GRANTED, Outcome.UNKNOWN):
        if outcome in {one, other}:
            return outcome
    return Outcome.ALLOWED


def _naming(document: Document, principal: str) -> Document:
    """The document without the statements that allow whole accounts instead of `principal` (or everybody)."""

    def named(statement: Statement) -> bool:
        block = statement.get("Principal")
        patterns = listed(block.get("AWS")) if isinstance(block, Mapping) else [block]
        return statement.get("Effect") == "Deny" or principal in patterns or "*" in patterns

    return {"Statement": [statement for statement in statements_of(document) if named(statement)]}


def _may_deny(document: Document, action: str, resource: str, principal: str | None) -> bool:
    """Whether a Deny of the document might apply: read alone, its denials as if they were the only statements."""
    denials = [statement for statement in statements_of(document) if statement.get("Effect") == "Deny"]
    as_allow = {"Statement": [{**statement, "Effect": "Allow"} for statement in denials]}
    return evaluate([as_allow], action, resource, principal=principal) is not Outcome.NOT_GRANTED


def trusts(document: Document, service: str) -> Outcome:
    """Whether a role's trust policy lets `service` (such as `sagemaker.amazonaws.com`) assume it."""
    return evaluate([document], "sts:AssumeRole", "*", principal=service)


_CALLERS_ACCOUNT = frozenset({"aws:principalaccount", "kms:calleraccount", "aws:sourceaccount"})


def foreign_principals(document: Document, action: str, resource: str, *, own: str) -> list[str]:
    """Who of other accounts than `own` a resource policy allows `action` on `resource`, or on a part of it.

    Accounts, ARNs, or `*` for everybody, sorted. Services and federated users are none, nor is who is denied it
    outright; nor is a statement whose condition holds for callers of `own` alone.
    """
    found: set[str] = set()
    for statement in statements_of(document):
        if statement.get("Effect") != "Allow" or action_matches(statement, action) is NO:
            continue
        if resource_matches(statement, resource) is NO or _for_account_alone(statement, own):
            continue
        block = statement.get("Principal")
        for pattern in listed(block.get("AWS")) if isinstance(block, Mapping) else listed(block):
            text = str(pattern)
            arn = parse(text)
            account = arn.account if arn else text
            if account != own and (text == "*" or account.isdigit()):
                found.add(text)
    return sorted(who for who in found if not _is_denied(document, action, resource, who))


def _is_denied(document: Document, action: str, resource: str, who: str) -> bool:
    """Whether an account, an ARN or (`*`) everybody is denied it, whatever else is allowed."""
    anybody = "0" * 12
    principal = who if parse(who) else f"arn:aws:iam::{anybody if who == '*' else who}:root"
    return evaluate([document], action, resource, principal=principal) is Outcome.DENIED


def _for_account_alone(statement: Statement, own: str) -> bool:
    condition = statement.get("Condition")
    if not isinstance(condition, Mapping):
        return False
    return any(
        str(key).lower() in _CALLERS_ACCOUNT and {str(value) for value in listed(wanted)} == {own}
        for operator, keys in condition.items()
        if str(operator).lower() in {"stringequals", "stringlike"} and isinstance(keys, Mapping)
        for key, wanted in keys.items()
    )
