"""The client's side: asks the server for a process and stands for it, in the form of `subprocess.Popen`."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
from typing import IO, TYPE_CHECKING, Any

from rehearsal.prefork import wire

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ADDRESS = "REHEARSAL_PREFORK"
"""Environment variable: the sockets of the servers from which processes may be forked, separated by colons."""


class ForkedProcess:
    """A process forked by the server. Has what the engine uses of `subprocess.Popen`, with the same meaning."""

    def __init__(self, connection: socket.socket, pid: int, command: list[str]) -> None:
        self.args = command
        self.pid = pid
        self.returncode: int | None = None
        self.stdin: IO[bytes] | None = None
        self.stdout: IO[bytes] | None = None
        self.stderr: IO[bytes] | None = None
        self._connection = connection

    def poll(self) -> int | None:
        """The exit status, None while it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def wait(self, timeout: float | None = None) -> int:
        """The exit status, negative for a signal. Raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            poller = select.poll()
            poller.register(self._connection, select.POLLIN)
            if not poller.poll(None if timeout is None else max(0, round(timeout * 1000))):
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            try:
                frame = wire.receive(self._connection)
            except OSError:
                frame = None
            self._connection.close()
            # A server that went away took its processes with it.
            self.returncode = frame[0]["status"] if frame else -signal.SIGKILL
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


def spawn(command: list[str], cwd: Path | str, environment: Mapping[str, str]) -> ForkedProcess | None:
    """A process with pipes for what it prints, in a session of its own; None when it must be started the usual way."""
    if not os.environ.get(ADDRESS):
        return None
    out, theirs_out = os.pipe()
    err, theirs_err = os.pipe()
    with open(os.devnull, "rb") as nothing:
        made = ask(command, str(cwd), environment, (nothing.fileno(), theirs_out, theirs_err))
    os.close(theirs_out)
    os.close(theirs_err)
    if made is None:
        os.close(out)
        os.close(err)
        return None
    made.stdout, made.stderr = os.fdopen(out, "rb"), os.fdopen(err, "rb")
    return made


def ask(
    command: list[str],
    cwd: str,
    environment: Mapping[str, str],
    streams: tuple[int, int, int],
    *,
    lasting: bool = False,
) -> ForkedProcess | None:
    """A process on the given streams; None when there is no server, or none that can fork it.

    `lasting`: it doesn't end with its client, only with the server.
    """
    request: dict[str, Any] = {"command": command, "cwd": cwd, "environment": dict(environment), "lasting": lasting}
    for address in filter(None, os.environ.get(ADDRESS, "").split(":")):
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(address)
            wire.send(connection, request, streams)
            answer = wire.receive(connection)
        except OSError:
            answer = None
        if answer and "pid" in answer[0]:
            return ForkedProcess(connection, answer[0]["pid"], command)
        connection.close()
    return None
