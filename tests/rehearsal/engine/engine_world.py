"""A small world for engine tests: a project of its own, the stand-in provider, and runs one after another."""

from __future__ import annotations

import json
import os
import sys
import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rehearsal.engine import Outcome, Project, Request, run
from rehearsal.state import Snapshot, verify

PARITY = Path(__file__).parents[2] / "parity"
HEAD = "from parity_sdk import Group, Thing, env, hook, hooks, lookup, note, options\nimport pulumi\n"


def short(urn: str) -> str:
    """The name of a URN."""
    return urn.rsplit("::", 1)[-1]


@dataclass
class Ran:
    """One run: its outcome, its events, and the calls that provider and hooks noted."""

    outcome: Outcome
    events: list[dict[str, Any]]
    calls: list[dict[str, Any]]
    saved: list[Snapshot]

    @property
    def steps(self) -> list[tuple[str, str]]:
        """(operation, name) in the order in which the steps began; stack and default providers left out."""
        metadata = [e["resourcePreEvent"]["metadata"] for e in self.events if "resourcePreEvent" in e]
        kept = [m for m in metadata if m["type"] != "pulumi:pulumi:Stack" and "::default" not in m["urn"]]
        return [(m["op"], short(m["urn"])) for m in kept]

    def said(self, severity: str) -> list[tuple[str, str]]:
        """(name of the resource, message) of the diagnostics of one severity."""
        found = [e["diagnosticEvent"] for e in self.events if "diagnosticEvent" in e]
        return [(short(d.get("urn", "")), d["message"].strip()) for d in found if d["severity"] == severity]

    def called(self, call: str) -> list[str]:
        """The names for which the provider (or a hook) got a call."""
        return [c["name"] for c in self.calls if c["call"] == call]

    def state(self, name: str) -> Any:
        """The resource of that name in the state left behind."""
        return next(r for r in self.outcome.snapshot.resources if short(r.urn) == name)

    def names(self) -> list[str]:
        """Names of the resources left behind, in the order of the state, stack and default providers left out."""
        left = self.outcome.snapshot.resources
        return [short(r.urn) for r in left if "::default" not in r.urn and r.type != "pulumi:pulumi:Stack"]


@dataclass
class World:
    """A project whose program and environment may change from run to run; the state is kept between runs."""

    directory: Path
    snapshot: Snapshot | None = None
    runs: int = 0
    config: dict[str, str] = field(default_factory=dict)
    secret_keys: frozenset[str] = frozenset()

    def program(self, text: str) -> None:
        """Set the program; what the parity programs import is imported."""
        (self.directory / "__main__.py").write_text(HEAD + textwrap.dedent(text))

    def request(self, operation: str, saved: list[Snapshot], events: list[dict[str, Any]], **more: Any) -> Request:
        """A request for this project; checks each snapshot that is saved."""
        self.runs += 1
        log = self.directory.parent / f"calls-{self.runs}"
        log.touch()
        (self.directory / "parity_sdk.py").write_text((PARITY / "programs" / "parity_sdk.py").read_text())
        environment = {
            **os.environ,
            "PARITY_LOG": str(log),
            "PARITY_COUNTERS": str(self.directory.parent / "counters.json"),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            **{f"CASE_{k}": v for k, v in more.pop("case", {}).items()},
        }

        def save(snapshot: Snapshot) -> None:
            verify(snapshot)
            saved.append(snapshot)

        project = Project("world", self.directory, plugins={"parity": PARITY / "provider"})
        return Request(
            operation, project, "test", self.snapshot, save, events.append, environment=environment,  # type: ignore[arg-type]
            config=self.config, secret_keys=self.secret_keys, **{"parallel": 1, **more},
        )  # fmt: skip

    def run(self, operation: str, **more: Any) -> Ran:
        """Run an operation; `case` sets CASE_ variables, the rest goes into the request."""
        saved: list[Snapshot] = []
        events: list[dict[str, Any]] = []
        request = self.request(operation, saved, events, **more)
        outcome = run(request)
        if not (operation == "preview" or more.get("preview_only")):
            self.snapshot = outcome.snapshot
        log = Path(request.environment["PARITY_LOG"]) if request.environment else Path()
        return Ran(outcome, events, [json.loads(line) for line in log.read_text().splitlines()], saved)
