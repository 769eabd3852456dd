"""The messages by which hooks are called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pulumi.runtime.proto import alias_pb2, callback_pb2, resource_pb2

from rehearsal import urns
from rehearsal.goal import HOOK_KINDS
from rehearsal.values.wire import EVERYTHING, to_struct

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rehearsal.state import ResourceState
    from rehearsal.values import Properties
    from rehearsal.wire.callbacks import Callbacks


@dataclass(frozen=True)
class HookCall:
    """What a hook is told: the resource before and after. None where there is no such state."""

    urn: str
    id: str
    old: ResourceState | None = None
    new: ResourceState | None = None
    old_inputs: Properties | None = None
    old_outputs: Properties | None = None
    new_inputs: Properties | None = None
    new_outputs: Properties | None = None


def call_hook(callbacks: Callbacks, callback: callback_pb2.Callback, call: HookCall) -> str:
    """Call a resource hook; returns what it refused with, or nothing."""
    response = callbacks.invoke(
        callback, _fill(resource_pb2.ResourceHookRequest(), call), resource_pb2.ResourceHookResponse
    )
    return response.error


def call_error_hook(
    callbacks: Callbacks, callback: callback_pb2.Callback, call: HookCall, operation: str, errors: Sequence[str]
) -> tuple[bool, str]:
    """Call an error hook: whether to try again, and what it failed with itself."""
    request = _fill(resource_pb2.ErrorHookRequest(failed_operation=operation, errors=errors), call)
    response = callbacks.invoke(callback, request, resource_pb2.ErrorHookResponse)
    return response.retry, response.error


def _fill(request: Any, call: HookCall) -> Any:
    request.urn, request.id = call.urn, call.id
    request.name, request.type = urns.name_of(call.urn), urns.type_of(call.urn)
    for name in ("old_inputs", "old_outputs", "new_inputs", "new_outputs"):
        bag = getattr(call, name)
        if bag is not None and hasattr(request, name):
            getattr(request, name).CopyFrom(to_struct(bag, EVERYTHING))
    for name, state in (("old_options", call.old), ("new_options", call.new)):
        if state is not None:
            getattr(request, name).CopyFrom(options(state))
    return request


def options(state: ResourceState) -> resource_pb2.ResourceOptions:
    """The options of a resource as hooks see them."""
    made = resource_pb2.ResourceOptions(
        depends_on=state.dependencies, ignore_changes=state.ignore_changes, replace_on_changes=state.replace_on_changes,
        provider=state.provider, deleted_with=state.deleted_with, hide_diff=state.hide_diff, parent=state.parent,
        replace_with=state.replace_with, additional_secret_outputs=state.additional_secret_outputs,
        protect=state.protect, retain_on_delete=state.retain_on_delete,
        aliases=[alias_pb2.Alias(urn=u) for u in state.aliases],
    )  # fmt: skip
    setattr(made, "import", state.import_id)
    for kind, names in state.resource_hooks.items():
        getattr(made.hooks, HOOK_KINDS[kind]).extend(names)
    for name, value in state.custom_timeouts.items():
        setattr(made.custom_timeouts, name, f"{value:g}s")
    return made
