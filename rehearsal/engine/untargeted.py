"""Resources that a run isn't about: they stay as they are, and what they need stays with them.

Source: pulumi/pulumi, pkg/resource/deploy/step_generator.go (getDependencySteps, queueUntargetedDependencySames,
validateSteps).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rehearsal import urns
from rehearsal.engine.deployment import Bail
from rehearsal.engine.steps import Registration, Step
from rehearsal.errors import ProgramError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.engine.planner import Planner
    from rehearsal.state import ResourceState


@dataclass
class Untargeted:
    """What of one run stays as it was, though it is registered, or needed by what is registered."""

    planner: Planner
    _queued: dict[str, Step] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)

    def same(self, registration: Registration, urn: str, old: ResourceState) -> list[Step]:
        """The steps by which an old resource stays, behind all that it needs and nobody registered."""
        d = self.planner.d
        if old.provider and d.providers.get(old.provider) is None:
            known = d.olds.get(urns.provider_of(old.provider)[0])
            if known is None or urns.provider_reference(known.urn, known.id) != old.provider:
                raise ProgramError(f"could not find provider {old.provider} in old state", urn=urn)
            raise ProgramError(
                f"provider {old.provider} for resource {urn} has not been registered yet, this is due to a change of "
                "providers mixed with --target. Change your program back to the original providers",
                urn=urn,
            )
        return list(self._with_needs(urn, old, registration))

    def _with_needs(self, urn: str, old: ResourceState, registration: Registration | None) -> Iterator[Step]:
        planner = self.planner
        if old.delete:
            return
        planner.urns.add(old.urn)
        planner.sames |= {urn, old.urn}
        if old.provider:
            provider, id_ = urns.provider_of(old.provider)
            known = planner.d.olds.get(provider)
            if not self._has_step(provider) and known is not None and known.id == id_:
                yield from self._with_needs(urn, known, None)
        for needed in old.all_dependencies():
            if not self._has_step(needed):
                known = planner.d.olds.get(needed)
                if known is None:
                    raise Bail(f"dependency {needed} of untargeted resource {urn} has no old state")
                yield from self._with_needs(urn, known, None)
        yield _stays(old, registration)

    def _has_step(self, urn: str) -> bool:
        planner = self.planner
        name = planner.aliases.new_of.get(urn, urn)
        decided = (planner.sames, planner.updates, planner.replaces, planner.reads, planner.creates, planner.imports)
        return any(urn in found or name in found for found in decided) or planner.operated_on(urn)

    def queue_needs(self, new: ResourceState) -> None:
        """Have what a target needs, and nothing registers, put before it."""
        if self.planner.scope.targets:
            for urn in new.all_dependencies():
                self._queue(urn)

    def _queue(self, urn: str) -> None:
        old = self.planner.d.olds.get(urn)
        if old is None or urn in self._taken or self._has_step(urn):
            return
        self._taken.add(urn)
        if old.provider:
            provider, id_ = urns.provider_of(old.provider)
            known = self.planner.d.olds.get(provider)
            if known is not None and known.id == id_:
                self._queue(provider)
        for needed in old.all_dependencies():
            self._queue(needed)
        self._queued[urn] = _stays(old, None)

    def validated(self, steps: list[Step]) -> list[Step]:
        """The steps, behind those that were queued. Raises Bail for one that needs what isn't created now."""
        planner = self.planner
        before = [step for urn, step in self._queued.items() if not self._has_step(urn)]
        self._queued.clear()
        for step in before:
            planner.urns.add(step.urn)
            planner.sames.add(step.urn)
        steps = [*before, *steps]
        if planner.scope.targets or planner.scope.replaced:
            for step in steps:
                self._refuse_what_needs_the_skipped(step)
        return steps

    def _refuse_what_needs_the_skipped(self, step: Step) -> None:
        planner, d = self.planner, self.planner.d
        if step.new is None or step.skipped:
            return
        needed = list(step.new.all_dependencies())
        if step.new.provider:
            needed.append(urns.provider_of(step.new.provider)[0])
        for urn in needed:
            if urn in planner.skipped:
                text = f"Resource '{step.urn}' depends on '{urn}' which was was not specified in --target list."
                d.events.diagnostic("error", text, step.urn)
                d.saw_error = True
                if not d.dry_run:
                    raise Bail("untargeted create")
                planner.skipped.discard(urn)  # said once


def _stays(old: ResourceState, registration: Registration | None) -> Step:
    return Step("same", old.urn, old, old.copy(id=""), registration, untargeted=True)


stays = _stays
