"""Bringing state into line with what the providers say exists.

Source: pulumi/pulumi, pkg/resource/deploy/deployment_executor.go (refresh, rebuildBaseState) and step.go (RefreshStep).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rehearsal import urns
from rehearsal.engine import differ
from rehearsal.engine.steps import Step
from rehearsal.errors import PartialFailure
from rehearsal.goal import Diff
from rehearsal.state.snapshot import now
from rehearsal.values.compare import differences, equal
from rehearsal.wire.answers import DiffUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.engine.course import Course
    from rehearsal.engine.deployment import Deployment
    from rehearsal.engine.executor import Executor
    from rehearsal.engine.planner import Planner
    from rehearsal.engine.targets import Scope
    from rehearsal.state import ResourceState

_INVERTED = {"add": "delete", "delete": "add", "update": "update"}


def refresh_all(
    d: Deployment, executor: Executor, scope: Scope, wanted: Callable[[ResourceState], bool] = lambda _: True
) -> None:
    """Refresh the resources of the state, then take stock anew: what is gone is dropped. One failure stops no other."""
    refresh_some(d, executor, scope.refreshed(s for s in d.base.resources if wanted(s)))
    d.base.pending_operations = [p for p in d.base.pending_operations if p.type == "creating"]
    d.news.clear()
    d.keeper.rebase(d.base.resources)


def refresh_some(d: Deployment, executor: Executor, states: list[ResourceState]) -> None:
    """Refresh some resources of the state, and take stock anew."""
    # Until a step knows better its resource is as it was: one that never runs must not count as gone.
    steps = {id(s): Step("refresh", s.urn, s, s) for s in states}
    for step in steps.values():
        d.ensure_provider(step.state.provider)
    for step in steps.values():
        executor.submit([step])
    executor.wait()
    d.base.resources = _rebuilt(d.base.resources, steps)
    d.rebase()


def first(planner: Planner, course: Course, then: Callable[[], list[Step]]) -> Step:
    """The refresh of a resource that the program registers; when it is done the registration goes on from there."""
    d, old = planner.d, course.old
    hidden = not course.goal.custom or urns.is_provider_type(course.goal.type)
    step = Step("refresh", course.urn, old, course.new, course.registration, hidden=hidden)

    def go_on() -> list[Step]:
        if step.new is not None and old is not None:
            d.graph.alias(step.new, old)
            planner.refreshed[id(old)] = step.new
        course.old = step.new
        return then()

    step.then = go_on
    return step


def _rebuilt(resources: list[ResourceState], steps: dict[int, Step]) -> list[ResourceState]:
    """The resources that are left, without references to those that are gone."""
    parents: dict[str, str] = {}
    kept: list[ResourceState] = []
    present: set[str] = set()
    for old in resources:
        step = steps.get(id(old))
        state = old if step is None else step.new
        if state is None:
            parents.setdefault(old.urn, parents.get(old.parent, "") if old.parent not in present else old.parent)
            continue
        for name, value in settled(state, present, parents).items():
            setattr(state, name, value)
        kept.append(state)
        present.add(state.urn)
    return kept


def without_what_is_gone(resources: list[ResourceState]) -> list[ResourceState]:
    """The same, each without references to what isn't before it in the list."""
    present: set[str] = set()
    kept: list[ResourceState] = []
    for state in resources:
        whole = present.issuperset(state.all_dependencies())
        kept.append(state if whole else state.copy(**settled(state, present, {})))
        present.add(state.urn)
    return kept


def settled(state: ResourceState, present: set[str], parents: dict[str, str]) -> dict[str, Any]:
    """What changes when a state's references must all be present.

    A URN may stand for several resources, so what can be referred to depends on the place in the list. A parent's
    parent takes the place of a parent that is gone.
    """
    by_property = {k: [u for u in v if u in present] for k, v in state.property_dependencies.items()}
    changes: dict[str, Any] = {
        "parent": state.parent if state.parent in present else parents.get(state.parent, ""),
        "dependencies": [u for u in state.dependencies if u in present],
        "property_dependencies": {k: v for k, v in by_property.items() if v},
        "deleted_with": state.deleted_with if state.deleted_with in present else "",
        "replace_with": [u for u in state.replace_with if u in present],
    }
    return {k: v for k, v in changes.items() if getattr(state, k) != v}


def refresh(d: Deployment, step: Step) -> None:
    """Read one resource; sets the step's new state (None when it is gone) and what became of it."""
    old, asked = step.old, step.new
    if old is None or asked is None:
        raise AssertionError(f"a refresh of {step.urn} without a state to refresh")
    step.result = "same"
    if not old.custom or old.pending_replacement or urns.is_provider_type(old.type):
        step.new = old.copy() if step.then else old
        return
    provider = d.providers.need(asked.provider, asked.urn)
    init_errors: list[str] = []
    try:
        made = provider.read(asked.urn, old.id, old.inputs, old.outputs)
        id_, outputs, inputs = made.id, made.outputs, made.inputs
    except PartialFailure as e:
        init_errors, id_, outputs, inputs = e.reasons, e.id or old.id, e.outputs, e.inputs
        listed = "\n* ".join(init_errors)
        d.events.diagnostic("warning", f"Refreshed resource is in an unhealthy state:\n* {listed}", old.urn)
    if not id_:
        step.new, step.result = None, "delete"
        return
    new = asked.copy(id=id_, outputs=outputs, init_errors=init_errors, inputs=old.inputs if inputs is None else inputs)
    if not d.dry_run and not (equal(new.inputs, old.inputs) and equal(new.outputs, old.outputs)):
        new.modified = now()
    step.new = new
    if old.external:
        step.result = "update" if differences(old.outputs, new.outputs) else "same"
        return
    diff = _difference(d, provider, old, new)
    step.result = "update" if diff.changes == "some" else "same"
    step.diffs, step.detailed = diff.diffs, diff.detailed


def _difference(d: Deployment, provider: Any, old: ResourceState, new: ResourceState) -> Diff:
    """What happened behind Pulumi's back: what the provider would do to undo it, seen the other way round."""
    try:
        diff = differ.compare(d, new, old.inputs, provider, old.ignore_changes, unknowns=d.dry_run)
    except DiffUnavailable:
        return Diff("none")
    if diff.detailed is None:
        return diff
    turned = {
        p: (_INVERTED[k.removesuffix("-replace")], about_inputs) for p, (k, about_inputs) in diff.detailed.items()
    }
    return replace(diff, detailed=turned)
