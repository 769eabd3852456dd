"""The order in which a program's calls came, where it matters and the server's threads would lose it.

A component gives its outputs right after its registration, and its children are registered beside that. The real engine
takes such calls one after the other as they come: the component's after-hooks run, or fail, before a child begins.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import grpc

if TYPE_CHECKING:
    from collections.abc import Callable

_METHOD = "/RegisterResourceOutputs"
_MOST_SECONDS = 1.0
"""A call that is cut off before anybody takes it up must not hold up the others for longer."""


class Arrivals(grpc.ServerInterceptor):  # type: ignore[misc]  # gRPC has no types
    """Knows which outputs have come and aren't handed on to the engine yet; gRPC calls it as each call arrives."""

    def __init__(self) -> None:
        self._coming = 0
        self._changed = threading.Condition()

    def intercept_service(self, continuation: Callable[[Any], Any], details: Any) -> Any:
        """Take note; the call goes on as it is."""
        if details.method.endswith(_METHOD):
            with self._changed:
                self._coming += 1
        return continuation(details)

    def handed_on(self) -> None:
        """The outputs of one call are in the engine's hands."""
        with self._changed:
            self._coming -= 1
            self._changed.notify_all()

    def wait(self) -> None:
        """Return when the outputs that have come are in the engine's hands."""
        with self._changed:
            self._changed.wait_for(lambda: self._coming <= 0, _MOST_SECONDS)
