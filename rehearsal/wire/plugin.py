"""Plug-in processes: starting them, reading the port they print, ending them with all their children."""

from __future__ import annotations

import contextlib
import os
import selectors
import subprocess
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from rehearsal.wire.channel import dial
from rehearsal.wire.children import Child, end, spawn

if TYPE_CHECKING:
    from pathlib import Path

    from rehearsal.errors import RehearsalError

START_SECONDS = 60.0
_MAX_PORT = 65535
Say = Callable[[str, str], None]
"""Called with each line a plug-in prints: (severity, line)."""


class Plugin:
    """A process that serves gRPC on a port of this machine, or one somebody else started (`attached`)."""

    def __init__(self, port: int, process: Child | None) -> None:
        self.process = process
        self.attached = process is None
        self.channel = dial(f"127.0.0.1:{port}")

    def close(self) -> None:
        """End the process and its children; harmless when it is gone."""
        self.channel.close()
        if self.process is not None:
            end(self.process)


def start(command: list[str], cwd: Path, environment: dict[str, str], error: type[RehearsalError], say: Say) -> Plugin:
    """Start a plug-in and read its port from the first line of its output.

    Raises `error`, with what it wrote, when it ends or prints something else, or says nothing for a minute.
    """
    what = " ".join(command)
    try:
        process = spawn(command, cwd, environment)
    except OSError as e:
        raise error(f"`{what}` can't be started: {e.strerror or e}") from e
    complaints: list[str] = []
    listening = threading.Event()

    def hear(line: str) -> None:
        if listening.is_set():
            say("info#err", line)
        else:
            complaints.append(line)

    assert process.stdout is not None  # noqa: S101
    threading.Thread(target=_drain, args=(process.stderr, hear), daemon=True).start()
    line = _first_line(process)
    text = line.decode(errors="replace").strip()
    if not text.isdigit() or not 0 < int(text) <= _MAX_PORT:
        silent = f"it printed none within {START_SECONDS:g} s and was ended: it hangs"
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.5)
            silent = f"it ended with status {process.returncode} and printed none"
        end(process)
        said = "\n".join(complaints[-20:])
        got = f"its first line was {text!r}" if text else silent
        raise error(
            f"`{what}` should have printed the port it serves, but {got}." + (f" It said:\n{said}" if said else "")
        )
    listening.set()
    threading.Thread(target=_drain, args=(process.stdout, lambda line: say("info", line)), daemon=True).start()
    return Plugin(int(text), process)


def _first_line(process: Child) -> bytes:
    """The first line, byte by byte so that nothing behind it is swallowed; or what came until the time limit."""
    assert process.stdout is not None  # noqa: S101
    line, deadline = bytearray(), time.monotonic() + START_SECONDS
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while not line.endswith(b"\n") and selector.select(max(0.0, deadline - time.monotonic())):
            piece = os.read(process.stdout.fileno(), 1)
            if not piece:
                break
            line += piece
    return bytes(line)


def _drain(stream: object, hear: Callable[[str], None]) -> None:
    with contextlib.suppress(ValueError, OSError):
        for line in stream:  # type: ignore[attr-defined]
            hear(line.decode(errors="replace").rstrip("\n"))
