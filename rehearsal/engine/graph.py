"""Who depends on whom among the resources of a snapshot, which is in topological order.

Source: pulumi/pulumi, pkg/resource/graph/dependency_graph.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal import urns

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from rehearsal.state import ResourceState


def direct(state: ResourceState, *, parent: bool) -> set[str]:
    """URNs a resource depends on directly, its provider among them."""
    found = {*state.dependencies, *state.replace_with}
    for dependencies in state.property_dependencies.values():
        found.update(dependencies)
    if state.deleted_with:
        found.add(state.deleted_with)
    if state.provider:
        found.add(urns.provider_of(state.provider)[0])
    if parent and state.parent:
        found.add(state.parent)
    return found


class Graph:
    """The dependencies of a list of resources."""

    def __init__(self, resources: list[ResourceState]) -> None:
        self.resources = resources
        self.position = {id(r): i for i, r in enumerate(resources)}
        self._at: dict[str, list[int]] = {}
        self._below: dict[str, list[int]] = {}
        latest: dict[str, ResourceState] = {}
        for index, resource in enumerate(resources):
            self._at.setdefault(resource.urn, []).append(index)
            latest[resource.urn] = resource
            parent = resource.parent
            while parent:
                self._below.setdefault(parent, []).append(index)
                parent = latest[parent].parent if parent in latest else ""

    def __contains__(self, state: ResourceState) -> bool:
        return id(state) in self.position

    def alias(self, state: ResourceState, known: ResourceState) -> None:
        """Let another object stand for a known resource."""
        self.position[id(state)] = self.position[id(known)]

    def depending_on(
        self, root: ResourceState, ignored: Collection[str], *, children: bool = False
    ) -> list[ResourceState]:
        """All that depend on a resource, however indirectly, in order; being its child counts only if asked for."""
        found: list[ResourceState] = []
        reached = {root.urn}
        for candidate in self.resources[self.position[id(root)] + 1 :]:
            if candidate.urn not in ignored and not reached.isdisjoint(direct(candidate, parent=children)):
                found.append(candidate)
                reached.add(candidate.urn)
        return found

    def dependencies_of(self, state: ResourceState) -> set[int]:
        """Positions of what a resource depends on directly; of a component, also what is in it and comes before."""
        here = self.position[id(state)]
        found: set[int] = set()
        for urn in direct(state, parent=False):
            for index in self._at.get(urn, ()):
                if index < here:
                    found.add(index)
                    if not self.resources[index].custom:
                        found.update(i for i in self._below.get(urn, ()) if i < here)
        found.update(i for i in self._at.get(state.parent, ()) if i < here)
        return found

    def all_dependencies_of(self, states: Iterable[ResourceState]) -> set[int]:
        """Positions of everything some resources depend on, however indirectly."""
        found: set[int] = set()
        waiting = [s for s in states if id(s) in self.position]
        while waiting:
            for index in self.dependencies_of(waiting.pop()):
                if index not in found:
                    found.add(index)
                    waiting.append(self.resources[index])
        return found
