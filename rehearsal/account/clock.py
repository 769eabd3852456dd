"""The account's virtual clock: it runs faster than the wall clock and can be moved forward, never back."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_SPEED = 200.0


class Clock:
    """Virtual seconds since 1970-01-01 UTC.

    Args:
        start: the virtual time at which the clock begins.
        speed: virtual seconds a real second; 0 makes it stand still but for `advance`.
        monotonic: source of real seconds; tests pass their own.

    """

    def __init__(self, start: float, speed: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._base = start
        self._since = monotonic()
        self.speed = speed

    def now(self) -> float:
        """The virtual time, rounded to microseconds so that it survives the journal unchanged."""
        return round(self._base + (self._monotonic() - self._since) * self.speed, 6)

    def set(self, at: float, speed: float | None = None) -> None:
        """Goes on from `at` (a journalled time), with another speed if one is given."""
        self._base = at
        self._since = self._monotonic()
        if speed is not None:
            self.speed = speed
