"""What this run has said so far: registrations, and what hooks told of names, creations, updates and deletions.

Registrations come from the transform (inputs of the program, before the provider's Check); physical names that the
provider chose, and the operations, come from hooks. Nothing here asks the account.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from guards import kinds, references, usage
from guards.errors import AccountUnknown
from guards.usage import Node, UsageGraph, node
from guards.values import Unknown, get

if TYPE_CHECKING:
    from collections.abc import Iterator

LookUp = Callable[[str, str], "dict[str, Any] | None"]
"""Describes a configuration or a model of the account, by kind and name; None when there is none."""


@dataclass(frozen=True)
class Registration:
    """One resource as the program registered it; `inputs` may hold Unknowns, `dependencies` are URNs."""

    urn: str
    type: str
    inputs: dict[str, Any]
    dependencies: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Operation:
    """One hook call: which resource, its id, its inputs and outputs before and after, as far as the hook has them."""

    urn: str
    type: str
    id: str = ""
    old_inputs: dict[str, Any] = field(default_factory=dict)
    new_inputs: dict[str, Any] = field(default_factory=dict)
    old_outputs: dict[str, Any] = field(default_factory=dict)
    new_outputs: dict[str, Any] = field(default_factory=dict)
    retained: bool = False

    def old(self, *path: str) -> Any:
        """A property as it was: the output, else the input."""
        found = get(self.old_outputs, *path)
        return found if found is not None else get(self.old_inputs, *path)

    @property
    def name(self) -> str:
        """The logical name."""
        return kinds.name_of(self.urn)


class Plan:
    """The run as seen so far. Hooks and transforms run in parallel: one lock."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.registrations: dict[str, Registration] = {}
        self.created: dict[str, Operation] = {}
        self.updated: dict[str, Operation] = {}
        self.leaving: dict[tuple[str, str], Operation] = {}
        """Deletions that the guards let pass in this run, by URN and id."""
        self.gone: set[tuple[str, str]] = set()
        """Deletions that are done."""
        self._called: dict[tuple[str, str], list[str]] = {}
        """URNs by each kind and name that they were ever seen with."""

    def register(self, registration: Registration) -> None:
        """A registration went through the transform."""
        with self.lock:
            self.registrations[registration.urn] = registration
            self._call(registration.urn, registration.inputs)

    def create(self, operation: Operation) -> None:
        """A creation is about to begin."""
        with self.lock:
            self.created[operation.urn] = operation
            self._call(operation.urn, operation.new_inputs, operation.id)

    def update(self, operation: Operation) -> None:
        """An update is about to begin."""
        with self.lock:
            self.updated[operation.urn] = operation
            self._call(operation.urn, operation.new_inputs, operation.id)

    def _call(self, urn: str, inputs: dict[str, Any], identity: str = "") -> None:
        token = kinds.type_of(urn)
        kind = kinds.GUARDED.get(token, kinds.Kind()).node
        for name in (inputs.get(kinds.named_by(token)), identity):
            if isinstance(name, str) and name:
                known = self._called.setdefault((kind, name), [])
                if urn not in known:
                    known.append(urn)

    def name(self, urn: str) -> str:
        """The physical name of a registered resource; "" while it isn't known (auto-named and unchanged)."""
        with self.lock:
            operation = self.updated.get(urn) or self.created.get(urn)
            registration = self.registrations.get(urn)
        by = kinds.named_by(kinds.type_of(urn))
        for bag in (operation.new_inputs if operation else {}, registration.inputs if registration else {}):
            value = bag.get(by)
            if isinstance(value, str) and value:
                return value
        return operation.id if operation else ""

    def of(self, *types: str) -> list[Registration]:
        """The registrations of these types."""
        with self.lock:
            return [one for one in self.registrations.values() if one.type in types]

    def named(self, kind: str, name: str) -> Registration | None:
        """The registration whose physical name is `name`; None when it isn't known to be one of this run."""
        with self.lock:
            for urn in self._called.get((kind, name), ()):
                one = self.registrations.get(urn)
                if one is not None and self.name(urn) == name:
                    return one
        return None

    def endpoints(self) -> dict[str, Registration]:
        """The stack's endpoints by physical name (by URN while the name isn't known)."""
        return {self.name(one.urn) or one.urn: one for one in self.of(kinds.ENDPOINT)}

    def leaving_endpoints(self) -> frozenset[Node]:
        """Endpoints whose deletion has passed in this run."""
        with self.lock:
            return frozenset(
                Node(usage.ENDPOINT, identity)
                for operation in self.leaving.values()
                if operation.type == kinds.ENDPOINT
                for identity in (operation.id, operation.urn)
            )

    def candidates(self, registration: Registration, value: Any, kind: str) -> Iterator[Registration]:
        """The registrations an unknown reference may be to: told by the value, else by type among the dependencies."""
        told = value.dependencies if isinstance(value, Unknown) else frozenset()
        for urn in sorted(told or registration.dependencies):
            one = self.registrations.get(urn)
            if one is not None and one.type in kinds.SOURCES_OF.get(kind, frozenset()):
                yield one

    def graph(self, live: UsageGraph, look_up: LookUp, *, account: str, region: str) -> UsageGraph:
        """What the registered endpoints will use. What is not of this run is read by `look_up`.

        A reference that isn't known yet leads to the registration it is made from, a new incarnation under its URN:
        no existing thing. With no such registration it is a gap that is decided at `up`.
        """
        graph = UsageGraph()
        with self.lock:
            waiting = [
                (Node(usage.ENDPOINT, name), registration)
                for name, registration in self.endpoints().items()
                if not self._is_leaving(registration.urn)
            ]
            seen: set[Node] = set()
            while waiting:
                one, registration = waiting.pop()
                if one in seen:
                    continue
                seen.add(one)
                graph.add_node(one, planned=registration.inputs, urn=registration.urn)
                for reference in references.REFERENCES[one.kind](registration.inputs):
                    waiting += self._enter(graph, live, one, registration, reference, account, region, look_up)
        return graph

    def _is_leaving(self, urn: str) -> bool:
        return any(leaving == urn for leaving, _ in self.leaving)

    def _enter(  # noqa: PLR0913, PLR0917 - one step of graph()
        self,
        graph: UsageGraph,
        live: UsageGraph,
        user: Node,
        registration: Registration,
        reference: references.Reference,
        account: str,
        region: str,
        look_up: LookUp,
    ) -> list[tuple[Node, Registration]]:
        value, kind = reference.value, reference.kind
        if isinstance(value, str) and value:
            one = references.record(graph, user, [reference], account=account, region=region)[0]
            if kind not in references.REFERENCES:
                return []
            return self._known(graph, live, one, look_up)
        if not isinstance(value, Unknown):
            return []
        found = list(self.candidates(registration, value, kind))
        more: list[tuple[Node, Registration]] = []
        for candidate in found:
            one = Node(kinds.GUARDED[candidate.type].node, candidate.urn)
            graph.add(user, one, reference.field)
            if one.kind in references.REFERENCES:
                more.append((one, candidate))
        if not found:
            reason = f"{reference.field} of {user} isn't known before the update"
            graph.add_gap(user, {kind, *usage_below(kind)}, reason, decided_later=True)
        return more

    def _known(
        self, graph: UsageGraph, live: UsageGraph, one: Node, look_up: LookUp
    ) -> list[tuple[Node, Registration]]:
        """Where a reference to `one` leads: to a registration, to what the account describes, or to a gap."""
        planned = self.named(one.kind, one.identity) if one.kind in kinds.TYPES_OF else None
        if planned is not None:
            return [(one, planned)]
        if one in live:
            return []
        try:
            described = look_up(one.kind, one.identity)
        except AccountUnknown as error:
            graph.add_gap(one, usage_below(one.kind), str(error))
            return []
        if described is not None:
            return [(one, Registration("", "", described))]
        graph.add_gap(one, usage_below(one.kind), f"{one} is neither registered yet nor in the account")
        return []


@cache
def usage_below(kind: str) -> frozenset[str]:
    """The kinds of things that may be used by way of one of `kind`."""
    below = {
        usage.CONFIGURATION: {usage.MODEL, usage.KEY, usage.ALIAS, usage.BUCKET, usage.ROLE},
        usage.MODEL: {
            usage.ROLE,
            usage.ARTIFACT,
            usage.IMAGE,
            usage.SUBNET,
            usage.GROUP,
            usage.FUNCTION,
            usage.PACKAGE,
        },
        usage.ARTIFACT: {usage.BUCKET, usage.KEY, usage.ALIAS},
        usage.BUCKET: {usage.KEY, usage.ALIAS},
        usage.IMAGE: {usage.REPOSITORY},
        usage.REPOSITORY: {usage.KEY, usage.ALIAS},
        usage.KEY: {usage.ALIAS},
        usage.SUBNET: {usage.VPC, usage.ROUTE_TABLE, usage.VPC_ENDPOINT},
        usage.ROUTE_TABLE: {usage.VPC_ENDPOINT},
        usage.VPC_ENDPOINT: {usage.GROUP},
        usage.GROUP: {usage.VPC},
        usage.FUNCTION: {usage.ROLE, usage.SECRET, usage.SUBNET, usage.GROUP, usage.KEY, usage.ALIAS},
        usage.SECRET: {usage.KEY, usage.ALIAS},
        usage.PACKAGE: {usage.PACKAGE_GROUP, usage.IMAGE, usage.ARTIFACT},
    }.get(kind, set())
    return frozenset(below).union(*(usage_below(one) for one in below))


def physical(kind: str, operation: Operation) -> list[Node]:
    """The nodes that a resource in state stands for: its names, ids and ARN all lead here."""
    found: list[Node] = []
    if kind == usage.ARTIFACT:
        bucket, key = operation.old("bucket"), operation.old("key")
        key = key or operation.name
        if isinstance(bucket, str) and bucket:
            found.append(Node(kind, f"{bucket}/{str(key).lstrip('/')}"))
        elif "/" in operation.id:
            found.append(Node(kind, operation.id))
        return found
    texts = [operation.id, operation.old("arn")] if kind != usage.REPOSITORY else [operation.old("arn")]
    if kind == usage.BUCKET:
        texts = [operation.old("bucket") or operation.id]
    if kind == usage.ALIAS:
        texts = [operation.old("name") or operation.id]
    for text in texts:
        if isinstance(text, str) and text:
            one = Node(usage.ALIAS, text) if kind == usage.ALIAS else node(kind, text)
            if one not in found:
                found.append(one)
    return found
