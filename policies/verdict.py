"""
A verdict: what one rule makes of one resource, or of one stack.

Place: rules write into it, `policies/serving.py` tells pulumi-policy. Nothing written means passed.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

from pulumi_policy.proxy import UnknownValueError

from findings.finding import Finding, Severity
from policies.reading import path_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policies.reading import Resource
    from policies.rule import Rule


class NotApplicable(Exception):  # noqa: N818 - it is an outcome, not an error
    """The rule has nothing to say about this resource or stack; the message says why."""


class Verdict:
    """Collects violations and what could not be decided, so that neither hides the other."""

    def __init__(self, rule: Rule, config: Mapping[str, Any] | None = None) -> None:
        """`config`: what the pack's user configured for the rule."""
        self._rule = rule
        self.config: Mapping[str, Any] = config or {}
        self.violations: list[Finding] = []
        self.undecided: list[Finding] = []

    def violated(
        self,
        resource: Resource,
        message: str,
        *,
        fix: str = "",
        path: tuple[str, ...] = (),
        severity: Severity | None = None,
    ) -> None:
        """
        Say that `resource` violates the rule.

        `message` goes on after the resource's name: which property is how, and what follows. `fix`: what to set; unset
        = the rule's remedy. `path`: the path of use, where known. `severity`: where it differs from the rule's.
        """
        self.violations.append(
            Finding(
                source="rule",
                name=self._rule.name,
                outcome="violated",
                severity=severity or self._rule.severity,
                message=f"{resource.label}: {message}",
                urn=resource.urn,
                resource_type=resource.type,
                resource_name=resource.name,
                path=path,
                fix=fix or self._rule.remedy,
            )
        )

    def leave_undecided(self, resource: Resource, message: str) -> None:
        """Say that `resource` can't be judged, and why; `message` goes on after its name."""
        self.undecided.append(
            Finding(
                source="rule",
                name=self._rule.name,
                outcome="undecided",
                severity=self._rule.severity,
                message=f"{resource.label}: {message}",
                urn=resource.urn,
                resource_type=resource.type,
                resource_name=resource.name,
            )
        )

    @contextmanager
    def considering(self, resource: Resource) -> Iterator[None]:
        """Around one part of the judgement: a value not known in it leaves this part undecided, and only this part."""
        try:
            yield
        except UnknownValueError as unknown:
            self.leave_undecided(resource, f"{path_of(unknown)} is not known before `up`.")

    @staticmethod
    def not_applicable(reason: str) -> NoReturn:
        """End the judgement: the rule isn't about this."""
        raise NotApplicable(reason)
