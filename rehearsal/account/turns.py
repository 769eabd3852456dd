"""Whose turn it is in an account's process: calls one after the other, and glances of other accounts in between.

A call may have to ask another account something (may this role read that object?), and that account may at the same
moment be asking this one. While a call waits for such an answer it touches nothing here, so a question of another
account's may be answered then; otherwise the two would wait for each other.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType


class Turns:
    """The lock of an account's state, as a context manager: one call has its turn, nested ones of its thread too."""

    def __init__(self) -> None:
        self._queue = threading.RLock()
        self._state = threading.Lock()
        self._depth = 0

    def __enter__(self) -> None:
        self._queue.acquire()
        if self._depth == 0:
            self._state.acquire()
        self._depth += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._state.release()
        self._queue.release()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """For whoever has the turn, while waiting for another account: others may look meanwhile."""
        holding = self._depth > 0
        if holding:
            self._state.release()
        try:
            yield
        finally:
            if holding:
                self._state.acquire()

    @contextmanager
    def glance(self) -> Iterator[None]:
        """For who only looks, also while whoever has the turn is waiting."""
        with self._state:
            yield
