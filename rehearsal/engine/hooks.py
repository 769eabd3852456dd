"""Resource hooks: which there are, when they run, and what their refusal means.

Source: pulumi/pulumi, pkg/resource/deploy/deployment.go (RunHooks, RunErrorHooks) and retries.go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from rehearsal.errors import HookError, ProgramError, ProviderError
from rehearsal.wire.hooks import HookCall, call_error_hook, call_hook

if TYPE_CHECKING:
    from collections.abc import Callable

    from pulumi.runtime.proto import callback_pb2

    from rehearsal.engine.events import Events
    from rehearsal.state import ResourceState
    from rehearsal.wire.callbacks import Callbacks

MOST_RETRIES = 100
T = TypeVar("T")


@dataclass(frozen=True)
class Hook:
    """A hook the program registered."""

    callback: callback_pb2.Callback
    on_dry_run: bool = False
    ignore_errors: bool = False


class Hooks:
    """The hooks of one run."""

    def __init__(self, callbacks: Callbacks, events: Events, *, dry_run: bool) -> None:
        self._callbacks = callbacks
        self._events = events
        self._dry_run = dry_run
        self._hooks: dict[str, Hook] = {}
        self._error_hooks: dict[str, Hook] = {}

    def register(self, name: str, hook: Hook, *, error: bool = False) -> None:
        """Keep a hook. Raises ProgramError when the name is taken: names are unique across both sorts."""
        if name in self._hooks or name in self._error_hooks:
            raise ProgramError(f'a resource hook named "{name}" is already registered: give this one another name')
        (self._error_hooks if error else self._hooks)[name] = hook

    def run(self, kind: str, state: ResourceState, call: Callable[[], HookCall]) -> None:
        """Run a resource's hooks of one kind (`BeforeCreate`, ...), in order. Raises HookError at the first refusal."""
        names = state.resource_hooks.get(kind)
        if not names:
            return
        when = "before" if kind.startswith("Before") else "after"
        told = call()
        for name in names:
            hook = self._hooks.get(name)
            if hook is None:
                raise HookError(f'hook "{name}" was not registered', urn=state.urn)
            if self._dry_run and not hook.on_dry_run:
                continue
            try:
                refusal = call_hook(self._callbacks, hook.callback, told)
            except ProgramError as e:
                refusal = e.message
            if not refusal:
                continue
            if not hook.ignore_errors:
                raise HookError(f'{when} hook "{name}" failed: {refusal}', urn=state.urn)
            self._events.diagnostic("warning", f'{kind} hook "{name}" failed: {refusal}', state.urn)

    def with_retries(
        self, operation: str, state: ResourceState, call: Callable[[], HookCall], act: Callable[[], T]
    ) -> T:
        """Do something; each time it fails ask the error hooks whether to do it again, a hundred times at most."""
        names = state.resource_hooks.get("OnError")
        if not names:
            return act()
        failures: list[str] = []
        while True:
            try:
                return act()
            except ProviderError as e:
                failures.insert(0, e.message)
                if not self._wanted(names, operation, state, call(), failures):
                    raise
                if len(failures) >= MOST_RETRIES:
                    text = f"maximum number of error hook retries ({MOST_RETRIES}) reached"
                    self._events.diagnostic("warning", text, state.urn)
                    raise
                text = f"retrying {operation} due to on-error hook request ({len(failures)}/{MOST_RETRIES})"
                self._events.diagnostic("warning", text, state.urn)

    def _wanted(
        self, names: list[str], operation: str, state: ResourceState, call: HookCall, failures: list[str]
    ) -> bool:
        answers: list[bool] = []
        for name in names:
            hook = self._error_hooks.get(name)
            if hook is None:
                raise HookError(f'error hook "{name}" was not registered', urn=state.urn)
            try:
                retry, error = call_error_hook(self._callbacks, hook.callback, call, operation, failures)
            except ProgramError as e:
                retry, error = False, e.message
            if error:
                raise HookError(f'error hooks execution failed: error hook "{name}" failed: {error}', urn=state.urn)
            answers.append(retry)
        return any(answers)


def about(old: ResourceState | None, new: ResourceState | None, **bags: Any) -> HookCall:
    """What a hook is told of a resource; the bags are old_inputs, old_outputs, new_inputs, new_outputs."""
    state = new if new is not None else old
    assert state is not None  # noqa: S101  # a hook is always about something
    return HookCall(state.urn, state.id, old, new, **bags)
