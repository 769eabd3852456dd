"""Evaluating IAM policy documents: whether an action on a resource is allowed, denied, or can't be known.

Follows "Policy evaluation logic" and "IAM JSON policy elements reference" (IAM User Guide): an explicit deny wins; a
permissions boundary only limits; a resource policy of the same account may grant on its own (S3, ECR), for a KMS key
the key policy must allow the principal or hand over to IAM ("Key policies in AWS KMS").
What isn't understood (most condition keys, policy variables) makes the answer UNKNOWN, never a guess.
"""

from __future__ import annotations

import datetime as dt
import enum
import fnmatch
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

from knowledge.arns import parse

Document = Mapping[str, Any]
Context = Mapping[str, str | None]
"""Condition keys and their values; None for one that the request certainly hasn't. Others may or may not be there."""


class Outcome(enum.Enum):
    """What the documents say about one action on one resource."""

    ALLOWED = "allowed"
    DENIED = "explicitly denied"
    NOT_GRANTED = "not granted"
    UNKNOWN = "not known"


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


_YES, _NO, _MAYBE = True, False, None
Answer = bool | None


def _and(answers: Iterable[Answer]) -> Answer:
    seen = list(answers)
    if any(answer is _NO for answer in seen):
        return _NO
    return _MAYBE if any(answer is _MAYBE for answer in seen) else _YES


def _or(answers: Iterable[Answer]) -> Answer:
    seen = list(answers)
    if any(answer is _YES for answer in seen):
        return _YES
    return _MAYBE if any(answer is _MAYBE for answer in seen) else _NO


def _not(answer: Answer) -> Answer:
    return _MAYBE if answer is _MAYBE else not answer


def _action_matches(statement: Mapping[str, Any], action: str) -> Answer:
    if "NotAction" in statement:
        return not any(covers(str(p), action, fold=True) for p in listed(statement["NotAction"]))
    return any(covers(str(p), action, fold=True) for p in listed(statement.get("Action")))


def _one_resource(pattern: str, resource: str) -> Answer:
    if "${" in pattern:
        loose = re.sub(r"\$\{[^}]*\}", "*", pattern)
        return _MAYBE if overlaps(loose, resource) else _NO
    if covers(pattern, resource):
        return _YES
    return _MAYBE if overlaps(pattern, resource) else _NO


def _resource_matches(statement: Mapping[str, Any], resource: str) -> Answer:
    if "NotResource" in statement:
        return _not(_or(_one_resource(str(p), resource) for p in listed(statement["NotResource"])))
    if "Resource" not in statement:  # trust policies: the resource is the role that carries them
        return _YES
    return _or(_one_resource(str(p), resource) for p in listed(statement["Resource"]))


def _principal_is(kind: str, pattern: str, principal: str) -> Answer:
    """Whether `pattern` under principal type `kind` names `principal` (a role's ARN or a service's name)."""
    if pattern == "*":
        return _YES
    if kind == "Service":
        return pattern == principal
    arn = parse(principal)
    if kind != "AWS" or arn is None:
        return _NO
    if pattern == principal:
        return _YES
    if pattern in {arn.account, f"arn:{arn.partition}:iam::{arn.account}:root"}:
        return _YES
    # A unique id (AROA...) stands for a role that was deleted, or is resolved by AWS: can't be compared here.
    return _MAYBE if re.fullmatch(r"A[A-Z0-9]{15,}", pattern) else _NO


def _names(block: Any, principal: str) -> Answer:
    if isinstance(block, str):  # `*`, or an ARN as one finds it in policies that AWS did not write
        return _principal_is("AWS", block, principal)
    if not isinstance(block, Mapping):
        return _NO
    return _or(
        _principal_is(str(kind), str(pattern), principal)
        for kind, patterns in block.items()
        for pattern in listed(patterns)
    )


def _principal_matches(statement: Mapping[str, Any], principal: str | None) -> Answer:
    if principal is None:
        return _YES
    if "NotPrincipal" in statement:
        return _not(_names(statement["NotPrincipal"], principal))
    if "Principal" not in statement:
        return _YES
    return _names(statement["Principal"], principal)


# --- conditions -------------------------------------------------------------------------------------------------


def _equals(given: str, wanted: str) -> bool:
    return given == wanted


def _folded(given: str, wanted: str) -> bool:
    return given.lower() == wanted.lower()


def _like(given: str, wanted: str) -> bool:
    return fnmatch.fnmatchcase(given, wanted.replace("[", "[[]"))


def _before(given: str, wanted: str) -> bool:
    return _moment(given) < _moment(wanted)


def _after(given: str, wanted: str) -> bool:
    return _moment(given) > _moment(wanted)


def _moment(text: str) -> dt.datetime:
    """A date as IAM takes it; without a time zone it is UTC."""
    moment = dt.datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


_TESTS = {
    "stringequals": (_equals, False),
    "stringnotequals": (_equals, True),
    "stringequalsignorecase": (_folded, False),
    "stringnotequalsignorecase": (_folded, True),
    "stringlike": (_like, False),
    "stringnotlike": (_like, True),
    "arnequals": (_like, False),
    "arnnotequals": (_like, True),
    "arnlike": (_like, False),
    "arnnotlike": (_like, True),
    "bool": (_folded, False),
    "datelessthan": (_before, False),
    "datelessthanequals": (_after, True),
    "dategreaterthan": (_after, False),
    "dategreaterthanequals": (_before, True),
}


def _absent(operator: str, wanted: Any) -> Answer:
    """A condition on a key that the request certainly hasn't ("IAM JSON policy elements: Condition operators").

    Then the values don't match: a condition fails, a negated one holds, and so does one that ends in IfExists.
    """
    if operator == "null":
        return any(str(each).lower() == "true" for each in listed(wanted))
    if operator.endswith("ifexists") or operator.startswith("forallvalues:"):
        return _YES
    return "not" in operator


def _condition_holds(statement: Mapping[str, Any], context: Context) -> Answer:
    condition = statement.get("Condition")
    if not condition:
        return _YES
    if not isinstance(condition, Mapping):
        return _MAYBE
    answers: list[Answer] = []
    for operator, keys in condition.items():
        name = str(operator).lower()
        plain = name.removesuffix("ifexists")
        for key, wanted in keys.items() if isinstance(keys, Mapping) else [("", None)]:
            given = context.get(str(key).lower())
            if given is None and str(key).lower() in context:
                answers.append(_absent(name, wanted))
                continue
            if plain not in _TESTS or given is None or any("${" in str(w) for w in listed(wanted)):
                answers.append(_MAYBE)
                continue
            test, negated = _TESTS[plain]
            try:
                answers.append(any(test(given, str(w)) for w in listed(wanted)) is not negated)
            except ValueError:  # no date, and IAM's other notations aren't read here
                answers.append(_MAYBE)
    return _and(answers)


def context_of(principal: str | None, more: Context | None = None) -> dict[str, str | None]:
    """The condition keys that are certain for a call of an execution role: AWS services call over TLS.

    `aws:PrincipalArn`, `aws:PrincipalAccount` and `kms:CallerAccount` follow from `principal` (a role's ARN).
    """
    context: dict[str, str | None] = {"aws:securetransport": "true"}
    arn = parse(principal) if principal else None
    if arn is not None:
        context |= {
            "aws:principalarn": str(arn),
            "aws:principalaccount": arn.account,
            "kms:calleraccount": arn.account,
        }
    return context | {key.lower(): value for key, value in (more or {}).items()}


# --- deciding ---------------------------------------------------------------------------------------------------


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
    allow: Answer = _NO
    deny: Answer = _NO
    for document in documents:
        for statement in statements_of(document):
            applies = _and(
                (
                    _action_matches(statement, action),
                    _resource_matches(statement, resource),
                    _principal_matches(statement, principal),
                    _condition_holds(statement, known),
                )
            )
            if statement.get("Effect") == "Deny":
                deny = _or((deny, applies))
            else:
                allow = _or((allow, applies))
    if deny is _YES:
        return Outcome.DENIED
    if allow is _NO:
        return Outcome.NOT_GRANTED
    return Outcome.ALLOWED if allow is _YES and deny is _NO else Outcome.UNKNOWN


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

    def named(statement: Mapping[str, Any]) -> bool:
        block = statement.get("Principal")
        patterns = listed(block.get("AWS")) if isinstance(block, Mapping) else [block]
        return statement.get("Effect") == "Deny" or principal in patterns or "*" in patterns

    return {"Statement": [statement for statement in statements_of(document) if named(statement)]}


def _may_deny(document: Document, action: str, resource: str, principal: str | None) -> bool:
    """Whether a Deny of the document might apply: read alone, its denials as if they were the only statements."""
    denials = [statement for statement in statements_of(document) if statement.get("Effect") == "Deny"]
    as_allow = {"Statement": [{**statement, "Effect": "Allow"} for statement in denials]}
    return evaluate([as_allow], action, resource, principal=principal) is not Outcome.NOT_GRANTED


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


def trusts(document: Document, service: str) -> Outcome:
    """Whether a role's trust policy lets `service` (such as `sagemaker.amazonaws.com`) assume it."""
    return evaluate([document], "sts:AssumeRole", "*", principal=service)


_CALLERS_ACCOUNT = frozenset({"aws:principalaccount", "kms:calleraccount", "aws:sourceaccount"})


def foreign_principals(document: Document, action: str, resource: str, *, own: str) -> list[str]:
    """Who of other accounts than `own` a resource policy allows `action` on `resource`, or on a part of it.

    Accounts, ARNs, or `*` for everybody, sorted. Services and federated users are none; nor is a statement whose
    condition holds for callers of `own` alone.
    """
    found: set[str] = set()
    for statement in statements_of(document):
        if statement.get("Effect") != "Allow" or _action_matches(statement, action) is _NO:
            continue
        if _resource_matches(statement, resource) is _NO or _for_account_alone(statement, own):
            continue
        block = statement.get("Principal")
        for pattern in listed(block.get("AWS")) if isinstance(block, Mapping) else listed(block):
            text = str(pattern)
            arn = parse(text)
            account = arn.account if arn else text
            if account != own and (text == "*" or account.isdigit()):
                found.add(text)
    return sorted(found)


def _for_account_alone(statement: Mapping[str, Any], own: str) -> bool:
    condition = statement.get("Condition")
    if not isinstance(condition, Mapping):
        return False
    return any(
        str(key).lower() in _CALLERS_ACCOUNT and {str(value) for value in listed(wanted)} == {own}
        for operator, keys in condition.items()
        if str(operator).lower() in {"stringequals", "stringlike"} and isinstance(keys, Mapping)
        for key, wanted in keys.items()
    )
