"""Bringing state into line with what the providers say exists.

Source: pulumi/pulumi, pkg/resource/deploy/deployment_executor.go (refresh, rebuildBaseState) and step.go (RefreshStep).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal import urns
from rehearsal.engine.steps import Step
from rehearsal.errors import PartialFailure
from rehearsal.goal import Diff
from rehearsal.state.snapshot import now
from rehearsal.values.compare import equal
from rehearsal.wire.provider import DiffUnavailable

if TYPE_CHECKING:
    from rehearsal.engine.deployment import Deployment
    from rehearsal.engine.executor import Executor
    from rehearsal.state import ResourceState

_INVERTED = {"add": "delete", "delete": "add", "update": "update"}


def refresh_all(d: Deployment, executor: Executor) -> None:
    """Refresh every resource of the state, then take stock anew: what is gone is dropped."""
    steps = {id(s): Step("refresh", s.urn, s) for s in d.base.resources}
    for state in d.base.resources:
        d.ensure_provider(state.provider)
    for step in steps.values():
        executor.submit([step])
    executor.wait()
    if d.step_failed:
        return
    kept: list[ResourceState] = []
    gone: dict[str, str] = {}
    for state in d.base.resources:
        step = steps[id(state)]
        if step.new is None:
            gone[state.urn] = state.parent
        else:
            kept.append(step.new)
    present = {s.urn for s in kept}
    d.base.resources = [_without(s, present, gone) for s in kept] if gone else kept
    d.base.pending_operations = [p for p in d.base.pending_operations if p.type == "creating"]
    d.rebase()
    d.news.clear()
    d.keeper.rebase(d.base.resources)


def _without(state: ResourceState, present: set[str], gone: dict[str, str]) -> ResourceState:
    """A state without references to resources that are gone; its parent's parent takes the parent's place."""
    parent = state.parent
    while parent and parent not in present:
        parent = gone.get(parent, "")
    by_property = {k: [u for u in v if u in present] for k, v in state.property_dependencies.items()}
    changes = {
        "parent": parent,
        "dependencies": [u for u in state.dependencies if u in present],
        "property_dependencies": {k: v for k, v in by_property.items() if v},
        "deleted_with": state.deleted_with if state.deleted_with in present else "",
        "replace_with": [u for u in state.replace_with if u in present],
    }
    return state if all(getattr(state, k) == v for k, v in changes.items()) else state.copy(**changes)


def refresh(d: Deployment, step: Step) -> None:
    """Read one resource; sets the step's new state (None when it is gone) and what became of it."""
    old = step.old
    if old is None:
        raise AssertionError("a refresh needs an old state")
    step.new, step.result = old, "same"
    if not old.custom or old.pending_replacement or urns.is_provider_type(old.type):
        return
    provider = d.providers.need(old.provider, old.urn)
    init_errors: list[str] = []
    try:
        made = provider.read(old.urn, old.id, old.inputs, old.outputs)
        id_, outputs, inputs = made.id, made.outputs, made.inputs
    except PartialFailure as e:
        init_errors, id_, outputs, inputs = e.reasons, e.id or old.id, e.outputs, e.inputs
        d.events.diagnostic("warning", e.message, old.urn)
    if not id_:
        step.new, step.result = None, "delete"
        return
    new = old.copy(id=id_, outputs=outputs, init_errors=init_errors)
    if inputs:
        new.inputs = inputs
    for key in ("inputs", "outputs"):
        _keep_secrets(new, old, key)
    if equal(new.inputs, old.inputs) and equal(new.outputs, old.outputs) and init_errors == old.init_errors:
        return
    if not d.dry_run:
        new.modified = now()
    step.new, step.result = new, "update"
    diff = _difference(provider, old, new)
    step.diffs = diff.diffs
    step.detailed = {
        path: (_INVERTED[kind.removesuffix("-replace")], about_inputs)
        for path, (kind, about_inputs) in (diff.detailed or {}).items()
    } if diff.detailed is not None else None  # fmt: skip


def _keep_secrets(new: ResourceState, old: ResourceState, key: str) -> None:
    from rehearsal.wire.provider import remember_secrets  # noqa: PLC0415

    setattr(new, key, remember_secrets(getattr(new, key), getattr(old, key)))


def _difference(provider: object, old: ResourceState, new: ResourceState) -> Diff:
    """What the provider would change to undo what happened behind Pulumi's back; seen the other way round it is what did."""
    try:
        return provider.diff(  # type: ignore[attr-defined,no-any-return]
            old.urn, old.id, new.inputs, new.outputs, old.inputs, old.ignore_changes, unknowns=False
        )
    except DiffUnavailable:
        return Diff("unknown")
