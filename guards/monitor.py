"""The program's way to the engine: what it registers is seen before it is sent, and so is its end.

Why not a stack transform for everything: the engine then calls back for each registration and answers one after the
other, and the SDK's wait for what is outstanding grows with every such answer (figures in docs/performance.md). The
engine is asked to call back as soon as registrations may not pass here as they will be made: a component that another
process builds, or a transform of the program's own, which may change what was seen.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from guards.unanswered import Unanswered

if TYPE_CHECKING:
    from guards.callbacks import Callbacks
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

    def watch(self, registering: Registering) -> None:
        """From now on, show every registration to `registering` before it is sent."""
        stub = self._stub
        signal, register, transform = (
            stub.SignalAndWaitForShutdown,
            stub.RegisterResource,
            stub.RegisterStackTransform,
        )

        def signal_and_wait(*args: Any, **kwargs: Any) -> Any:
            self._program_done.set()
            return signal(*args, **kwargs)

        def register_resource(request: Any, *args: Any, **kwargs: Any) -> Any:
            if request.remote or request.transforms:
                self._call_back(registering)
            registering.request(request)
            return self.unanswered.register(register, request, *args, **kwargs)

        def register_stack_transform(request: Any, *args: Any, **kwargs: Any) -> Any:
            answer = transform(request, *args, **kwargs)
            self._call_back(registering, again=True)  # the last transform sees what the others made
            return answer

        stub.SignalAndWaitForShutdown = signal_and_wait
        stub.RegisterResource = register_resource
        stub.RegisterStackTransform = register_stack_transform

    def _call_back(self, registering: Registering, *, again: bool = False) -> None:
        with self._asked:
            if not self._calls_back or again:
                self._add_stack_transform(self._callbacks.transform(registering.transform))
            self._calls_back = True
