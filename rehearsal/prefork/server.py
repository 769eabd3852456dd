"""The server: takes requests, and has each forked where what it needs is imported.

It imports nothing itself, so that what nobody knows anything of is forked from it in no time. For kinds of process that
are known it makes nurseries, forks of its own; kinds that need nearly the same share one. It ends when its standard
input closes, which whoever started it holds; its nurseries and processes end with it.
"""

from __future__ import annotations

import contextlib
import gc
import os
import selectors
import signal
import socket
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rehearsal.prefork import imports, kinds, wire
from rehearsal.prefork.child import NotLikeThisError, Request
from rehearsal.prefork.nursery import Nursery

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE = 5.0
"""Seconds for a client to send what it connected for."""
EAGER = ("rehearsal", "rehearsal.account", "rehearsal.provider", "pulumi.policy")
"""The kinds that a command will need, as far as anything is known of them; the program in the folder is one more."""
_MOST, _ALIKE, _SLACK = 8, 1.2, 100
"""How many nurseries there are at most; and how many modules more than it needs a kind may be forked with."""


@dataclass(eq=False)
class Place:
    """A nursery as the server sees it. `names`: the modules it has, or will have; `sent`: kind -> those told."""

    pid: int
    orders: socket.socket
    names: set[str] = field(default_factory=set)
    sent: dict[str, list[str]] = field(default_factory=dict)


class Server(Nursery):
    """Serves forks on a listening socket.

    Args:
        listener: where it is asked.
        eager: have everything imported that a command needs, before anybody asks; once, in one place, as a command has
            few processes, and what they share takes longer to import again than to fork.

    """

    def __init__(self, listener: socket.socket, *, eager: bool) -> None:
        super().__init__()
        self.listener = listener
        self.eager = eager
        self.most = 1 if eager else _MOST
        self.selector.register(listener, selectors.EVENT_READ, self._accept)
        self.selector.register(sys.stdin, selectors.EVENT_READ, self._finish)
        self.memory: dict[str, list[str]] = {}
        self.seen = 0.0
        self.places: list[Place] = []
        self.assigned: dict[str, Place] = {}

    def serve(self) -> Callable[[], Any] | None:
        """Serve to the end; see `Nursery`."""
        self._look()
        for kind in [*EAGER, kinds.of_program(os.getcwd())] if self.eager else []:
            names = kinds.like(kind, self.memory)
            job = self._prepare(kind, names) if names else None
            if job:
                return job
        return super().serve()

    def _finish(self) -> None:
        self.over = True

    def _look(self) -> None:
        """Take up what processes have imported since the last look."""
        with contextlib.suppress(OSError):
            changed = imports.MEMORY.stat().st_mtime
            if changed != self.seen:
                self.seen = changed
                self.memory = imports.remembered()

    def _accept(self) -> Callable[[], Any] | None:
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
            request = Request.read(message)
        except NotLikeThisError as e:
            with contextlib.suppress(OSError):
                wire.send(connection, {"refused": str(e)})
            connection.close()
            _close(streams)
            return None
        self._look()
        names = kinds.like(request.kind, self.memory)
        if not names and not imports.ahead(request.kind, names):
            return self.fork(request, [], streams, connection)
        message["kind"] = request.kind
        job = self._prepare(request.kind, names, message, (*streams, connection.fileno()))
        connection.close()
        _close(streams)
        return job

    def _prepare(
        self, kind: str, names: list[str], message: dict[str, Any] | None = None, files: tuple[int, ...] = ()
    ) -> Callable[[], Any] | None:
        """Have a kind's modules imported in its nursery, and what a message asks for forked there.

        Returns what a nursery that was made for it has to do, in that one, and None in this process.
        """
        place = self.assigned.get(kind) or self._fitting(set(names)) or self._found()
        if not isinstance(place, Place):
            return place
        self.assigned[kind] = place
        order: dict[str, Any] = {"kind": kind}
        if place.sent.get(kind) != names:
            order["names"] = place.sent[kind] = names
            place.names.update(names)
        try:
            wire.send(place.orders, order | ({"request": message} if message else {}), files)
        except OSError:
            self._lost(place)
        return None

    def _fitting(self, names: set[str]) -> Place | None:
        """The nursery that has nearly what is needed, and would have little more; the best one, if no more may be."""

        def size(place: Place) -> int:
            return len(place.names | names)

        fit = [p for p in self.places if size(p) <= _ALIKE * min(len(p.names), len(names)) + _SLACK]
        return min(fit or (self.places if len(self.places) >= self.most else []), key=size, default=None)

    def _found(self) -> Place | Callable[[], Any]:
        """Make a nursery; returns its job in it."""
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            ours.close()
            self.forget()
            return Nursery(theirs).serve
        theirs.close()
        place = Place(pid, ours)
        self.places.append(place)
        self.selector.register(ours, selectors.EVENT_READ, lambda: self._lost(place))
        return place

    def _lost(self, place: Place) -> None:
        """A nursery has ended by itself: who asked for a process there hears it, and the next gets another."""
        if place not in self.places:
            return
        self.places.remove(place)
        self.assigned = {kind: other for kind, other in self.assigned.items() if other is not place}
        self.selector.unregister(place.orders)
        place.orders.close()
        os.waitpid(place.pid, 0)

    def forget(self) -> None:
        """Close in a fork what only this process uses."""
        super().forget()
        self.listener.close()
        for place in self.places:
            place.orders.close()
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)

    def end(self) -> None:
        """End the nurseries, and all processes with them."""
        super().end()
        for place in self.places:
            place.orders.close()
        for place in self.places:
            os.waitpid(place.pid, 0)


def _close(files: list[int]) -> None:
    for file in files:
        os.close(file)


def main() -> None:
    """Serve on the socket whose number is the argument until standard input closes."""
    gc.disable()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    job: Callable[[], Any] | None = Server(socket.socket(fileno=int(sys.argv[1])), eager="eager" in sys.argv[2:]).serve
    while job:
        job = job()
    os._exit(0)  # to take apart what was imported would take long
