"""Moments at which something ends, as people write them: a date, a time, and the time zone without which it is none.

Source: ISO 8601, as `datetime.fromisoformat` reads it.
"""

from __future__ import annotations

import datetime as dt

EXAMPLE = "2026-12-31T18:00:00+01:00"


class EndDateError(ValueError):
    """A text that is no moment; the message says what it lacks and shows one that has it."""


def read(text: str) -> dt.datetime:
    """The moment in `text`; raises EndDateError when it is no date and time, or has no time zone."""
    try:
        moment = dt.datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise EndDateError(f"{text!r} is no date and time; one is written as {EXAMPLE}") from error
    if moment.tzinfo is None:
        raise EndDateError(
            f"{text!r} has no time zone, so nobody knows when it is; one is written as {EXAMPLE}, or with Z"
        )
    return moment


def is_over(moment: dt.datetime, now: dt.datetime | None = None) -> bool:
    """Whether it has come (`now`: the clock's, unless given)."""
    return moment <= (now or dt.datetime.now(dt.UTC))


def left(moment: dt.datetime, now: dt.datetime | None = None) -> str:
    """How far away it is, for people: `in 12 days`, `in 5 hours`, `3 days ago`."""
    seconds = (moment - (now or dt.datetime.now(dt.UTC))).total_seconds()
    days, hours = int(abs(seconds) // 86400), int(abs(seconds) // 3600)
    amount = f"{days} days" if days > 1 else f"{hours} hours" if hours > 1 else "less than two hours"
    return f"in {amount}" if seconds > 0 else f"{amount} ago"
