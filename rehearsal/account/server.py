"""The process of an emulated account: starts it from its journal, serves it on loopback, stops it cleanly.

One process an account: it holds a lock on the account's directory as long as it lives. The lock goes with the process,
however it ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from rehearsal.account.errors import AccountError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOST = "127.0.0.1"
RUNNING = "running.lock"
INTERPRETER = {
    "PYTHONHASHSEED": "0",
    "MOTO_DISABLE_GLOBAL_CORS": "true",
    "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
    "MOTO_S3_DEFAULT_KEY_BUFFER_SIZE": str(64 * 1024 * 1024),
    "S3_IGNORE_SUBDOMAIN_BUCKETNAME": "true",
}
"""What an account's process is started with: variables that the interpreter, or moto while it is imported, reads."""


def directory_of(account: str, home: Path) -> Path:
    """Where an account lies: `<home>/accounts/<id>`; raises AccountError unless the id has AWS's twelve digits."""
    if not (len(account) == 12 and account.isascii() and account.isdigit()):  # noqa: PLR2004
        raise AccountError(f"an AWS account id has twelve digits; got {account!r}")
    return home / "accounts" / account


def serve(account: str, home: Path, *, idle_minutes: float, speed: float) -> None:
    """Runs an account until it is told to stop, has been idle for so long, or gets SIGTERM.

    Args:
        account: account id, twelve digits.
        home: directory under which accounts lie.
        idle_minutes: real minutes without a request after which it stops; 0 means never.
        speed: virtual seconds a real second, for a new account; an existing one keeps its own.

    """
    directory = directory_of(account, home)
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = FileLock(directory / RUNNING)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise AccountError(
            f"account {account} in {home} is already running (see {directory / 'server.json'})"
        ) from error
    _environment(account)
    started = time.time()
    gateway = _start(account, directory, speed)
    threading.Thread(target=_warm_up, args=(account,), daemon=True).start()
    run_until_told(gateway, directory, started, idle_minutes)
    lock.release()


def run_until_told(  # noqa: PLR0913, PLR0917
    gateway: Any,
    directory: Path,
    started: float,
    idle_minutes: float,
    announced: Callable[[int], None] | None = None,
    port: int = 0,
) -> None:
    """Serves a gateway at a port (0: any) until it is told to stop; `announced` is called with the port."""
    stopping = threading.Event()
    gateway.stop = stopping.set
    from rehearsal.account.listening import listen

    server = listen(gateway, port)
    gateway.listener = server
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    _announce(directory, server.port, started)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    if announced is not None:
        announced(server.port)
    _wait(gateway, stopping, idle_minutes * 60)
    server.shutdown()
    server.hang_up()
    gateway.close()
    _withdraw(directory)


def _environment(account: str) -> None:
    """What moto reads from the environment, some of it while it is imported."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(
        {
            **INTERPRETER,
            "MOTO_ACCOUNT_ID": account,
            "AWS_ACCESS_KEY_ID": "rehearsal",
            "AWS_SECRET_ACCESS_KEY": "rehearsal",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
    )


def _start(account: str, directory: Path, speed: float) -> Any:
    from rehearsal.account.clock import Clock
    from rehearsal.account.determinism import Determinism
    from rehearsal.account.errors import JournalError
    from rehearsal.account.gateway import Gateway
    from rehearsal.account.journal import FORMAT, Journal

    journal = Journal(directory)
    entries = journal.read()
    if entries:
        head = entries.pop(0)
        if head.get("kind") != "account" or head.get("account") != account:
            raise JournalError(f"{journal.path} is not the journal of account {account}")
    else:
        head = {"kind": "account", "format": FORMAT, "account": account, "at": float(int(time.time())), "speed": speed}
        journal.append(head)
    clock = Clock(head["at"], head["speed"])
    determinism = Determinism(account, head["at"])
    determinism.install()
    gateway = Gateway(account, directory, journal, clock, determinism)
    _bring_back(gateway, head.get("compacted"), entries)
    for note in journal.notes:
        sys.stderr.write(f"note: {note}\n")
    return gateway


def _bring_back(gateway: Any, compacted: dict[str, Any] | None, entries: list[dict[str, Any]]) -> None:
    """Does the journal's entries again, from a snapshot on where there is one; a long journal gets one then."""
    from rehearsal.account import snapshots

    if compacted is not None and not snapshots.restore(gateway, compacted):
        entries = [*gateway.journal.archived(compacted), *entries]
    gateway.replay(entries)
    if len(entries) >= snapshots.ENTRIES:
        try:
            snapshots.compact(gateway)
        except AccountError as error:
            gateway.journal.notes.append(f"{error}; the next start does everything again")


def _announce(directory: Path, port: int, started: float) -> None:
    path = directory / "server.json"
    partial = path.with_suffix(f".{os.getpid()}")
    partial.write_text(json.dumps({"pid": os.getpid(), "port": port, "started": started}))
    partial.replace(path)


def _withdraw(directory: Path) -> None:
    path = directory / "server.json"
    with contextlib.suppress(OSError, ValueError):  # somebody else may have taken it away, which is as good
        if json.loads(path.read_text())["pid"] == os.getpid():
            path.unlink()


def _warm_up(account: str) -> None:
    """Imports what nearly everybody uses while the first caller is still busy with itself."""
    from moto import backends

    for service in ("iam", "s3", "kms", "ecr", "sts"):
        backends.get_backend(service)
    del account


def _wait(gateway: Any, stopping: threading.Event, idle_seconds: float) -> None:
    """Until the account is told to stop, has been idle for too long, or its directory has been removed."""
    while not stopping.wait(1.0) and gateway.directory.exists():
        if idle_seconds and not gateway.busy and time.monotonic() - gateway.last_request > idle_seconds:
            return
