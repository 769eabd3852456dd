"""
The form of a rule.

A rule is one file in `policies/rules/`, 30 to 60 lines, named after the compliant state. Its docstring is its page in
the catalogue and has a fixed order: the claim, Avoid, Prefer, Why, Not covered. The severity belongs to the fault and
stands here; how much a rule weighs (mandatory, advisory, disabled) belongs to the packs.

A rule answers in one of four ways. It writes `verdict.violated(...)`; or nothing, which means passed; or
`verdict.not_applicable(reason)`; or it reads a value that isn't known before `up`, or writes
`verdict.leave_undecided(...)`, which means undecided. Undecided is shown and is never a silent pass.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from findings.finding import Severity
    from policies.reading import Resource, Stack
    from policies.verdict import Verdict

Concern = Literal["endpoint integrity", "container access", "private registry", "model registry"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What every rule has; a rule is a `ResourceRule` or a `StackRule`."""

    name: str
    """The compliant state in kebab-case; the file has the same name in snake_case."""

    title: str
    """The compliant condition, one sentence."""

    severity: Severity
    concern: Concern
    url: str
    """The AWS page that asks for it."""

    remedy: str
    """What to set; a violation may say it more exactly."""

    types: tuple[str, ...]
    """The resource types it is about; where none is there, the rule is not applicable."""

    configuration: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What can be configured besides level and `undecided`: JSON schemas by name. `verdict.config` has the values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceRule(Rule):
    """A rule that needs nothing but the resource itself. In `up` it refuses before the resource is touched."""

    judge: Callable[[Resource, Verdict], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class StackRule(Rule):
    """
    A rule that needs to see what refers to what.

    In a preview it refuses as early as any other; in an `up` that skipped its preview it runs only after the steps.
    """

    judge: Callable[[Stack, Verdict], None]
