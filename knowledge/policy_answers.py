"""Yes, no or perhaps: what a part of a policy statement says when not everything in it is understood."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

YES, NO, MAYBE = True, False, None
Answer = bool | None
"""One of the three above."""


def both(answers: Iterable[Answer]) -> Answer:
    """Whether all of them hold."""
    seen = list(answers)
    if any(answer is NO for answer in seen):
        return NO
    return MAYBE if any(answer is MAYBE for answer in seen) else YES


def either(answers: Iterable[Answer]) -> Answer:
    """Whether one of them holds."""
    seen = list(answers)
    if any(answer is YES for answer in seen):
        return YES
    return MAYBE if any(answer is MAYBE for answer in seen) else NO


def opposite(answer: Answer) -> Answer:
    """Whether it doesn't hold."""
    return MAYBE if answer is MAYBE else not answer
