"""Which resources a run is about: --target, --exclude, what depends on them, and --replace.

Source: pulumi/pulumi, pkg/resource/deploy/deployment.go (UrnTargets) and step_generator.go (isIncludedInOperation).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rehearsal import urns
from rehearsal.errors import RehearsalError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from rehearsal.engine import Request
    from rehearsal.engine.deployment import Deployment
    from rehearsal.state import ResourceState


class UnknownTargetError(RehearsalError):
    """Raised when a target is named that the state doesn't hold, where only the state counts."""

    fault = "user"


class Targets:
    """URNs, some of them with `*` (anything but a colon) or `**` (anything) in them."""

    def __init__(self, given: Iterable[str]) -> None:
        self._given = list(given)
        self.literals = {urn for urn in self._given if "*" not in urn}
        self._globs = [_pattern(glob) for glob in self._given if "*" in glob]

    def __bool__(self) -> bool:
        return bool(self.literals or self._globs)

    def __contains__(self, urn: str) -> bool:
        return urn in self.literals or any(glob.fullmatch(urn) for glob in self._globs)

    def copy(self) -> Targets:
        """Others like these, to which dependents can be added."""
        return Targets(self._given)


def _pattern(glob: str) -> re.Pattern[str]:
    parts = ("[^:]*".join(re.escape(piece) for piece in part.split("*")) for part in glob.split("**"))
    return re.compile(".*".join(parts))


class Scope:
    """What one run is about. Resources are asked for in topological order, so that dependents follow."""

    def __init__(self, request: Request) -> None:
        self.targets = Targets(request.targets)
        self.excludes = Targets(request.excludes)
        self.replaced = Targets(request.replace)
        self._with_dependents = request.target_dependents
        self._without_dependents = request.exclude_dependents
        self._targeted = self.targets.copy()
        self._excluded = self.excludes.copy()

    def includes(self, state: ResourceState) -> bool:
        """Whether a resource takes part; providers and the stack always do, which is the caller's to know."""
        if self.targets:
            return self._is_targeted(state)
        return not (self.excludes and self._is_excluded(state))

    def _is_targeted(self, state: ResourceState) -> bool:
        if self.targets and state.urn in self.targets:
            return True
        return self._with_dependents and (not self._targeted or _needs_any(state, self._targeted))

    def _is_excluded(self, state: ResourceState) -> bool:
        return state.urn in self.excludes or (self._without_dependents and _needs_any(state, self._excluded))

    def decided(self, state: ResourceState, *, included: bool) -> None:
        """Remember what was decided of a resource, for those that depend on it."""
        if self.excludes and not included and self._is_excluded(state):
            self._excluded.literals.add(state.urn)
        elif included and self._is_targeted(state):
            self._targeted.literals.add(state.urn)

    def is_replaced(self, urn: str, old: ResourceState | None) -> bool:
        """Whether a resource is to be replaced because somebody asked for it."""
        return urn in self.replaced or (old is not None and old.taint)

    def must_be_listed(self, urn: str) -> bool:
        """Whether a resource mayn't be deleted, because targets were named and it isn't among them."""
        return bool(self.targets) and urn not in self.targets and not self._with_dependents

    def refreshed(self, states: Iterable[ResourceState]) -> list[ResourceState]:
        """Those of a state's resources that a refresh is about."""
        found: list[ResourceState] = []
        targeted, excluded = self.targets.copy(), self.excludes.copy()
        for state in states:
            needed = list(state.all_dependencies())
            if excluded:
                if state.urn in excluded:
                    continue
                if self._without_dependents and any(urn in excluded for urn in needed):
                    excluded.literals.add(state.urn)
                    continue
            elif targeted and state.urn not in targeted:
                if not (self._with_dependents and any(urn in targeted for urn in needed)):
                    continue
                targeted.literals.add(state.urn)
            found.append(state)
        return found

    def spared(self, d: Deployment, also_replaced: Collection[str]) -> set[str] | None:
        """URNs of what mayn't be deleted at the end, or None for no restriction.

        `also_replaced`: what the deletion of the targets takes along.
        """
        everything = {state.urn for state in d.base.resources}
        if self.targets:
            return everything - set(also_replaced)
        if self.excludes:
            return self._needed_by_excluded(d)
        return None

    def targets_and_dependents(self, d: Deployment) -> list[ResourceState]:
        """The targets in the state and all that depends on them, as children too."""
        found: list[ResourceState] = []
        seen: set[str] = set()
        waiting = [state for state in d.base.resources if state.urn in self.targets]
        while waiting:
            state = waiting.pop(0)
            if state.urn not in seen:
                seen.add(state.urn)
                found.append(state)
                waiting += d.graph.depending_on(state, seen, children=True)
        return found

    def _needed_by_excluded(self, d: Deployment) -> set[str]:
        seen: set[str] = set()
        waiting = [state for state in d.base.resources if state.urn in self.excludes]
        while waiting:
            state = waiting.pop(0)
            if state.urn in seen:
                continue
            seen.add(state.urn)
            waiting += [d.graph.resources[index] for index in sorted(d.graph.dependencies_of(state))]
            if self._without_dependents:
                waiting += d.graph.depending_on(state, seen, children=True)
        return seen


def _needs_any(state: ResourceState, wanted: Targets) -> bool:
    needed = list(state.all_dependencies())
    if state.provider:
        needed.append(urns.provider_of(state.provider)[0])
    return any(urn in wanted for urn in needed)


def unknown_targets(targets: Targets, known: Collection[str]) -> list[str]:
    """What to say of each target that is no resource: neither of the state nor of the program."""
    return [
        f"Target '{urn}' could not be found in the stack."
        + ("" if "$" in urn else " Did you forget to escape $ in your shell?")
        for urn in sorted(targets.literals - set(known))
    ]


def refuse_unknown(request: Request) -> None:
    """Raise UnknownTargetError for a target of a destroy or a refresh that the state doesn't hold."""
    known = {state.urn for state in request.snapshot.resources} if request.snapshot else set()
    for named in (request.targets, request.excludes):
        for urn in sorted(Targets(named).literals - known):
            raise UnknownTargetError(f"no resource named '{urn}' found")
