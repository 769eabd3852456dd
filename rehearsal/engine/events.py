"""Engine events: Pulumi's JSON shapes (pulumi/pulumi, sdk/go/common/apitype/events.go), and the counts of changes."""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING, Any

from rehearsal.engine.steps import Step, property_diff
from rehearsal.errors import RehearsalError
from rehearsal.values import masked

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.state import ResourceState
    from rehearsal.wire.analyzer import Finding, Remediated

_PREFIXES = {"error": "error: ", "warning": "warning: ", "debug": "debug: "}


def shown(state: ResourceState | None) -> dict[str, Any] | None:
    """A resource as events show it: secrets masked, what is empty left out."""
    if state is None:
        return None
    row: dict[str, Any] = {
        "type": state.type,
        "urn": state.urn,
        "custom": state.custom,
        "id": state.id,
        "parent": state.parent,
    }
    row |= {"inputs": masked(state.inputs), "outputs": masked(state.outputs), "provider": state.provider}
    more = {
        "delete": state.delete, "protect": state.protect, "retainOnDelete": state.retain_on_delete,
        "external": state.external, "initErrors": state.init_errors, "hideDiffs": state.hide_diff,
    }  # fmt: skip
    return row | {k: v for k, v in more.items() if v}


class Events:
    """Emits the events of one run, one at a time."""

    def __init__(self, emit: Callable[[dict[str, Any]], None], *, dry_run: bool) -> None:
        self._emit = emit
        self._dry_run = dry_run
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self.changes: dict[str, int] = {}
        self.counts_refreshes = False
        """Whether a refresh is what the run is for, and not only its beginning."""
        self.muted = False
        """Set once the run is being broken off: what the program says from then on is about that."""

    def emit(self, event: dict[str, Any]) -> None:
        """Emit one event."""
        with self._lock:
            self._emit(event)

    def diagnostic(self, severity: str, message: str, urn: str = "", *, ephemeral: bool = False) -> None:
        """Say something: severity is debug, info, info#err, warning or error."""
        row: dict[str, Any] = {"urn": urn} if urn else {}
        text = message if message.endswith("\n") else message + "\n"
        row |= {"prefix": _PREFIXES.get(severity, ""), "message": text, "color": "never", "severity": severity}
        self.emit({"diagnosticEvent": {**row, "ephemeral": True} if ephemeral else row})

    def warning(self, urn: str, message: str) -> None:
        """Warn of something about a resource."""
        self.diagnostic("warning", message, urn)

    def program_says(self, severity: str, message: str, urn: str = "", ephemeral: bool = False) -> None:
        """Pass on what the program or one of its plug-ins says."""
        if severity != "debug" and not self.muted:
            self.diagnostic(severity, message, urn, ephemeral=ephemeral)

    def error(self, error: RehearsalError | str, urn: str = "") -> None:
        """Show an error, at its own resource or at `urn`; at none when its own is "": it is about the whole run."""
        if isinstance(error, RehearsalError):
            self.diagnostic("error", error.message, urn if error.urn is None else error.urn)
        else:
            self.diagnostic("error", error, urn)

    def prelude(self, config: dict[str, str], secret_keys: frozenset[str]) -> None:
        """The first event."""
        shown = {k: "[secret]" if k in secret_keys else v for k, v in config.items()}
        self.emit({"preludeEvent": {"config": shown}})

    def _metadata(self, step: Step) -> dict[str, Any]:
        row: dict[str, Any] = {
            "op": step.result if step.kind == "refresh" and step.result else step.kind, "urn": step.urn,
            "type": step.state.type, "old": shown(step.old), "new": shown(step.new),
            "detailedDiff": property_diff(step.detailed),
            "logical": step.logical, "provider": step.provider,
        }  # fmt: skip
        if step.keys:
            row["keys"] = step.keys
        if step.diffs:
            row["diffs"] = step.diffs
        return row

    def begins(self, step: Step) -> None:
        """A step begins."""
        self.emit(
            {"resourcePreEvent": {"metadata": self._metadata(step) | {"op": step.kind}, "planning": self._dry_run}}
        )

    def ended(self, step: Step) -> None:
        """A step succeeded: count it and show what came out."""
        logical = self.counts_refreshes if step.kind == "refresh" else step.logical
        counted = logical and not step.internal and (step.kind != "read" or _changed(step))
        if counted:
            op = step.result if step.kind == "refresh" else step.kind
            with self._lock:
                self.changes[op] = self.changes.get(op, 0) + 1
        if step.state.custom or step.kind in ("refresh", "delete"):
            self.outputs(step)

    def outputs(self, step: Step) -> None:
        """The outputs of a step are there."""
        self.emit({"resOutputsEvent": {"metadata": self._metadata(step), "planning": self._dry_run}})

    def failed(self, step: Step, error: RehearsalError, *, unknown: bool) -> None:
        """A step failed."""
        urn = "" if step.internal else step.urn
        self.diagnostic("error", f"Preview failed: {error.message}" if self._dry_run else error.message, urn)
        if not self._dry_run:
            row = {"metadata": self._metadata(step), "status": 2 if unknown else 0, "steps": sum(self.changes.values())}
            self.emit({"resOpFailedEvent": row})

    def violated(self, finding: Finding, urn: str) -> None:
        """A policy found something; a level of remediate weighs like mandatory."""
        row = {
            "resourceUrn": urn, "message": finding.message + "\n", "color": "never", "policyName": finding.policy,
            "policyPackName": finding.pack, "policyPackVersion": finding.version,
            "policyPackVersionTag": finding.version,
            "enforcementLevel": "mandatory" if finding.level == "remediate" else finding.level,
        }  # fmt: skip
        self.emit({"policyEvent": {**row, "severity": finding.severity} if finding.severity else row})

    def remediated(self, change: Remediated, urn: str, before: dict[str, Any]) -> None:
        """A policy changed inputs."""
        self.emit(
            {
                "policyRemediationEvent": {
                    "resourceUrn": urn, "color": "never", "policyName": change.policy, "policyPackName": change.pack,
                    "policyPackVersion": change.version, "policyPackVersionTag": change.version,
                    "before": masked(before), "after": masked(change.properties),
                }
            }
        )  # fmt: skip

    def judged(self, kind: str, pack: str, version: str, urn: str, passed: list[str], failed: list[str]) -> None:  # noqa: PLR0913, PLR0917
        """Which policies of a pack passed and failed; `kind`: Analyze, Remediate or AnalyzeStack."""
        row: dict[str, Any] = {"resourceUrn": urn} if urn else {}
        row |= {"policyPackName": pack, "policyPackVersion": version, "policyPackVersionTag": version}
        row |= {k: sorted(v) for k, v in (("passed", passed), ("failed", failed)) if v}
        self.emit({f"policy{kind}SummaryEvent": row})

    def summary(self, result: str, packs: dict[str, str], *, corrupt: bool) -> None:
        """The last event."""
        row: dict[str, Any] = {
            "maybeCorrupt": corrupt, "durationSeconds": math.ceil(time.monotonic() - self._began),
            "resourceChanges": dict(self.changes), "PolicyPacks": packs, "isPreview": self._dry_run, "result": result,
        }  # fmt: skip
        self.emit({"summaryEvent": row})


def _changed(step: Step) -> bool:
    from rehearsal.values.compare import differences

    return step.old is not None and step.new is not None and bool(differences(step.old.outputs, step.new.outputs))
