"""The program's way to the engine: what it registers is seen before it is sent, and so is its end.

Why not a stack transform for everything: the engine then calls back for each registration and answers one after the
other, and the SDK's wait for what is outstanding grows with every such answer (figures in docs/performance.md). The
engine is asked to call back as soon as registrations may not pass here as they will be made: a component that another
process builds, or a transform of the program's own, which may change what was seen.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

from guards.unanswered import Unanswered

if TYPE_CHECKING:
    from guards.callbacks import Callbacks
    from guards.hooks import Guards
    from guards.registering import Registering


class Monitor:
    """Stands before the calls of a program's resource monitor that the guards must see.

    Arguments:
        stub: the program's `ResourceMonitorStub`, as `pulumi.runtime.settings.get_monitor()` gives it.
        callbacks: where the engine calls back.

    """

    def __init__(self, stub: Any, callbacks: Callbacks) -> None:
        self._stub = stub
        self._callbacks = callbacks
        self._program_done = threading.Event()
        self.unanswered = Unanswered(self._program_done.is_set)
        self._asked = threading.Lock()
        self._calls_back = False
        self._add_stack_transform = stub.RegisterStackTransform

    @property
    def program_done(self) -> bool:
        """Whether the program has made all its registrations: deletions from now on are those of the end of the run.

        The SDK tells the engine by SignalAndWaitForShutdown. With an engine that lacks the call this stays False, and
        every deletion is judged as one in the middle of the run, the stricter way.
        """
        return self._program_done.is_set()

    def watch(self, guards: Guards) -> None:
        """From now on, show the guards every registration before it is sent, and a preview's answer before it is used.

        In a preview nothing is lost when a creation is judged after the engine has answered; it need not ask then.
        """
        stub = self._stub
        signal, register = stub.SignalAndWaitForShutdown, stub.RegisterResource

        def signal_and_wait(*args: Any, **kwargs: Any) -> Any:
            self._program_done.set()
            return signal(*args, **kwargs)

        def register_resource(request: Any, *args: Any, **kwargs: Any) -> Any:
            if request.remote or request.transforms:
                self._call_back(guards.registering)
            asks = self._calls_back or not guards.dry_run
            unasked = guards.registering.request(request, asks_before_creation=asks)
            answer = self.unanswered.register(register, request, *args, **kwargs)
            if unasked is not None:
                guards.creation_in_preview(request.type, unasked, answer)
            return answer

        def register_stack_transform(request: Any, *args: Any, **kwargs: Any) -> Any:
            answer = self._add_stack_transform(request, *args, **kwargs)
            self._call_back(guards.registering, again=True)  # the last transform sees what the others made
            return answer

        if _serves_callbacks():
            self._call_back(guards.registering)
        stub.SignalAndWaitForShutdown = signal_and_wait
        stub.RegisterResource = register_resource
        stub.RegisterStackTransform = register_stack_transform

    def _call_back(self, registering: Registering, *, again: bool = False) -> None:
        with self._asked:
            if not self._calls_back or again:
                self._add_stack_transform(self._callbacks.transform(registering.transform))
            self._calls_back = True


def _serves_callbacks() -> bool:
    """Whether the program lets the engine call it already: there may be a transform that was not seen.

    The SDK keeps its server in a context variable of the task that made it, so the event loop is asked for one.
    """
    try:
        tasks = asyncio.all_tasks()
    except RuntimeError:  # no loop to ask
        return True
    return any(getattr(task.get_coro(), "__qualname__", "").startswith("AioServer.") for task in tasks)
