"""Copies of an account for tests: as it is at this moment (a fork), or as it was after so many entries (time travel).

A fork is a process of its own that begins with everything its original holds in memory, so that nothing is replayed;
its journal is a copy of the original's, so that it can be stopped and started like any other account. What either of
them does from then on, the other doesn't see.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
import traceback
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from rehearsal.account.errors import AccountError
from rehearsal.account.journal import Journal
from rehearsal.account.server import RUNNING, directory_of, run_until_told

if TYPE_CHECKING:
    from pathlib import Path

    from rehearsal.account.gateway import Gateway

PATIENCE = 30.0


def fork(gateway: Gateway, home: Path, idle_minutes: float, port: int = 0) -> dict[str, int]:
    """Begins a copy of a running account under another home, at a port (0: any); returns its port and process.

    Raises AccountError when there is an account already, or the copy doesn't come up.
    """
    directory = _new_directory(gateway.account, home)
    gateway.journal.copy(directory)
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _live(gateway, directory, writing, (idle_minutes, port))  # never returns
    os.close(writing)
    # Its end is nobody's business but the kernel's, which wants somebody to have waited for it.
    threading.Thread(target=os.waitpid, args=(pid, 0), daemon=True).start()
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.readline().strip()
    if not told.isdigit():
        raise AccountError(f"a copy of account {gateway.account} in {directory} did not start; see its server.log")
    return {"port": int(told), "pid": pid}


def _new_directory(account: str, home: Path) -> Path:
    directory = directory_of(account, home)
    if (directory / "journal.jsonl").exists():
        raise AccountError(f"{directory} holds an account already")
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    return directory


def _live(gateway: Gateway, directory: Path, writing: int, how: tuple[float, int]) -> None:
    """The copy's process, from its birth to its end."""
    status = 1
    try:
        os.setsid()
        log = os.open(directory / "server.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        for number in (1, 2):
            os.dup2(log, number)
        os.close(log)
        lock = FileLock(directory / RUNNING)
        lock.acquire(timeout=0)
        gateway.become(directory)

        def announced(port: int) -> None:
            os.write(writing, f"{port}\n".encode())
            os.close(writing)

        idle_minutes, port = how
        run_until_told(gateway, directory, time.time(), idle_minutes, announced, port)
        lock.release()
        status = 0
    except BaseException:  # noqa: BLE001 - the frames below belong to the original's server and must not be run again
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os._exit(status)


def until(directory: Path, home: Path, account: str, number: int) -> Path:
    """Copies an account as it was after so many entries of its journal; `ensure` then starts it.

    Args:
        directory: where the account lies; it may be running.
        home: under which the copy is to lie.
        account: its id.
        number: how many entries are kept; a negative number leaves out so many at the end.

    Returns:
        the copy's directory.

    """
    target = _new_directory(account, home)
    Journal(directory).copy(target, number)
    return target


def entries(directory: Path) -> list[dict[str, Any]]:
    """What an account's journal says, one dict an entry: kind, at, number, and action and status of a call."""
    kept = ("kind", "at", "number", "action", "status", "verb")
    lines = Journal(directory).lines()[1:]
    return [{key: value for key, value in json.loads(line).items() if key in kept} for line in lines]
