"""When a run is given up: when it hangs or goes round in circles, not when the machine has no processor left for it.

A history may run at the lowest priority beside other work, and then an ordinary run of two processor seconds takes
minutes. So what counts is what its processes did: how much they ran, and how long they neither ran nor waited for a
processor. Source: Linux, Documentation/scheduler/sched-stats (/proc/<pid>/schedstat: nanoseconds run, and waited).
"""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

IDLE_SECONDS = 120.0
PROCESSOR_SECONDS = 90.0
LONGEST_SECONDS = 3600.0
LOOK_SECONDS = 3.0
MOVING, ANSWERING = 0.2, 0.05
"""Of a moment: what engine, provider and program take or wait for while they move, and an account takes that answers.

Their timers alone stay below it; an account's, twenty times a second, would not where it waits for a processor.
"""

_PROC = Path("/proc")


def below(pid: int) -> list[int]:
    """A process and all that descend from it."""
    found = [pid]
    for each in found:
        for listed in _PROC.glob(f"{each}/task/*/children"):
            with contextlib.suppress(OSError):  # it has ended meanwhile
                found += [int(child) for child in listed.read_text().split()]
    return found


def ran(pid: int) -> float:
    """Processor seconds that a process has taken, with its threads that have ended."""
    with contextlib.suppress(OSError):
        told = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def waited(pid: int) -> float:
    """Seconds that the threads of a process have waited for a processor."""
    total = 0
    for stat in _PROC.glob(f"{pid}/task/*/schedstat"):
        with contextlib.suppress(OSError, ValueError):
            total += int(stat.read_text().split()[1])
    return total / 1e9


def is_account(pid: int) -> bool:
    """Whether a process is an emulated account."""
    with contextlib.suppress(OSError):
        return b"rehearsal.account" in (_PROC / str(pid) / "cmdline").read_bytes()
    return False


@dataclass
class Patience:
    """How long all that descends from this process has been idle, and how much it has run; asked again and again.

    Args:
        idle: seconds in which nothing moved, after which it is given up.
        processor: processor seconds after which it is given up.

    """

    idle: float = IDLE_SECONDS
    processor: float = PROCESSOR_SECONDS
    _ran: float = 0.0
    _still: float = 0.0

    def __post_init__(self) -> None:
        self._began = self._looked = time.monotonic()
        self._seen = self._look()

    @staticmethod
    def _look() -> dict[int, tuple[float, float]]:
        return {pid: (ran(pid), 0.0 if is_account(pid) else waited(pid)) for pid in below(os.getpid())[1:]}

    def over(self) -> str:
        """Why the run is given up, or "" as long as it isn't."""
        moment, seen, self._looked = time.monotonic() - self._looked, self._look(), time.monotonic()
        new = {pid: [max(0.0, now - then) for now, then in zip(told, self._seen.get(pid, (0.0, 0.0)), strict=True)]
               for pid, told in seen.items()}  # fmt: skip
        self._seen = seen
        self._ran += sum(each[0] for each in new.values())
        answering = sum(new[pid][0] for pid in new if is_account(pid))
        moving = sum(sum(each) for pid, each in new.items() if not is_account(pid))
        if moving > MOVING * moment or answering > ANSWERING * moment:
            self._still = 0.0
        else:  # however late this process was woken, it has looked only once: a machine that stood still isn't a hang
            self._still += min(moment, 2 * LOOK_SECONDS)
        if self._still >= self.idle:
            return f"its processes neither ran nor waited for a processor for {self.idle:g} s"
        if self._looked - self._began > LONGEST_SECONDS:
            return "that is too long, whatever the reason"
        return f"it took more than {self.processor:g} processor seconds" if self._ran >= self.processor else ""
