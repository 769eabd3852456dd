"""Finding the old state of a resource that may have had another URN.

Source: pulumi/pulumi, pkg/resource/deploy/step_generator.go (generateAliases, getOldResource).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal import urns
from rehearsal.errors import ProgramError

if TYPE_CHECKING:
    from rehearsal.goal import Alias, Goal
    from rehearsal.state import ResourceState


class Aliases:
    """The renames of one run: `old_of` maps new URNs to the old ones they took over, `new_of` the other way."""

    def __init__(self, stack: str, project: str) -> None:
        self._stack = stack
        self._project = project
        self.old_of: dict[str, str] = {}
        self.new_of: dict[str, str] = {}

    def find(
        self, urn: str, goal: Goal, olds: dict[str, ResourceState], registered: set[str]
    ) -> tuple[ResourceState | None, str, list[ProgramError]]:
        """The old state of a resource, the old URN if it was another, and what is wrong with it."""
        errors: list[ProgramError] = []
        if urn in self.new_of:
            errors.append(
                _of(
                    urn,
                    f"Duplicate resource URN '{urn}' conflicting with alias on resource with URN '{self.new_of[urn]}'",
                )
            )
        for candidate in dict.fromkeys([urn, *self._all(goal)]):
            old = olds.get(candidate)
            if old is None:
                continue
            if candidate == urn:
                return old, "", errors
            clash = f"Duplicate resource alias '{candidate}' applied to resource with URN '{urn}' conflicting with "
            if candidate in registered:
                errors.append(_of(urn, f"{clash}resource with URN '{urn}'"))
            if candidate in self.new_of:
                errors.append(_of(urn, f"{clash}resource with URN '{self.new_of[candidate]}'"))
            self.old_of[urn] = candidate
            self.new_of[candidate] = urn
            return old, candidate, errors
        return None, "", errors

    def _all(self, goal: Goal) -> list[str]:
        found = [self._urn(goal, alias) for alias in goal.aliases]
        if goal.parent in self.old_of:
            old_parent = self.old_of[goal.parent]
            names = [(goal.type, goal.name), *((urns.type_of(u), urns.name_of(u)) for u in found)]
            found += [self._inherited(goal.parent, old_parent, type_, name) for type_, name in names]
        return found

    def _urn(self, goal: Goal, alias: Alias) -> str:
        if alias.urn:
            return alias.urn
        parent = goal.parent
        if alias.parent:
            parent = self.old_of.get(alias.parent, alias.parent)
        if alias.no_parent:
            parent = ""
        type_, name = alias.type or goal.type, alias.name or goal.name
        return urns.make(alias.stack or self._stack, alias.project or self._project, parent, type_, name)

    def _inherited(self, parent: str, old_parent: str, type_: str, name: str) -> str:
        """The URN a child had below its parent's old one; if its name began with the parent's, so did the old."""
        new_name, old_name = urns.name_of(parent), urns.name_of(old_parent)
        if name.startswith(new_name):
            name = old_name + name.removeprefix(new_name)
        return urns.make(self._stack, self._project, old_parent, type_, name)


def _of(urn: str, text: str) -> ProgramError:
    return ProgramError(text, urn=urn)
