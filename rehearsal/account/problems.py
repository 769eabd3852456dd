"""What an endpoint needs and hasn't: the one form in which everything that looks says it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing that an endpoint needs and hasn't: its kind, what it is called, and the reason as a sentence."""

    kind: str
    resource: str
    reason: str
