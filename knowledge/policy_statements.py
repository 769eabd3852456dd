"""The statements of IAM policy documents, and which action, resource and principal one is about.

Follows "IAM JSON policy elements reference" (IAM User Guide). Conditions: `knowledge.policy_conditions`; what follows
from all statements together: `knowledge.policy_documents`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from knowledge.arns import parse
from knowledge.policy_answers import MAYBE, NO, YES, Answer, either, opposite

Statement = Mapping[str, Any]
Document = Mapping[str, Any]


class MalformedDocumentError(ValueError):
    """A text that is no policy document; the message quotes what is wrong with it."""


def read(text: str | Document) -> Document:
    """The policy document in `text` (JSON text or an object); raises MalformedDocumentError."""
    document: Any = text
    if isinstance(text, str):
        try:
            document = json.loads(text)
        except ValueError as error:
            raise MalformedDocumentError(f"The policy document is no JSON: {error}.") from error
    if not isinstance(document, Mapping):
        raise MalformedDocumentError(f"A policy document is an object, not {type(document).__name__}.")
    statements = listed(document.get("Statement", []))
    if not all(isinstance(statement, Mapping) for statement in statements):
        raise MalformedDocumentError("Statement holds something that is no object.")
    for statement in statements:
        if statement.get("Effect") not in {"Allow", "Deny"}:
            raise MalformedDocumentError(f"A statement's Effect is Allow or Deny, not {statement.get('Effect')!r}.")
    return document


def listed(value: Any) -> list[Any]:
    """`value` as a list: IAM lets a single item stand for a list of one."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def statements_of(document: Document) -> list[Mapping[str, Any]]:
    """The statements of a document."""
    return [statement for statement in listed(document.get("Statement", [])) if isinstance(statement, Mapping)]


# --- matching ---------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def _pattern(pattern: str, *, fold: bool) -> re.Pattern[str]:
    text = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.compile(text, re.DOTALL | (re.IGNORECASE if fold else 0))


def covers(pattern: str, text: str, *, fold: bool = False) -> bool:
    """Whether IAM's wildcard `pattern` (`*`, `?`) matches all of `text`; a `*` inside `text` stands for itself."""
    return _pattern(pattern, fold=fold).fullmatch(text) is not None


def overlaps(one: str, other: str) -> bool:
    """Whether some text matches both wildcard patterns."""

    @cache
    def meet(i: int, j: int) -> bool:
        if i == len(one) and j == len(other):
            return True
        if i < len(one) and one[i] == "*":
            return meet(i + 1, j) or (j < len(other) and meet(i, j + 1))
        if j < len(other) and other[j] == "*":
            return meet(i, j + 1) or (i < len(one) and meet(i + 1, j))
        if i < len(one) and j < len(other) and (one[i] == other[j] or "?" in (one[i], other[j])):
            return meet(i + 1, j + 1)
        return False

    if "*" not in other and "?" not in other:
        return covers(one, other)
    return meet(0, 0)


def action_matches(statement: Statement, action: str) -> Answer:
    """Whether Action or NotAction is about `service:Action`."""
    if "NotAction" in statement:
        return not any(covers(str(p), action, fold=True) for p in listed(statement["NotAction"]))
    return any(covers(str(p), action, fold=True) for p in listed(statement.get("Action")))


def _one_resource(pattern: str, resource: str) -> Answer:
    if "${" in pattern:
        loose = re.sub(r"\$\{[^}]*\}", "*", pattern)
        return MAYBE if overlaps(loose, resource) else NO
    if covers(pattern, resource):
        return YES
    return MAYBE if overlaps(pattern, resource) else NO


def resource_matches(statement: Statement, resource: str) -> Answer:
    """Whether Resource or NotResource is about an ARN; MAYBE for a part of what `*` at its end stands for."""
    if "NotResource" in statement:
        return opposite(either(_one_resource(str(p), resource) for p in listed(statement["NotResource"])))
    if "Resource" not in statement:  # trust policies: the resource is the role that carries them
        return YES
    return either(_one_resource(str(p), resource) for p in listed(statement["Resource"]))


def _principal_is(kind: str, pattern: str, principal: str) -> Answer:
    """Whether `pattern` under principal type `kind` names `principal` (a role's ARN or a service's name)."""
    if pattern == "*":
        return YES
    if kind == "Service":
        return pattern == principal
    arn = parse(principal)
    if kind != "AWS" or arn is None:
        return NO
    if pattern == principal:
        return YES
    if pattern in {arn.account, f"arn:{arn.partition}:iam::{arn.account}:root"}:
        return YES
    # A unique id (AROA...) stands for a role that was deleted, or is resolved by AWS: can't be compared here.
    return MAYBE if re.fullmatch(r"A[A-Z0-9]{15,}", pattern) else NO


def _names(block: Any, principal: str) -> Answer:
    if isinstance(block, str):  # `*`, or an ARN as one finds it in policies that AWS did not write
        return _principal_is("AWS", block, principal)
    if not isinstance(block, Mapping):
        return NO
    return either(
        _principal_is(str(kind), str(pattern), principal)
        for kind, patterns in block.items()
        for pattern in listed(patterns)
    )


def principal_matches(statement: Statement, principal: str | None) -> Answer:
    """Whether Principal or NotPrincipal names a role's ARN or a service; None is whoever carries the policy."""
    if principal is None:
        return YES
    if "NotPrincipal" in statement:
        return opposite(_names(statement["NotPrincipal"], principal))
    if "Principal" not in statement:
        return YES
    return _names(statement["Principal"], principal)
