"""What a command has to say in the end: one value for the terminal and for `--json`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from findings import exit_codes
from findings.finding import SEVERITIES, Finding
from pipeline.recorder import UNDECIDED, finding_of, pack_name

if TYPE_CHECKING:
    from pipeline.endpoints import Endpoint
    from pipeline.operation import Run

SCHEMA_VERSION = 1
HOOK_FAILED = ("before hook", "after hook")


@dataclass
class Report:
    """One command's report."""

    command: str
    stack: str
    engine: str
    rehearsed: bool
    exit_code: int = exit_codes.OK
    headline: str = ""
    runs: list[Run] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    endpoints: list[Endpoint] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)

    def take(self, run: Run, severities: dict[str, str]) -> None:
        """Add a run; its findings, guards' and packs', each once, the most severe first, take the place of a preview's."""
        self.runs.append(run)
        told = [*run.findings, *(finding_of(event, severities) for event in run.recorder.violations)]
        self.findings = sorted(
            dict.fromkeys(told),
            key=lambda f: (not f.refuses, SEVERITIES.index(f.severity), f.name, f.resource_name),
        )

    @property
    def refused(self) -> bool:
        """Whether a guard or a pack stopped the last run, or would have."""
        if not self.runs:
            return False
        run = self.runs[-1]
        mandatory = any(
            event.enforcement_level in ("mandatory", "remediate") and UNDECIDED not in event.message
            for event in run.recorder.violations
        )
        return mandatory or any(finding.refuses for finding in run.findings)

    @property
    def verdicts(self) -> list[tuple[str, str, str]]:
        """Each pack with its version and its verdict, from the last run that had packs."""
        for run in reversed(self.runs):
            if run.recorder.packs:
                return [(pack, version, _verdict(pack, run)) for pack, version in sorted(run.recorder.packs.items())]
        return []

    def errors(self) -> list[str]:
        """What the engine, program or provider said at level error, without what the findings say already."""
        if not self.runs:
            return []
        run = self.runs[-1]
        lines = [
            f"{diagnostic.urn.split('::')[-1]}: {diagnostic.message}" if diagnostic.urn else diagnostic.message
            for diagnostic in run.recorder.errors
            if not (run.findings and _noise_of_a_guard(diagnostic.message))
        ]
        return lines or ([run.error] if run.error and not run.succeeded and not self.refused else [])

    def to_dict(self) -> dict[str, Any]:
        """Plain values for `--json`, schema version 1."""
        return {
            "schema_version": SCHEMA_VERSION,
            "command": self.command,
            "stack": self.stack,
            "engine": self.engine,
            "rehearsal": self.rehearsed,
            "exit_code": self.exit_code,
            "headline": self.headline,
            "runs": [
                {
                    "operation": run.kind,
                    "succeeded": run.succeeded,
                    "steps": [step.to_dict() for step in run.recorder.steps],
                }
                for run in self.runs
            ],
            "packs": [
                {"pack": pack, "version": version, "verdict": verdict} for pack, version, verdict in self.verdicts
            ],
            "findings": [finding.to_dict() for finding in self.findings],
            "errors": self.errors(),
            "endpoints": [endpoint.to_dict() for endpoint in self.endpoints],
            "outputs": self.outputs,
        }


def _verdict(pack: str, run: Run) -> str:
    mine = [event for event in run.recorder.violations if pack_name(event.policy_pack_name) == pack]
    undecided = sum(UNDECIDED in event.message for event in mine)
    violated = sum(
        event.enforcement_level in ("mandatory", "remediate") for event in mine if UNDECIDED not in event.message
    )
    advised = len(mine) - undecided - violated
    said = [
        f"{count} {word}"
        for count, word in ((violated, "refused"), (advised, "advised"), (undecided, "undecided"))
        if count
    ]
    return ", ".join(said) or "passed"


def _noise_of_a_guard(message: str) -> bool:
    """A refusal as the engine repeats it, once around each layer it went through, with the program's traceback."""
    first = message.splitlines()[0] if message else ""
    return (
        any(words in message for words in HOOK_FAILED) or "Traceback" in message or first.startswith("preview failed")
    )
