"""`pulumi preview --json`: the plan as one document.

Source of the shape: pulumi/pulumi, pkg/backend/display/json.go (previewDigest).
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from rehearsal.command.text import say, without_markup

if TYPE_CHECKING:
    from rehearsal.command.event_log import Event


class PreviewDocument:
    """Gathers a preview's events into the document."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._document: dict[str, Any] = {"config": {}, "steps": [], "diagnostics": []}

    def take(self, event: Event) -> None:
        """Keep what belongs into the document."""
        if "preludeEvent" in event:
            self._document["config"] = event["preludeEvent"].get("config") or {}
        elif "resourcePreEvent" in event:
            metadata = event["resourcePreEvent"]["metadata"]
            if metadata.get("logical", True):
                self._document["steps"].append(_step(metadata))
        elif "resOutputsEvent" in event:
            self._complete(event["resOutputsEvent"]["metadata"])
        elif "diagnosticEvent" in event and event["diagnosticEvent"].get("severity") != "debug":
            self._document["diagnostics"].append(_diagnostic(event["diagnosticEvent"]))
        elif "summaryEvent" in event:
            summary = event["summaryEvent"]
            self._document["changeSummary"] = summary.get("resourceChanges") or {}
            if summary.get("maybeCorrupt"):
                self._document["maybeCorrupt"] = True

    def _complete(self, metadata: dict[str, Any]) -> None:
        for step in reversed(self._document["steps"]):
            if step["urn"] == metadata["urn"] and step["op"] == metadata["op"]:
                step.update(_step(metadata))
                return

    def tail(self) -> None:
        """Print the document."""
        document = {key: value for key, value in self._document.items() if value or key in ("config", "steps")}
        document["duration"] = int((time.monotonic() - self._start) * 1e9)
        document.setdefault("changeSummary", {})
        say(json.dumps(document, indent=4, ensure_ascii=False))


def _step(metadata: dict[str, Any]) -> dict[str, Any]:
    step: dict[str, Any] = {"op": metadata["op"], "urn": metadata["urn"]}
    if metadata.get("provider"):
        step["provider"] = metadata["provider"]
    for side in ("old", "new"):
        if metadata.get(side):
            step[f"{side}State"] = {"custom": False, **{key: value for key, value in metadata[side].items() if value}}
    for name, key in (("diffReasons", "diffs"), ("replaceReasons", "keys")):
        if metadata.get(key):
            step[name] = metadata[key]
    step["detailedDiff"] = metadata.get("detailedDiff")
    return step


def _diagnostic(event: dict[str, Any]) -> dict[str, Any]:
    row = {key: event[key] for key in ("urn", "prefix", "severity") if event.get(key)}
    return {**row, "message": without_markup(event.get("message", ""))}
