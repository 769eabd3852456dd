"""Simulated authorisation: whether a role may do something, by its identity policies.

A first form of what AWS describes in "Policy evaluation logic" (IAM User Guide,
reference_policies_evaluation-logic.html): an explicit Deny wins, then one Allow is needed. Evaluated are the role's
inline policies, attached managed policies and its permissions boundary. Not evaluated, and so counted as allowing:
resource policies (bucket, repository), service control policies, VPC endpoint policies. Key policies count only as far
as `key_policy_allows` says. Conditions are evaluated for the operators in `_OPERATORS`; a statement with another one
does not apply when it allows and applies when it denies, so that doubt never grants.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


@dataclass(frozen=True)
class Decision:
    """Whether something is allowed, and the sentence that says why (or why not).

    `denied` is an explicit Deny, which no other policy can outweigh.
    """

    allowed: bool
    reason: str
    denied: bool = False


def authorise(role: Any, action: str, resource: str, context: Mapping[str, str] | None = None) -> Decision:
    """Whether moto's `role` may do `action` (`s3:GetObject`) on `resource` (an ARN, or `*`) by its own policies."""
    context = context or {}
    statements = [statement for document in _documents(role) for statement in _statements(document)]
    decision = _decide(statements, action, resource, context, role.arn)
    if not decision.allowed or not role.permissions_boundary_arn:
        return decision
    boundary = _boundary(role)
    if boundary is None:
        return Decision(False, f"the permissions boundary {role.permissions_boundary_arn} of {role.arn} is gone")
    return _decide(_statements(boundary), action, resource, context, f"{role.arn}, by its permissions boundary")


def trusts(role: Any, service: str) -> bool:
    """Whether a role's trust policy lets a service principal (`sagemaker.amazonaws.com`) assume it."""
    document = json.loads(role.assume_role_policy_document or "{}")
    allowed = False
    for statement in _statements(document):
        principal = statement.get("Principal")
        named = principal if isinstance(principal, str) else (principal or {}).get("Service", [])
        services = _list(named)
        if not any(_like(entry, service) for entry in services):
            continue
        if not any(_like(entry, "sts:AssumeRole", fold=True) for entry in _list(statement.get("Action", []))):
            continue
        if statement.get("Effect") == "Deny":
            return False
        allowed = True
    return allowed


def key_policy_allows(policy: str, account: str, role_arn: str, action: str) -> Decision:
    """What a key policy says of a role: allowed itself, or delegated to IAM through the account's root principal.

    Source: "Key policies in AWS KMS" (KMS Developer Guide, key-policies.html): no principal has any permission to a key
    unless the key policy gives it; the statement for the account's root lets IAM policies give it.
    """
    direct = delegated = False
    for statement in _statements(json.loads(policy or "{}")):
        if not any(_like(entry, action, fold=True) for entry in _list(statement.get("Action", []))):
            continue
        principal = statement.get("Principal", {})
        named = ["*"] if principal == "*" else _list(principal.get("AWS", []))
        is_role = any(entry in ("*", role_arn) for entry in named)
        is_account = any(entry == account or entry.endswith(f":iam::{account}:root") for entry in named)
        if statement.get("Effect") == "Deny" and (is_role or is_account):
            return Decision(False, f"the key policy denies {action} to {role_arn}")
        direct |= is_role and not statement.get("Condition")
        delegated |= is_account
    if direct:
        return Decision(True, f"the key policy allows {action} to {role_arn}")
    if delegated:
        return Decision(True, "iam")
    return Decision(False, f"the key policy allows {action} neither to {role_arn} nor to the account")


def _decide(
    statements: Iterable[Mapping[str, Any]], action: str, resource: str, context: Mapping[str, str], who: str
) -> Decision:
    allowed = False
    for statement in statements:
        denies = statement.get("Effect") == "Deny"
        if not _covers(statement, "Action", action, fold=True) or not _covers(statement, "Resource", resource):
            continue
        if not _condition(statement.get("Condition") or {}, context, in_doubt=denies):
            continue
        if denies:
            return Decision(False, f"{who} is denied {action} on {resource} by an explicit Deny", denied=True)
        allowed = True
    if allowed:
        return Decision(True, f"{who} is allowed {action} on {resource}")
    return Decision(False, f"no identity-based policy of {who} allows {action} on {resource}")


def covers(statement: Mapping[str, Any], action: str, resource: str) -> bool:
    """Whether a statement is about an action on a resource, whoever its principal and whatever its conditions."""
    return _covers(statement, "Action", action, fold=True) and _covers(statement, "Resource", resource)


def holds(conditions: Mapping[str, Any], context: Mapping[str, str], *, in_doubt: bool) -> bool:
    """Whether a statement's conditions are met; `in_doubt` is the answer to an operator that isn't evaluated."""
    return _condition(conditions, context, in_doubt=in_doubt)


def _documents(role: Any) -> list[dict[str, Any]]:
    texts = [*role.policies.values(), *(_default_version(policy) for policy in role.managed_policies.values())]
    return [_parse(text) for text in texts]


def _parse(text: Any) -> dict[str, Any]:
    return text if isinstance(text, dict) else _parse_text(text)


@lru_cache(maxsize=1024)
def _parse_text(text: str) -> dict[str, Any]:
    document = json.loads(unquote(text) if text.lstrip().startswith("%7B") else text)
    return document if isinstance(document, dict) else {}


def _default_version(policy: Any) -> Any:
    for version in policy.versions:
        if version.version_id == policy.default_version_id:
            return version.document
    return "{}"


def _boundary(role: Any) -> dict[str, Any] | None:
    from moto.iam.models import iam_backends

    policy = iam_backends[role.account_id][role.partition].managed_policies.get(role.permissions_boundary_arn)
    return _parse(_default_version(policy)) if policy is not None else None


def _statements(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [statement for statement in _list(document.get("Statement", [])) if isinstance(statement, dict)]


def _covers(statement: Mapping[str, Any], element: str, value: str, *, fold: bool = False) -> bool:
    if element in statement:
        return any(_like(pattern, value, fold=fold) for pattern in _list(statement[element]))
    if f"Not{element}" in statement:
        return not any(_like(pattern, value, fold=fold) for pattern in _list(statement[f"Not{element}"]))
    return False


def _like(pattern: str, value: str, *, fold: bool = False) -> bool:
    return _wildcards(pattern, fold=fold).fullmatch(value) is not None


@lru_cache(maxsize=4096)
def _wildcards(pattern: str, *, fold: bool) -> re.Pattern[str]:
    expression = "".join(".*" if char == "*" else "." if char == "?" else re.escape(char) for char in pattern)
    return re.compile(expression, re.IGNORECASE | re.DOTALL if fold else re.DOTALL)


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda wanted, value: wanted == value,
    "StringEqualsIgnoreCase": lambda wanted, value: wanted.lower() == value.lower(),
    "StringLike": _like,
    "ArnEquals": _like,
    "ArnLike": _like,
    "Bool": lambda wanted, value: str(wanted).lower() == value.lower(),
}
_NEGATIVE = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}


def _condition(condition: Mapping[str, Any], context: Mapping[str, str], *, in_doubt: bool) -> bool:
    for operator, tests in condition.items():
        name = operator.removesuffix("IfExists")
        negative = name in _NEGATIVE
        compare = _OPERATORS.get(_NEGATIVE.get(name, name))
        if compare is None:
            return in_doubt
        for key, wanted in tests.items():
            value = next((held for name_, held in context.items() if name_.lower() == key.lower()), None)
            if value is None:
                # An absent key fails a positive operator and passes a negative one or one that ends in IfExists.
                if not negative and not operator.endswith("IfExists"):
                    return False
                continue
            if any(compare(str(entry), value) for entry in _list(wanted)) == negative:
                return False
    return True


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
