"""The lock of a stack, held while a run changes it, and the note of who holds it."""

from __future__ import annotations

import contextlib
import json
import os
from typing import TYPE_CHECKING, Any

from rehearsal.errors import StateError
from rehearsal.state.files import now, read_json, write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class LockedError(StateError):
    """Raised when another run holds the stack."""

    fault = "user"


class Lock:
    """The lock in one stack's folder."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @contextlib.contextmanager
    def held(self, purpose: str) -> Iterator[None]:
        """Hold the stack for a run; the system lets go of it whatever becomes of this process.

        Raises LockedError, naming the other run, when it is held.
        """
        import filelock  # 40 ms that only runs need

        held = filelock.FileLock(self._directory / "lock")
        try:
            held.acquire(timeout=0)
        except filelock.Timeout:
            raise LockedError(self._held_by()) from None
        holder = self._directory / "lock.json"
        try:
            note = {"pid": os.getpid(), "since": now(), "purpose": purpose}
            write_atomically(holder, json.dumps(note), durable=False)
            yield
        finally:
            holder.unlink(missing_ok=True)
            held.release()

    def holder(self) -> dict[str, Any] | None:
        """Who holds the stack at this moment: pid, since, purpose (empty: not yet told); None when nobody does."""
        if not (self._directory / "lock.json").exists():
            return None
        import filelock

        held = filelock.FileLock(self._directory / "lock")
        try:
            held.acquire(timeout=0)
        except filelock.Timeout:
            return self._holder()
        held.release()
        return None

    def _holder(self) -> dict[str, Any]:
        """What the holder has written of itself; it may not have written yet, or have gone meanwhile."""
        with contextlib.suppress(StateError):
            return dict(read_json(self._directory / "lock.json", "the lock's note"))
        return {}

    def _held_by(self) -> str:
        holder = self._holder()
        who = (
            f"`{holder['purpose']}`, process {holder['pid']}, since {holder['since']}"
            if {"purpose", "pid", "since"} <= holder.keys()
            else "another process"
        )
        return (
            f"the stack is currently locked by {who}. Wait until it is done, or stop it with `pulumi cancel`; "
            "nothing was changed."
        )
