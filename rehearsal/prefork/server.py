"""The server: imports ahead while nobody asks, forks when somebody does, and tells each client how its process ended.

One thread, and nothing open that a fork could not share. It ends when its standard input closes, which whoever started
it holds; its processes end with it.
"""

from __future__ import annotations

import contextlib
import gc
import os
import selectors
import signal
import socket
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rehearsal.prefork import imports, wire
from rehearsal.prefork.child import NotLikeThisError, Request, become

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE = 5.0
"""Seconds for a client to send what it connected for."""


@dataclass
class Running:
    """A forked process, who asked for it, and whether it goes when they go. `watch`: its file, readable at its end."""

    pid: int
    watch: int
    client: socket.socket
    lasting: bool


class Server:
    """Serves forks on a listening socket.

    Args:
        listener: where it is asked.
        eager: import ahead for all kinds, before anybody asked for one.
        only: the kinds that it forks; none: all.

    """

    def __init__(self, listener: socket.socket, *, eager: bool, only: frozenset[str] = frozenset()) -> None:
        self.listener = listener
        self.eager = eager
        self.only = only
        self.kinds: set[str] = set()
        self.selector = selectors.DefaultSelector()
        self.selector.register(listener, selectors.EVENT_READ)
        self.selector.register(sys.stdin, selectors.EVENT_READ)
        self.ahead: list[str] = []
        self.memory: dict[str, list[str]] = {}
        self.seen = 0.0
        self.running: dict[int, Running] = {}

    def serve(self) -> Callable[[], None] | None:
        """Serve to the end. Returns None then, and in each forked process what it has to do."""
        while True:
            self._look()
            events = self.selector.select(0 if self.ahead else None)
            if not events:
                imports.load(self.ahead.pop(0))
            for key, _ in events:
                if key.fileobj is sys.stdin:
                    self._end()
                    return None
                if key.fileobj is self.listener:
                    job = self._accept()
                    if job:
                        return job
                elif key.data in self.running.values():
                    self._ended(key.data) if isinstance(key.fileobj, int) else self._abandoned(key.data)

    def _look(self) -> None:
        """Take up what processes have imported since the last look, and what their packages want to have ready."""
        with contextlib.suppress(OSError):
            changed = imports.MEMORY.stat().st_mtime
            if changed != self.seen:
                self.seen = changed
                self.memory = imports.remembered()
                kinds = [kind for kind in self.memory if self.eager or kind in self.kinds]
                names = [name for kind in kinds for name in self.memory[kind]]
                names += [imports.AHEAD[kind] for kind in kinds if kind in imports.AHEAD]
                self.ahead = [name for name in dict.fromkeys(names) if name not in sys.modules]

    def _accept(self) -> Callable[[], None] | None:
        connection, _ = self.listener.accept()
        connection.settimeout(PATIENCE)
        try:
            received = wire.receive(connection)
        except (OSError, ValueError):
            received = None
        if received is None:
            connection.close()
            return None
        message, streams = received
        try:
            request = Request.read(message, self.only)
        except NotLikeThisError as e:
            with contextlib.suppress(OSError):
                wire.send(connection, {"refused": str(e)})
            connection.close()
            _close(streams)
            return None
        if request.kind not in self.kinds:
            self.kinds.add(request.kind)
            self.seen = 0.0
        self._look()
        for name in self.memory.get(request.kind, []):
            imports.load(name)
        return self._fork(request, streams, connection)

    def _fork(self, request: Request, streams: list[int], connection: socket.socket) -> Callable[[], None] | None:
        gc.freeze()  # what is shared isn't looked at again, and so stays shared
        settled, settling = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.setsid()
            self._forget(connection)
            _close([settled, settling])
            gc.enable()
            return lambda: become(request, streams)
        _close([*streams, settling])
        os.read(settled, 1)  # from here on the process leads a group, which can be ended
        os.close(settled)
        with contextlib.suppress(OSError):
            wire.send(connection, {"pid": pid})
        running = Running(pid, os.pidfd_open(pid), connection, request.lasting)
        self.running[pid] = running
        self.selector.register(running.watch, selectors.EVENT_READ, running)
        self.selector.register(connection, selectors.EVENT_READ, running)
        return None

    def _forget(self, connection: socket.socket) -> None:
        """Close in a fork what only the server uses."""
        self.selector.close()
        self.listener.close()
        connection.close()
        for other in self.running.values():
            os.close(other.watch)
            other.client.close()

    def _ended(self, running: Running) -> None:
        """A process has ended: its client hears how."""
        del self.running[running.pid]
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
        self.selector.unregister(running.client)
        running.client.close()
        if not running.lasting:
            self._kill(running)

    def _kill(self, running: Running) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        self._ended(running)

    def _end(self) -> None:
        for running in list(self.running.values()):
            self._kill(running)


def _close(files: list[int]) -> None:
    for file in files:
        os.close(file)


def main() -> None:
    """Serve on the socket whose number is the argument until standard input closes."""
    gc.disable()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    only = frozenset(word.removeprefix("kind=") for word in sys.argv[2:] if word.startswith("kind="))
    job = Server(socket.socket(fileno=int(sys.argv[1])), eager="eager" in sys.argv[2:], only=only).serve()
    if job:
        job()
