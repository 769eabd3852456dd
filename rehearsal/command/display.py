"""What a person sees of a run: a line a step, then policies, diagnostics, outputs and the sum.

It draws on nothing but the engine's events. Lines come as steps begin and end; what belongs together comes at the end.
"""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rehearsal import urns
from rehearsal.command import steps
from rehearsal.command.text import COLOURS, harmless, say, without_markup

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rehearsal.command.event_log import Event

STACK_TYPE = "pulumi:pulumi:Stack"
LONG = 120
HEADS = {
    ("up", True): "Previewing update",
    ("up", False): "Updating",
    ("destroy", True): "Previewing destroy",
    ("destroy", False): "Destroying",
    ("refresh", True): "Previewing refresh",
    ("refresh", False): "Refreshing",
}
LEVELS = {"mandatory": 0, "remediate": 1, "advisory": 2}
NOTHING_TOUCHED = "This was a rehearsal: nothing in AWS was touched."


@dataclass
class Wishes:
    """What the options of the command line ask of the display."""

    colour: bool = False
    diff: bool = False
    sames: bool = False
    reads: bool = False
    full: bool = False
    urns: bool = False
    outputs: bool = True
    progress: bool = True
    remediations: bool = False
    debug: bool = False
    config: bool = False
    shown_outputs: dict[str, Any] = field(default_factory=dict)
    """Outputs in clear, for --show-secrets."""


class Display:
    """The plain-text display of one operation."""

    def __init__(self, operation: str, stack: str, wishes: Wishes, *, dry_run: bool) -> None:
        self._operation = operation
        self._stack = stack
        self._wishes = wishes
        self._dry_run = dry_run
        self._begun: dict[tuple[str, str], float] = {}
        self._start = time.monotonic()
        self._violations: list[dict[str, Any]] = []
        self._remediated: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._diagnostics: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self._outputs: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
        self._summary: dict[str, Any] | None = None

    def head(self) -> None:
        """The first line."""
        what = HEADS["up" if self._operation == "preview" else self._operation, self._dry_run]
        say(f"{self._in('bold', f'{what} ({self._stack})')}, a rehearsal:")
        say()

    def take(self, event: Event) -> None:
        """Show what an event says, or keep it for the end."""
        for kind in (
            "resourcePreEvent",
            "resOutputsEvent",
            "resOpFailedEvent",
            "policyRemediationEvent",
            "diagnosticEvent",
        ):
            if kind in event:
                getattr(self, f"_{kind}")(event[kind])
        if "preludeEvent" in event and self._wishes.config:
            say("Configuration:")
            for key, value in sorted((event["preludeEvent"].get("config") or {}).items()):
                say(f"    {harmless(key)}: {harmless(value)}")
            say()
        elif "policyEvent" in event:
            self._violations.append(event["policyEvent"])
        elif "summaryEvent" in event:
            self._summary = event["summaryEvent"]
        elif "stdoutEvent" in event:
            say(harmless(without_markup(event["stdoutEvent"].get("message", ""))).rstrip())

    def _resourcePreEvent(self, event: dict[str, Any]) -> None:  # noqa: N802  # named as the event
        metadata = event["metadata"]
        operation = metadata["op"]
        self._begun[metadata["urn"], operation] = time.monotonic()
        if not self._shows(metadata):
            return
        words = steps.words(operation)
        self._step(metadata, words.planned if self._dry_run else f"{words.doing or words.planned}...")
        if self._wishes.diff and not operation.startswith("delete"):
            self._properties(metadata)

    def _resOutputsEvent(self, event: dict[str, Any]) -> None:  # noqa: N802
        metadata = event["metadata"]
        if metadata.get("type") == STACK_TYPE:
            old, new = metadata.get("old") or {}, metadata.get("new") or {}
            self._outputs = (old.get("outputs") or {}, new.get("outputs") or self._outputs[1])
        refreshed = self._begun.pop((metadata["urn"], "refresh"), None)
        begun = self._begun.pop((metadata["urn"], metadata["op"]), refreshed)
        if begun is None or not self._shows(metadata):
            return
        words = steps.words(metadata["op"])
        if refreshed is not None:
            self._step(metadata, f"{words.done} outside, found by the refresh")
        elif not self._dry_run:
            self._step(metadata, f"{words.done} ({time.monotonic() - begun:.2f}s)")

    def _resOpFailedEvent(self, event: dict[str, Any]) -> None:  # noqa: N802
        metadata = event["metadata"]
        words = steps.words(metadata["op"])
        self._step(metadata, self._in("red", f"{words.doing or words.planned} failed"))

    def _policyRemediationEvent(self, event: dict[str, Any]) -> None:  # noqa: N802
        pack, policy = event.get("policyPackName", ""), event.get("policyName", "")
        self._remediated[pack, policy].append(event.get("resourceUrn", ""))

    def _diagnosticEvent(self, event: dict[str, Any]) -> None:  # noqa: N802
        severity = event.get("severity", "info")
        if event.get("ephemeral") or (severity == "debug" and not self._wishes.debug):
            return
        message = harmless(without_markup(event.get("message", ""))).rstrip()
        if message:
            self._diagnostics[event.get("urn", "")].append((severity, message))

    def _shows(self, metadata: dict[str, Any]) -> bool:
        operation, type_ = metadata["op"], metadata.get("type", "")
        if type_ == STACK_TYPE or _internal(metadata["urn"]) or not self._wishes.progress:
            return False
        if operation in ("same", "refresh"):
            return operation == "same" and self._wishes.sames
        if operation == "replace":
            return False  # creating the new and deleting the old are shown, each when it happens
        return operation not in ("read", "read-replacement") or self._wishes.reads

    def _step(self, metadata: dict[str, Any], status: str) -> None:
        words = steps.words(metadata["op"])
        type_, name = steps.resource(metadata["urn"])
        what = metadata["urn"] if self._wishes.urns else f"{type_}  {name}"
        changed = steps.changed(metadata) if metadata["op"] not in ("create", "delete", "same") else []
        reasons = f"  [diff: {', '.join(changed)}]" if changed else ""
        say(f" {self._in(words.colour, words.mark)} {harmless(what)}  {status}{harmless(reasons)}")
        sys.stdout.flush()

    def _properties(self, metadata: dict[str, Any]) -> None:
        old, new = ((metadata.get(side) or {}).get("inputs") or {} for side in ("old", "new"))
        for key in sorted({*old, *new}):
            if key.startswith("__") or (key in old and key in new and old[key] == new[key]):
                continue
            before, after = (self._short(steps.readable(side[key])) if key in side else None for side in (old, new))
            if before is None:
                say(f"      {self._in('green', '+')} {harmless(key)}: {after}")
            elif after is None:
                say(f"      {self._in('red', '-')} {harmless(key)}: {before}")
            else:
                say(f"      {self._in('yellow', '~')} {harmless(key)}: {before} => {after}")

    def _short(self, value: Any) -> str:
        text = harmless(json.dumps(value, ensure_ascii=False))
        text = _words(text)
        return text if self._wishes.full or len(text) <= LONG else f"{text[:LONG]}..."

    def tail(self, *, succeeded: bool) -> None:
        """What is shown when the run is over."""
        say()
        for part in (
            self._policies(),
            self._diagnosis(),
            self._stack_outputs() if self._wishes.outputs else [],
            self._sum(),
        ):
            lines = list(part)
            if lines:
                say("\n".join(lines))
                say()
        if not self._dry_run:
            say(f"Duration: {max(1, round(time.monotonic() - self._start))}s")
        if not succeeded:
            say(self._in("red", f"The {self._operation} failed. ") + NOTHING_TOUCHED)
        else:
            say(NOTHING_TOUCHED)

    def _policies(self) -> Iterable[str]:
        packs = dict((self._summary or {}).get("PolicyPacks") or {})
        for violation in self._violations:
            packs.setdefault(violation.get("policyPackName", ""), violation.get("policyPackVersion", ""))
        if not packs:
            return
        yield self._in("bold", "Policies:")
        for pack, version in sorted(packs.items()):
            yield from self._pack(pack, str(version or ""))

    def _pack(self, pack: str, version: str) -> Iterable[str]:
        own = [violation for violation in self._violations if violation.get("policyPackName") == pack]
        own.sort(
            key=lambda v: (
                LEVELS.get(v.get("enforcementLevel", ""), 3),
                v.get("policyName", ""),
                v.get("resourceUrn", ""),
            )
        )
        levels = {violation.get("enforcementLevel") for violation in own}
        mark = "❌" if levels & {"mandatory", "remediate"} else "⚠️ " if levels else "✅"
        yield f"    {mark} {harmless(pack)}{f'@{harmless(version)}' if version else ''}"
        for (of, policy), fixed in sorted(self._remediated.items()):
            if of == pack:
                count = f"{len(fixed)} resource{'s' if len(fixed) > 1 else ''}"
                yield f"        - [remediate]  {harmless(policy)}  ({count})"
                if self._wishes.remediations:
                    yield from (f"          {harmless(' '.join(steps.resource(urn)))}" for urn in fixed)
        for violation in own:
            level = violation.get("enforcementLevel", "")
            severity = f" [severity: {violation['severity']}]" if violation.get("severity") else ""
            type_, name = steps.resource(violation.get("resourceUrn", ""))
            colour = "red" if level in ("mandatory", "remediate") else "yellow"
            policy = harmless(violation.get("policyName", ""))
            where = f"({harmless(type_)}: {harmless(name)})"
            yield f"        - {self._in(colour, f'[{level}]')}{severity}  {policy}  {where}"
            for line in harmless(without_markup(violation.get("message", ""))).splitlines():
                yield f"          {line}"

    def _diagnosis(self) -> Iterable[str]:
        if not self._diagnostics:
            return
        yield self._in("bold", "Diagnostics:")
        for urn, messages in self._diagnostics.items():
            type_, name = steps.resource(urn)
            yield f"  {harmless(type_)} ({harmless(name)}):" if urn else f"  pulumi ({self._stack}):"
            for severity, message in dict.fromkeys(messages):
                label = {"error": "error: ", "warning": "warning: "}.get(severity, "")
                colour = {"error": "red", "warning": "yellow"}.get(severity, "")
                first, *rest = message.splitlines()
                yield f"    {self._in(colour, label)}{first}"
                yield from (f"    {line}" for line in rest)

    def _stack_outputs(self) -> Iterable[str]:
        old, new = self._outputs
        if not old and not new:
            return
        yield self._in("bold", "Outputs:")
        width = max(map(len, {*old, *new}))
        for key in sorted({*old, *new}):
            value = self._wishes.shown_outputs.get(key, steps.readable(new.get(key)))
            mark = "+" if key not in old else "-" if key not in new else "~" if old[key] != new[key] else " "
            text = self._short(value if key in new else steps.readable(old[key]))
            yield f"  {mark} {harmless(key).ljust(width)}: {text}"

    def _sum(self) -> Iterable[str]:
        if self._summary is None:
            return
        changes = dict(self._summary.get("resourceChanges") or {})
        same = changes.pop("same", 0)
        yield self._in("bold", "Resources:")
        for operation, count in sorted(changes.items(), key=lambda item: list(steps.OPERATIONS).index(item[0])):
            words = steps.words(operation)
            what = f"to {words.planned}" if self._dry_run else words.done
            yield f"    {self._in(words.colour, words.mark.strip())} {count} {what}"
        if same or not changes:
            yield f"    {same} unchanged"

    def _in(self, colour: str, text: str) -> str:
        return f"\x1b[{COLOURS[colour]}m{text}\x1b[0m" if self._wishes.colour and colour and text else text


def _internal(urn: str) -> bool:
    """Whether the engine made the resource by itself."""
    try:
        return urns.is_default_provider(urn)
    except ValueError:
        return False


def _words(text: str) -> str:
    """JSON in which `[unknown]` and `[secret]` are no texts but words."""
    return text.replace('"[unknown]"', "[unknown]").replace('"[secret]"', "[secret]")
