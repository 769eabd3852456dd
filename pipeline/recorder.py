"""Listens to a run's engine events and keeps what the report is made of."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from findings.policy_messages import finding_of as read_back
from pipeline.steps import Step, step_of, what_was_read

if TYPE_CHECKING:
    from collections.abc import Callable

    from pulumi.automation.events import DiagnosticEvent, EngineEvent, PolicyEvent, StepEventMetadata

    from findings.finding import Finding

MARKUP = re.compile(r"<\{%[^%]*%\}>")
TERMINAL_CONTROL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@dataclass(frozen=True)
class Diagnostic:
    """A line of the engine, the program or a provider."""

    severity: str
    urn: str
    message: str


@dataclass
class Recorder:
    """
    What a run did, heard event by event.

    Args:
        on_step: told of each step as it begins and again when it is over.
        on_message: told of each line that a person should see while it runs.

    """

    on_step: Callable[[Step], None] = lambda _: None
    on_message: Callable[[Diagnostic], None] = lambda _: None
    destroying: bool = False
    steps: list[Step] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    violations: list[PolicyEvent] = field(default_factory=list)
    packs: dict[str, str] = field(default_factory=dict)
    changes: dict[str, int] = field(default_factory=dict)
    cancelled: bool = False

    def hear(self, event: EngineEvent) -> None:
        """Take in one event; called in the order in which the engine tells them."""
        if event.resource_pre_event:
            self._begun(step_of(event.resource_pre_event.metadata, destroying=self.destroying))
        elif event.res_outputs_event:
            self._over(event.res_outputs_event.metadata, "done")
        elif event.res_op_failed_event:
            self._over(event.res_op_failed_event.metadata, "failed")
        elif event.policy_event:
            self.violations.append(event.policy_event)
        elif event.diagnostic_event:
            self._said(event.diagnostic_event)
        elif event.summary_event:
            self.packs = {
                pack_name(pack): version for pack, version in (event.summary_event.policy_packs or {}).items()
            }
            self.changes = {str(op): count for op, count in (event.summary_event.resource_changes or {}).items()}
        elif event.cancel_event:
            self.cancelled = True

    @property
    def errors(self) -> list[Diagnostic]:
        """What was said at level error, each once."""
        return list(dict.fromkeys(d for d in self.diagnostics if d.severity == "error"))

    def _begun(self, step: Step | None) -> None:
        if step is not None:
            step.status = "running"
            self.steps.append(step)
            self.on_step(step)

    def _over(self, metadata: StepEventMetadata, status: str) -> None:
        for step in reversed(self.steps):
            if step.urn == metadata.urn and step.op in (str(metadata.op.value), "refresh"):
                step.status = status
                if step.op == "refresh" and status == "done":
                    step.why = what_was_read(metadata)
                self.on_step(step)
                return

    def _said(self, event: DiagnosticEvent) -> None:
        text = plain(event.message)
        if event.ephemeral or not text:
            return
        diagnostic = Diagnostic(event.severity, event.urn or "", text)
        self.diagnostics.append(diagnostic)
        self.on_message(diagnostic)


def pack_name(told: str) -> str:
    """The pack's own name; the CLI tells local ones as `name|local|folder`."""
    return told.split("|", 1)[0]


def plain(text: str) -> str:
    """A message without the engine's colour marks and without a terminal's control sequences."""
    return TERMINAL_CONTROL.sub("", MARKUP.sub("", text)).strip()


def finding_of(event: PolicyEvent, severities: dict[str, str]) -> Finding:
    """
    What a pack reported, in the form of a finding.

    Args:
        event: the engine's event.
        severities: severity by rule name; the Automation API leaves it out of the event.

    """
    severity = severities.get(event.policy_name, "")
    return read_back(
        event.policy_name, event.enforcement_level, plain(event.message), event.resource_urn or "", severity
    )
