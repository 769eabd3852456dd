"""CPU seconds of a process and of everything it started: what is measured where the clock tells nothing."""

from __future__ import annotations

import os
import resource
from pathlib import Path


def used() -> float:
    """CPU seconds of this process and of all that it started, and they, whether they have ended or not."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both) + sum(map(_used_by, _children(os.getpid())))


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _used_by(pid: int) -> float:
    """CPU seconds of a process that runs, of its ended children, and of those that run."""
    try:
        row = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, row[11:15])) / os.sysconf("SC_CLK_TCK") + sum(map(_used_by, _children(pid)))
