"""What a command has to say in the end: one value for the terminal and for `--json`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from findings import exit_codes
from findings.finding import SEVERITIES, Finding
from pipeline.explanations import explain
from pipeline.recorder import finding_of, pack_name

if TYPE_CHECKING:
    from pipeline.endpoints import Endpoint
    from pipeline.operation import Run

SCHEMA_VERSION = 1
REPEATED = ("before hook", "after hook", "Resource monitor has terminated", "resource monitor shut down")
"""By these words the engine tells a second time that a hook refused."""
BROKEN_OFF = "nothing in what was seen before the run failed"
PROGRAM_ENDED = "Program exited with non-zero exit code"
"""What the engine adds to the error of which the program died."""


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
    checks: list[Finding] = field(default_factory=list)
    """What was looked at before the first run; it counts in every run of the command."""
    packs: dict[str, list[Finding]] = field(default_factory=dict)
    """The last run's findings by pack."""
    endpoints: list[Endpoint] = field(default_factory=list)

    def take(self, run: Run, severities: dict[str, str]) -> None:
        """Add a run; its findings, guards' and packs', each once, the most severe first, replace a preview's."""
        self.runs.append(run)
        self.packs = {}
        for event in run.recorder.violations:
            self.packs.setdefault(pack_name(event.policy_pack_name), []).append(finding_of(event, severities))
        told = [*self.checks, *run.findings, *(finding for findings in self.packs.values() for finding in findings)]
        self.findings = sorted(
            dict.fromkeys(told),
            key=lambda f: (not f.refuses, SEVERITIES.index(f.severity), f.name, f.resource_name),
        )

    @property
    def refused(self) -> bool:
        """Whether a guard or a pack stopped the last run, or would have."""
        if not self.runs:
            return False
        return any(finding.refuses for finding in self.findings)

    @property
    def verdicts(self) -> list[tuple[str, str, str]]:
        """Each pack of the last run with its version and its verdict."""
        if not self.runs:
            return []
        versions = self.runs[-1].recorder.packs
        nothing = BROKEN_OFF if self.broken_off else "passed"
        return [
            (pack, version, _verdict(self.packs.get(pack, [])) or nothing) for pack, version in sorted(versions.items())
        ]

    @property
    def guards_verdict(self) -> str:
        """The guards' verdict on the last run."""
        refusing = sum(finding.refuses for finding in self.findings if finding.source == "guard")
        return f"{refusing} refused" if refusing else BROKEN_OFF if self.broken_off else "passed"

    @property
    def broken_off(self) -> bool:
        """Whether the last run failed before packs and guards had seen everything."""
        return not self.runs[-1].succeeded and not self.refused

    def errors(self) -> list[str]:
        """What the engine, program or provider said at level error, without what the findings say already."""
        if not self.runs:
            return []
        run = self.runs[-1]
        lines = [
            f"{diagnostic.urn.split('::')[-1]}: {diagnostic.message}" if diagnostic.urn else diagnostic.message
            for diagnostic in run.recorder.errors
            if not self._told_by_a_finding(diagnostic.message)
        ]
        lines = [line for line in lines if not line.startswith(PROGRAM_ENDED)] or lines
        return lines or ([run.error] if run.error and not run.succeeded and not self.refused else [])

    @property
    def bad_settings(self) -> bool:
        """Whether the last run ended because the stack's settings can't be used."""
        from components.settings_problems import HEADLINE

        return any(diagnostic.message.startswith(HEADLINE) for diagnostic in self.runs[-1].recorder.errors)

    def explanations(self) -> list[str]:
        """What AWS's words in errors and refusals mean, where they don't say what to do."""
        refusing = [finding.message for finding in self.findings if finding.refuses]
        return explain([*self.errors(), *refusing])

    def warnings(self) -> list[str]:
        """What the program or a provider warned of, in any run, each once: what a change costs, for example."""
        said = [d.message for run in self.runs for d in run.recorder.diagnostics if d.severity == "warning"]
        return list(dict.fromkeys(said))

    def _told_by_a_finding(self, message: str) -> bool:
        """A refusal as the engine repeats it, once around each layer it went through, with the program's traceback."""
        refusing = [finding for finding in self.findings if finding.refuses]
        return bool(refusing) and (
            any(words in message for words in REPEATED)
            or any(finding.message in message for finding in refusing)
            or message.strip() in ("preview failed", "update failed")
        )

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
            "warnings": self.warnings(),
            "errors": self.errors(),
            "explanations": self.explanations(),
            "endpoints": [endpoint.to_dict() for endpoint in self.endpoints],
        }


def _verdict(findings: list[Finding]) -> str:
    refused = sum(finding.refuses for finding in findings)
    undecided = sum(finding.outcome == "undecided" for finding in findings)
    exempted = sum(finding.exempted_by is not None for finding in findings)
    advised = len(findings) - refused - undecided - exempted
    counted = ((refused, "refused"), (advised, "advised"), (undecided, "undecided"), (exempted, "exempted"))
    return ", ".join(f"{count} {word}" for count, word in counted if count)
