"""Forks: workers side by side, children that end with their parent, and what they were doing when they hang."""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import functools
import os
import signal
import sys
import tempfile
import time
import traceback
from typing import IO, TYPE_CHECKING

from patience import below, is_account

if TYPE_CHECKING:
    from collections.abc import Callable


def die_with_parent(number: int = signal.SIGKILL) -> None:
    """Let the kernel end this process when its parent ends, however it ends."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, number)


_asked_to_end: list[bool] = []


def asked_to_end() -> bool:
    """Whether this worker was told to end; what interrupted it may have been lost in a callback."""
    return bool(_asked_to_end)


def _end(number: int, frame: object) -> None:
    _asked_to_end.append(True)
    raise KeyboardInterrupt  # hypothesis takes SystemExit for a finding


def side_by_side(works: list[Callable[[], None]]) -> None:
    """Workers in processes of their own, until all have ended; interrupted, they put away what they started."""
    pids = []
    for work in works:
        pid = os.fork()
        if pid == 0:
            die_with_parent(signal.SIGTERM)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, _end)
            try:
                with contextlib.suppress(KeyboardInterrupt):
                    work()
            except BaseException:  # noqa: BLE001  # the others go on
                traceback.print_exc()
            finally:
                import atexit

                signal.signal(signal.SIGTERM, signal.SIG_IGN)

                with contextlib.suppress(Exception):
                    atexit._run_exitfuncs()  # the worker's template account
                os._exit(0)
        pids.append(pid)
    try:
        for pid in pids:
            os.waitpid(pid, 0)
    except KeyboardInterrupt:
        for pid in pids:
            os.kill(pid, signal.SIGTERM)
        for pid in pids:
            os.waitpid(pid, 0)


@functools.cache
def _file_of_stacks() -> IO[str]:
    """Where processes that hang say what their threads are doing; this process has it, and all its forks."""
    return tempfile.TemporaryFile("a+", prefix="stacks-")


def stacks() -> str:
    """What the threads of all forks are doing now."""
    told = ""
    for pid in below(os.getpid())[1:]:
        if not is_account(pid):
            _file_of_stacks().truncate(0)
            os.kill(pid, signal.SIGUSR1)
            time.sleep(0.5)
            _file_of_stacks().seek(0)
            told += f"\nprocess {pid}:\n{_file_of_stacks().read()}"
    return told


def fork(work: Callable[[], None]) -> int:
    """A child that does some work and ends; returns its process id."""
    sys.stdout.flush()
    sys.stderr.flush()
    file = _file_of_stacks()
    pid = os.fork()
    if pid:
        return pid
    status = 1
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        die_with_parent()
        faulthandler.register(signal.SIGUSR1, file, all_threads=True)
        work()
        status = 0
    except SystemExit as e:
        status = e.code if isinstance(e.code, int) else 1
    except BaseException:  # noqa: BLE001  # it must not go on as the parent
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)
