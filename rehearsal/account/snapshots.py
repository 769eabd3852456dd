"""Snapshots: the account as it is, so that a long journal needn't be done again from its beginning.

A snapshot is only a short cut. What it stands for stays beside it, packed (journal.py), and an account that can't take
a snapshot (another version of Python, of moto or of this emulation wrote it, or it isn't whole) does everything again.
It holds moto's backends and the emulation's own state, by Python's pickle; it is read only when its digest is the one
that the journal names, from a directory that nobody but its owner can read or write.
"""

from __future__ import annotations

import copyreg
import hashlib
import io
import pickle
import sys
import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rehearsal.account.errors import AccountError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.account.gateway import Gateway

ENTRIES = 1000
"""An account that has done so many entries again takes a snapshot, so that it needn't a second time."""

# Where the emulation's own state lies: objects of the gateway's, and which of their members are state.
_OWN = {
    "inference": ("regions", "serial"),
    "sharing": ("shares",),
    "shells": ("running", "started"),
    "sessions": ("sessions",),
    "cloud_control": ("requests", "tokens"),
    "faults": ("armed",),
    "quotas": ("applied",),
    "determinism": ("pristine",),
}
_COUNTS = ("number", "mutations")
_LOCKS = (threading.RLock, threading.Lock)


def compact(gateway: Gateway) -> dict[str, Any]:
    """Takes a snapshot of an account and packs its journal; nothing may happen to the account meanwhile.

    Returns what the journal says of it. Raises AccountError when something in the account can't be kept this way
    (key material of asymmetric KMS keys); the journal is as it was then.
    """
    content = _written(gateway)
    return gateway.journal.compact(content, made())


def restore(gateway: Gateway, named: dict[str, Any]) -> bool:
    """Puts a snapshot into a gateway that has just been made; False when it can't be taken, with a note why."""
    if named.get("made") != made():
        gateway.journal.notes.append("the snapshot was taken by another version: everything was done again instead")
        return False
    content = gateway.journal.snapshot(named)
    if content is None:
        gateway.journal.notes.append("the snapshot isn't whole: everything was done again instead")
        return False
    _read(gateway, content)
    return True


@cache
def made() -> str:
    """By what a snapshot can be read: this Python, this moto, this emulation."""
    import moto

    digest = hashlib.sha256(f"{sys.version}/{moto.__version__}".encode())
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:32]


def _written(gateway: Gateway) -> bytes:
    from moto.core.base_backend import BackendDict

    services = {}
    for backends in BackendDict._instances:  # noqa: SLF001 - moto has no other list of what is in use
        held = {(account, region): backend for account, region, backend in backends.iter_backends()}
        services[backends.service_name] = (held, getattr(backends, "bucket_accounts", None))
    state = {
        "services": services,
        "own": {name: {each: getattr(getattr(gateway, name), each) for each in kept} for name, kept in _OWN.items()},
        "counts": {name: getattr(gateway, name) for name in _COUNTS},
        "clock": (gateway.clock.now(), gateway.clock.speed),
    }
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer, pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = copyreg.dispatch_table.copy()
    for maker in _LOCKS:
        pickler.dispatch_table[type(maker())] = _anew(maker)
    try:
        pickler.dump(state)
    except (pickle.PicklingError, TypeError, AttributeError, ValueError) as error:
        raise AccountError(f"no snapshot can be taken of account {gateway.account}: {error}") from error
    return buffer.getvalue()


def _anew(maker: Callable[[], Any]) -> Callable[[Any], tuple[Callable[[], Any], tuple[()]]]:
    """A lock is made anew: nobody holds it."""
    return lambda _: (maker, ())


def _read(gateway: Gateway, content: bytes) -> None:
    from moto.backends import get_backend

    state = pickle.loads(content)  # noqa: S301 - its digest is the journal's, and both are the owner's own
    for service, (held, buckets) in state["services"].items():
        backends: Any = get_backend(service)
        for (account, region), backend in held.items():
            dict.__setitem__(backends[account], region, backend)
        if buckets is not None:
            backends.bucket_accounts = buckets
    for name, members in state["own"].items():
        for member, value in members.items():
            setattr(getattr(gateway, name), member, value)
    for name, value in state["counts"].items():
        setattr(gateway, name, value)
    gateway.clock.set(*state["clock"])
