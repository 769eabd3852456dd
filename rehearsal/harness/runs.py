"""What came of a run, in the words a test compares with: steps, errors, violations, state."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from rehearsal import urns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.engine import Outcome
    from rehearsal.state import ResourceState, Snapshot

Event = dict[str, Any]


class RunWentOtherwise(AssertionError):  # noqa: N818  # what a test reads is the message
    """Raised when a run fails, or succeeds, though the test says it does the other."""


class Step(NamedTuple):
    """One step, in the engine's words: `create`, `update`, `replace`, `delete-replaced`, ... and what it is about."""

    operation: str
    type: str
    name: str


class Remark(NamedTuple):
    """A message of the engine, the program or a provider; `name` is the resource's, or "" when it is about none."""

    name: str
    message: str


class Violation(NamedTuple):
    """What a policy said. `level`: advisory or mandatory; `name`: the resource's."""

    policy: str
    level: str
    name: str
    message: str


@dataclass(frozen=True)
class State:
    """The resources of a stack. `state["name"]`, or `state["type", "name"]` where two have one name."""

    snapshot: Snapshot

    def __iter__(self) -> Iterator[ResourceState]:
        return iter(self.snapshot.resources)

    def __len__(self) -> int:
        return len(self.snapshot.resources)

    def __contains__(self, key: object) -> bool:
        return bool(self._found(key))

    def __getitem__(self, key: str | tuple[str, str]) -> ResourceState:
        """The resource of that name.

        Raises KeyError, naming those there are, when there is none, or more than one.
        """
        found = self._found(key)
        if len(found) == 1:
            return found[0]
        there = ", ".join(sorted(f"{r.type} {urns.name_of(r.urn)}" for r in (found or self)))
        what = f"{len(found)} resources are" if found else "no resource is"
        raise KeyError(f"{what} called {key!r} in the state. There: {there or 'nothing'}")

    def _found(self, key: object) -> list[ResourceState]:
        type_, name = key if isinstance(key, tuple) else ("", key)
        return [r for r in self if urns.name_of(r.urn) == name and type_ in ("", r.type) and not r.delete]

    @property
    def names(self) -> list[str]:
        """The names of the resources, in the order of the state: what is needed comes first; the engine's own aside."""
        return [urns.name_of(r.urn) for r in self if _of_the_program(r.type, r.urn)]

    @property
    def outputs(self) -> dict[str, Any]:
        """The stack's outputs; secret ones are `rehearsal.harness.Secret`."""
        root = self.snapshot.stack_resource()
        return dict(root.outputs) if root else {}


@dataclass(frozen=True)
class Run:
    """One run. `events` are the engine's own, in Pulumi's JSON shapes; the rest is read out of them."""

    operation: str
    outcome: Outcome
    events: list[Event] = field(repr=False)

    @property
    def succeeded(self) -> bool:
        """Whether it came to its end without an error."""
        return self.outcome.succeeded

    @property
    def changes(self) -> dict[str, int]:
        """How many resources were (or would be) created, updated, ...: operation -> number, as `pulumi up` counts."""
        return dict(self.outcome.changes)

    @property
    def steps(self) -> list[Step]:
        """What was done (or would be), in order; resources that stay as they are, stack and default providers aside."""
        return [step for step in self.all_steps if step.operation not in ("same", "refresh")]

    @property
    def all_steps(self) -> list[Step]:
        """Every step of the program's resources, those that stay as they are among them."""
        found = [e["resourcePreEvent"]["metadata"] for e in self.events if "resourcePreEvent" in e]
        return [Step(m["op"], m["type"], urns.name_of(m["urn"])) for m in found if _of_the_program(m["type"], m["urn"])]

    def said(self, severity: str) -> list[Remark]:
        """The messages of one severity: error, warning, info or debug."""
        found = [e["diagnosticEvent"] for e in self.events if "diagnosticEvent" in e]
        return [
            Remark(urns.name_of(d["urn"]) if d.get("urn") else "", d["message"].strip())
            for d in found
            if d["severity"] == severity
        ]

    @property
    def errors(self) -> list[Remark]:
        """What went wrong."""
        return self.said("error")

    @property
    def warnings(self) -> list[Remark]:
        """What was warned of."""
        return self.said("warning")

    @property
    def violations(self) -> list[Violation]:
        """What the packs found."""
        found = [e["policyEvent"] for e in self.events if "policyEvent" in e]
        return [
            Violation(
                e["policyName"], e["enforcementLevel"], urns.name_of(e["resourceUrn"]), e["message"].strip()
            )
            for e in found
        ]  # fmt: skip

    @property
    def remediations(self) -> list[tuple[str, str]]:
        """(policy, name of the resource) of what packs changed."""
        found = [e["policyRemediationEvent"] for e in self.events if "policyRemediationEvent" in e]
        return [(e["policyName"], urns.name_of(e["resourceUrn"])) for e in found]

    @property
    def state(self) -> State:
        """The state it left: a preview leaves what it found."""
        return State(self.outcome.snapshot)

    def told(self) -> str:
        """Errors and violations as text."""
        lines = [f"  {r.name or 'the run'}: {r.message}" for r in self.errors]
        lines += [f"  {v.name}: [{v.level}] {v.policy}: {v.message}" for v in self.violations]
        return "\n".join(lines) or "  (no error was said)"


def _of_the_program(type_: str, urn: str) -> bool:
    return type_ != urns.STACK_TYPE and not urns.is_default_provider(urn)
