"""The conditions of policy statements, as far as they are understood: dates, and keys that follow from the caller.

Follows "IAM JSON policy elements: Condition operators" and "AWS global condition context keys" (IAM User Guide). What
isn't understood (most condition keys, policy variables) may hold or not.
"""

from __future__ import annotations

import datetime as dt
import fnmatch
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from knowledge.arns import parse
from knowledge.policy_answers import MAYBE, YES, Answer, both
from knowledge.policy_statements import listed

if TYPE_CHECKING:
    from knowledge.policy_statements import Statement

Context = Mapping[str, str | None]
"""Condition keys and their values; None for one that the request certainly hasn't. Others may or may not be there."""


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
        return YES
    return "not" in operator


def condition_holds(statement: Statement, context: Context) -> Answer:
    """Whether Condition holds in a context; MAYBE for keys and operators that aren't known here."""
    condition = statement.get("Condition")
    if not condition:
        return YES
    if not isinstance(condition, Mapping):
        return MAYBE
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
                answers.append(MAYBE)
                continue
            test, negated = _TESTS[plain]
            try:
                answers.append(any(test(given, str(w)) for w in listed(wanted)) is not negated)
            except ValueError:  # no date, and IAM's other notations aren't read here
                answers.append(MAYBE)
    return both(answers)


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
