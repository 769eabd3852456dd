"""One reading for all who wait: hooks run side by side, and each wants an answer that isn't older than its question."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Reading(Generic[T]):
    """Something that takes long to read.

    Arguments:
        read: reads it anew.
        once: whether the first reading holds for good (a preview); else everybody gets one whose reading began after
            it was asked for, and who asks while others are being answered shares the next.

    """

    def __init__(self, read: Callable[[], T], *, once: bool) -> None:
        self._read = read
        self._once = once
        self._changed = threading.Condition()
        self._began = 0
        self._reading = False
        self._found: T | None = None
        self._found_of = 0

    def get(self) -> T:
        """What was read; raises what reading raises, to who read."""
        with self._changed:
            wanted = 1 if self._once else self._began + 1
            while self._found is None or self._found_of < wanted:
                if not self._reading:
                    break
                self._changed.wait()
            else:
                return self._found
            self._reading = True
            self._began += 1
            this = self._began
        found: T | None = None
        try:
            found = self._read()
        finally:
            with self._changed:
                self._reading = False
                if found is not None:
                    self._found, self._found_of = found, this
                self._changed.notify_all()
        return found
