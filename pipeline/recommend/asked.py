"""What `holdfast recommend` is asked, and what it has to say in the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from findings import exit_codes
from pipeline.engine import is_rehearsal
from pipeline.recommend import results

if TYPE_CHECKING:
    from pathlib import Path

    from findings.finding import Finding
    from pipeline.recommend.cost import Cost
    from pipeline.recommend.following import Interrupted
    from pipeline.recommend.results import Result

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Asked:
    """What the user asked for, as given."""

    stack: str
    project: Path
    engine: str | None = None
    settings: tuple[str, ...] = ()
    version: str = ""
    kind: str = ""
    """`Default` or `Advanced`; "" takes the setting."""
    types: tuple[str, ...] = ()
    sample: Path | None = None
    prices: Path | None = None
    job: str = ""
    """A job to look at or follow, in the place of a request."""
    stop: str = ""
    only_list: bool = False
    again: bool = False
    yes: bool = False
    detach: bool = False
    on_interrupt: str = ""
    apply: bool = False
    choose: str = results.CHEAPEST
    report: Path | None = None
    json: bool = False
    command: str = "recommend"

    @property
    def instead(self) -> dict[str, Any]:
        """Parts of the setting `recommender` for this run alone."""
        given = {"job": self.kind, "instanceTypes": [*self.types], "version": self.version}
        return {name: value for name, value in given.items() if value}


@dataclass
class Told:
    """What the command has to say in the end."""

    findings: list[Finding] = field(default_factory=list)
    cost: Cost | None = None
    result: Result | None = None
    reused: bool = False
    applied: dict[str, Any] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)
    running: list[str] = field(default_factory=list)
    """Other jobs of the stack that run now."""
    jobs: list[dict[str, str]] = field(default_factory=list)
    """The stack's jobs, where they were asked for."""
    said: str = ""
    exit_code: int = exit_codes.OK

    def to_dict(self, asked: Asked) -> dict[str, Any]:
        """Plain values for `--json`."""
        return {
            "schema_version": SCHEMA_VERSION,
            "command": asked.command,
            "stack": asked.stack,
            "exit_code": self.exit_code,
            "simulated": is_rehearsal(asked.stack),
            "reused": self.reused,
            "findings": [one.to_dict() for one in self.findings],
            "cost": self.cost.to_dict() if self.cost else None,
            "result": self.result.to_dict() if self.result else None,
            "applied": self.applied,
            "files": [str(one) for one in self.files],
            "running": self.running,
            "jobs": self.jobs,
            "said": self.said,
        }


def of_interrupted(interrupted: Interrupted, follow: str) -> str:
    """The last word after an interrupt; `follow` is the command that follows the job."""
    if interrupted.result is None:
        return "Interrupted before SageMaker had taken the job: nothing runs."
    if interrupted.left:
        state = interrupted.result.status.lower().replace("_", " ")
        return (
            f"Interrupted. Job {interrupted.job} is {state}; it costs until it is over. {follow} follows it, --stop "
            "stops it."
        )
    return f"Interrupted. Job {interrupted.job} is over, nothing of it runs; what it had found out is above."


def of_status(result: Result) -> str:
    """The last word about a job that is over."""
    if result.status == "COMPLETED":
        failed = len(result.failed)
        return f"Completed; {failed} of {len(result.trials)} trials failed." if failed else "Completed."
    kept = " What it had found out is above." if any(one.measured for one in result.trials) else ""
    return f"The job did not go through: it is {result.status.lower()}.{kept}"
