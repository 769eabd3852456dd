"""What is deleted at the end of a run, and in which order.

Source: pulumi/pulumi, pkg/resource/deploy/step_generator.go (GenerateDeletes, ScheduleDeletes)
and deployment_executor.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.engine.graph import Graph, direct
from rehearsal.engine.steps import Step
from rehearsal.engine.untargeted import stays

if TYPE_CHECKING:
    from rehearsal.engine.executor import Executor
    from rehearsal.engine.planner import Planner
    from rehearsal.state import ResourceState


def deletions(planner: Planner) -> tuple[list[Step], list[Step]]:
    """A step for each old resource that stays because the run isn't about it, and one for each that is to go."""
    d, going, staying = planner.d, [], []
    spared = planner.scope.spared(d, _taken_along(planner)) or set()
    for old in d.base.resources:
        if old.urn in spared:
            if not planner.operated_on(old.urn):
                staying.append(stays(old, None))
            continue
        state = planner.refreshed.get(id(old), old)
        if state.delete:
            if id(state) in planner.replacing.deleted:
                continue
            going.append(Step("discard-replaced" if state.external else "delete-replaced", state.urn, state))
        elif not planner.operated_on(state.urn):
            kind = (
                "remove-pending-replace" if state.pending_replacement else ("discard" if state.external else "delete")
            )
            going.append(Step(kind, state.urn, state))
        else:
            continue
        planner.deletes.add(state.urn)
        d.ensure_provider(state.provider)
    for state in planner.to_delete:
        if state.urn not in spared:
            planner.deletes.add(state.urn)
            going.append(Step("discard" if state.external else "delete", state.urn, state))
    return staying, going


def _taken_along(planner: Planner) -> set[str]:
    """The targets of a run, what depends on them, and what has to go when they go."""
    d, scope = planner.d, planner.scope
    found: set[str] = set()
    if scope.targets:
        for state in scope.targets_and_dependents(d):
            found.add(state.urn)
            found.update(also.urn for also in planner.replacing.condemned_with(state))
    return found


def _refuse_unlisted(planner: Planner, steps: list[Step]) -> bool:
    """Say what would be deleted though targets were named and it isn't among them; whether nothing may be done."""
    unlisted = [step.urn for step in steps if planner.scope.must_be_listed(step.urn)]
    for urn in unlisted:
        text = (
            f"Resource '{urn}' will be destroyed but was not specified in --target list.\n"
            "Either include resource in --target list or pass --target-dependents to proceed."
        )
        planner.d.events.diagnostic("error", text, urn)
        planner.d.saw_error = True
    return bool(unlisted) and not planner.d.dry_run


def groups(steps: list[Step], graph: Graph) -> list[list[Step]]:
    """Steps in groups: none of a group needs another of it or of a later one, so groups go one after the other."""
    waiting = {graph.position[id(s.state)]: s for s in steps}
    needed = {index: graph.dependencies_of(step.state) & waiting.keys() for index, step in waiting.items()}
    made: list[list[Step]] = []
    while waiting:
        free = sorted((index for index in waiting if not needed[index]), reverse=True)
        made.append([waiting.pop(index) for index in free])
        gone = set(free)
        for index in waiting:
            needed[index] -= gone
    made.reverse()
    return made


def delete_all(planner: Planner, executor: Executor) -> None:
    """Delete what is to go, group by group; what a failed step needs is left alone."""
    d = planner.d
    if not d.base.resources:
        return
    staying, steps = deletions(planner)
    if _refuse_unlisted(planner, steps):
        return
    if staying:
        executor.submit(staying)
        executor.wait()
    graph = _graph(planner)
    spared: set[int] = set()
    seen = 0
    for group in groups(steps, graph):
        failed = executor.failed_steps
        fresh = [s for step in failed[seen:] for s in (step.state, step.old) if s is not None]
        seen = len(failed)
        spared |= graph.all_dependencies_of(fresh)
        for step in group:
            if graph.position[id(step.state)] not in spared:
                executor.submit([step])
        executor.wait()
        if d.stopped.is_set():
            return


def _graph(planner: Planner) -> Graph:
    """The graph deletions are ordered by.

    That of the old state; in a destroy with the program what it registered takes the place of the old states, and what
    it left out stays among them, so they are put in order anew.
    """
    d = planner.d
    if not planner.to_delete:
        return d.graph
    registered = {planner.aliases.old_of.get(s.urn, s.urn): s for s in planner.to_delete}
    merged = [s if s.delete else registered.pop(s.urn, s) for s in d.base.resources]
    return Graph(_in_order([*merged, *registered.values()]))


def _in_order(states: list[ResourceState]) -> list[ResourceState]:
    """The states with each behind all it depends on, otherwise in the order given."""
    named: dict[str, list[ResourceState]] = {}
    for state in states:
        named.setdefault(state.urn, []).append(state)
    ordered: list[ResourceState] = []
    seen: set[int] = set()

    def place(state: ResourceState) -> None:
        if id(state) in seen:
            return
        seen.add(id(state))
        for urn in direct(state, parent=True):
            for needed in named.get(urn, ()):
                place(needed)
        ordered.append(state)

    for state in states:
        place(state)
    return ordered
