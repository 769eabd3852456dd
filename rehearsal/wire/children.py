"""Child processes: each leads a group of its own, and no group outlives the engine, however the engine ends.

A signal of the terminal reaches the engine alone, which ends its children in order. When the engine itself is killed, a
guard (a shell that reads from a pipe of the engine's) sees the pipe close and kills every group that was left.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from typing import TYPE_CHECKING

from rehearsal.prefork.process import ForkedProcess
from rehearsal.prefork.process import spawn as forked

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_GUARD = """
trap '' INT TERM HUP
groups=
while read -r word group; do
    if [ "$word" = add ]; then groups="$groups $group"; continue; fi
    left=
    for other in $groups; do [ "$other" = "$group" ] || left="$left $other"; done
    groups=$left
done
for group in $groups; do kill -9 "-$group" 2>/dev/null; done
"""


class _Guard:
    """The guard of this process, started with the first child."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shell: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def tell(self, word: str, group: int) -> None:
        """Add a group to those it watches, or drop one."""
        with self._lock:
            if self._shell is None or self._owner != os.getpid() or self._shell.poll() is not None:
                self._shell = subprocess.Popen(
                    ["/bin/sh", "-c", _GUARD], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL, start_new_session=True,
                )  # fmt: skip
                self._owner = os.getpid()
            assert self._shell.stdin is not None  # noqa: S101  # for the type checker: it is a pipe
            self._shell.stdin.write(f"{word} {group}\n".encode())
            self._shell.stdin.flush()


_guard = _Guard()


Child = subprocess.Popen[bytes] | ForkedProcess


def spawn(command: list[str], cwd: Path, environment: Mapping[str, str]) -> Child:
    """Start a child with pipes for what it prints. Raises OSError when it can't be started."""
    process = forked(command, cwd, environment) or subprocess.Popen(  # which command it is, the project decides
        command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip
    _guard.tell("add", process.pid)
    return process


def end(process: Child, grace: float = 2.0) -> None:
    """End a child: politely first, and whatever is left of its group for certain. Harmless when it is gone."""
    _kill(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(grace)
    _kill(process.pid, signal.SIGKILL)
    process.wait()
    _guard.tell("drop", process.pid)


def _kill(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
