"""What is deleted at the end of a run, and in which order.

Source: pulumi/pulumi, pkg/resource/deploy/step_generator.go (GenerateDeletes, ScheduleDeletes) and deployment_executor.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.engine.graph import Graph
from rehearsal.engine.steps import Step

if TYPE_CHECKING:
    from rehearsal.engine.executor import Executor
    from rehearsal.engine.planner import Planner
    from rehearsal.state import ResourceState


def deletions(planner: Planner) -> list[Step]:
    """A step for each old resource that is to go."""
    d, steps = planner.d, []
    for state in d.base.resources:
        if state.delete:
            if id(state) in planner.replacing.deleted:
                continue
            planner.deletes.add(state.urn)
            steps.append(Step("discard-replaced" if state.external else "delete-replaced", state.urn, state))
        elif not planner.operated_on(state.urn):
            planner.deletes.add(state.urn)
            kind = (
                "remove-pending-replace" if state.pending_replacement else ("discard" if state.external else "delete")
            )
            steps.append(Step(kind, state.urn, state))
        else:
            continue
        d.ensure_provider(state.provider)
    for state in planner.to_delete:
        planner.deletes.add(state.urn)
        steps.append(Step("delete", state.urn, state))
    return steps


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
    steps = deletions(planner)
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
    """The graph deletions are ordered by: that of the old state, in a destroy with the program also of what it registered."""
    d = planner.d
    if not planner.to_delete:
        return d.graph
    registered = list(planner.to_delete)
    names = {s.urn for s in registered}
    others: list[ResourceState] = [
        s for s in d.base.resources if s.delete or planner.aliases.new_of.get(s.urn, s.urn) not in names
    ]
    return Graph([*_ordered(others, registered)])


def _ordered(others: list[ResourceState], registered: list[ResourceState]) -> list[ResourceState]:
    """Old ones that the program didn't register depend on nothing new, but new ones may depend on old ones."""
    return [*others, *registered]
