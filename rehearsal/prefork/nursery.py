"""Where processes are forked: a process of one thread that has imported what some kinds need, and nothing else.

The less it has imported the faster it forks: a fork copies the tables of all its memory, and the fork's end takes them
apart again. That is why the server has several (`rehearsal.prefork.server`).
"""

from __future__ import annotations

import contextlib
import gc
import os
import selectors
import signal
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rehearsal.prefork import imports, wire
from rehearsal.prefork.child import Request, become, compiled

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(eq=False)
class Running:
    """A forked process, who asked for it, and whether it goes when they go. `watch`: its file, readable at its end."""

    pid: int
    watch: int
    client: socket.socket
    lasting: bool


class Nursery:
    """Forks what it is told to. `orders`: where it is told; when that closes, it ends with all its processes.

    An order is `{"kind": ..., "names": [modules that it needs]}`. When a process is to be forked, it has `"request"`,
    the message of who asks, with the standard streams and the connection as files. Names come when they change.
    """

    def __init__(self, orders: socket.socket | None = None) -> None:
        self.selector = selectors.DefaultSelector()
        self.running: dict[int, Running] = {}
        self.ahead: list[str] = []
        self.names: dict[str, list[str]] = {}
        self.over = False
        self.orders = orders
        if orders:
            self.selector.register(orders, selectors.EVENT_READ, self._ordered)

    def serve(self) -> Callable[[], Any] | None:
        """Serve to the end. Returns None then, and in each forked process what it has to do."""
        while not self.over:
            events = self.selector.select(0 if self.ahead else None)
            if not events:
                imports.load(self.ahead.pop(0))
            for key, _ in events:
                job: Callable[[], Any] | None = key.data()
                if job:
                    return job
        self.end()
        return None

    def _ordered(self) -> Callable[[], Any] | None:
        assert self.orders  # noqa: S101  # for the type checker: nobody else listens to them
        try:
            received = wire.receive(self.orders)
        except OSError:
            received = None
        if received is None:
            self.over = True
            return None
        order, files = received
        kind = order["kind"]
        names = self.names[kind] = order.get("names") or self.names.get(kind, [])
        if "names" in order:
            self.ahead += imports.ahead(kind, names)
        if "request" not in order:
            self.ahead[:0] = names
            return None
        if "names" in order:
            for name in names:
                imports.load(name)
        *streams, connection = files
        request = Request.read(order["request"])
        if request.script:
            with contextlib.suppress(OSError, SyntaxError, ValueError):  # the process itself will say so
                compiled(request.script)
        return self.fork(request, names, streams, socket.socket(fileno=connection))

    def fork(
        self, request: Request, names: list[str], streams: list[int], connection: socket.socket
    ) -> Callable[[], Any] | None:
        """Fork a process and tell its client; returns its job in it, and None in this one."""
        gc.freeze()  # what is shared isn't looked at again, and so stays shared
        settled, settling = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.setsid()
            self.forget()
            connection.close()
            _close([settled, settling])
            gc.enable()
            return lambda: become(request, names, streams)
        _close([*streams, settling])
        os.read(settled, 1)  # from here on the process leads a group, which can be ended
        os.close(settled)
        with contextlib.suppress(OSError):
            wire.send(connection, {"pid": pid})
        running = Running(pid, os.pidfd_open(pid), connection, request.lasting)
        self.running[pid] = running
        self.selector.register(running.watch, selectors.EVENT_READ, lambda: self._ended(running))
        self.selector.register(connection, selectors.EVENT_READ, lambda: self._abandoned(running))
        return None

    def forget(self) -> None:
        """Close in a fork what only this process uses."""
        self.selector.close()
        if self.orders:
            self.orders.close()
        for other in self.running.values():
            os.close(other.watch)
            other.client.close()

    def _ended(self, running: Running) -> None:
        """A process has ended: its client hears how."""
        if self.running.pop(running.pid, None) is None:
            return
        self.selector.unregister(running.watch)
        os.close(running.watch)
        _, status = os.waitpid(running.pid, 0)
        if running.client.fileno() >= 0:
            self.selector.unregister(running.client)
            with contextlib.suppress(OSError):
                wire.send(running.client, {"status": os.waitstatus_to_exitcode(status)})
            running.client.close()

    def _abandoned(self, running: Running) -> None:
        """The client is gone: its process goes too with all that it started, unless it was asked for to last."""
        if running.pid not in self.running or running.client.fileno() < 0:
            return
        self.selector.unregister(running.client)
        running.client.close()
        if not running.lasting:
            self._kill(running)

    def _kill(self, running: Running) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        self._ended(running)

    def end(self) -> None:
        """End all processes that were forked here."""
        for running in list(self.running.values()):
            self._kill(running)


def _close(files: list[int]) -> None:
    for file in files:
        os.close(file)
