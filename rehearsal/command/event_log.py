"""Where a run's events go: numbered, stamped, to the event log and to the displays.

The log is a file of JSON lines or, as the Automation API wants it of every version after 3.205, a gRPC service at
`tcp://127.0.0.1:<port>` that takes the same JSON as a stream.
"""

from __future__ import annotations

import json
import queue
import threading
import time
from typing import TYPE_CHECKING, Any, Protocol

from rehearsal.command.errors import CommandError
from rehearsal.command.text import warn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Event = dict[str, Any]
PATIENCE = 10
"""Seconds that the receiver of a stream gets to take the last events in."""


class Log(Protocol):
    """Takes events, one JSON text each."""

    def write(self, text: str) -> None:
        """Take one."""
        ...

    def close(self) -> None:
        """No more will come."""
        ...


class Events:
    """Numbers and stamps events and hands each to the log and the displays, one after another."""

    def __init__(self, log: Log | None, displays: list[Callable[[Event], None]]) -> None:
        self._log = log
        self._displays = displays
        self._sequence = 0
        self.cancelled = False
        self._lock = threading.Lock()

    def emit(self, event: Event) -> None:
        """Take an event without number and time."""
        with self._lock:
            stamped = {"sequence": self._sequence, "timestamp": int(time.time()), **event}
            self._sequence += 1
            self.cancelled = self.cancelled or "cancelEvent" in event
            if self._log:
                self._log.write(json.dumps(stamped, ensure_ascii=False, separators=(",", ":")))
            for display in self._displays:
                display(stamped)


def open_log(where: str | None) -> Log | None:
    """The log at a path or `tcp://host:port`. Raises CommandError when it can't be written or isn't on this machine."""
    if not where:
        return None
    if where.startswith("tcp://"):
        return StreamLog(where.removeprefix("tcp://"))
    from pathlib import Path

    return FileLog(Path(where))


class FileLog:
    """JSON lines in a file, each there as soon as the event has happened; what the file held before is gone.

    As with Pulumi, an `up` that previews first leaves the events of the update alone.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = path.open("w", encoding="utf-8")
        except OSError as error:
            raise CommandError(f"--event-log {path} can't be written: {error.strerror}") from None

    def write(self, text: str) -> None:
        """Append a line."""
        self._file.write(f"{text}\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class StreamLog:
    """A stream to the `pulumirpc.Events` service of whoever started this command."""

    def __init__(self, address: str) -> None:
        from rehearsal.environment import refuse_elsewhere

        refuse_elsewhere("--event-log", f"tcp://{address}")
        import grpc
        from pulumi.runtime.proto import events_pb2, events_pb2_grpc

        self._waiting: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._channel = grpc.insecure_channel(address)
        stub = events_pb2_grpc.EventsStub(self._channel)

        def requests() -> Iterator[Any]:
            while (text := self._waiting.get()) is not None:
                yield events_pb2.EventRequest(event=text)

        self._error = grpc.RpcError
        self._call = stub.StreamEvents.future(requests())

    def write(self, text: str) -> None:
        """Send an event."""
        self._waiting.put(text)

    def close(self) -> None:
        """Wait until the receiver has everything."""
        import grpc

        self._waiting.put(None)
        try:
            self._call.result(timeout=PATIENCE)
        except (self._error, grpc.FutureTimeoutError) as error:
            code = error.code().name if isinstance(error, grpc.Call) else "no answer"
            warn(f"whoever listens to the events ({code}) may not have heard all of them")
        finally:
            self._channel.close()
