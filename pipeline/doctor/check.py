"""The form of a check: which things it looks at, and what it finds wrong with one of them.

Place: what every file in `pipeline/doctor/checks/` makes one of. A check asks the account through the examination it
is given and decides about one thing; who uses that thing, and how it is told, is the doctor's business.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from findings.finding import Severity
    from guards.usage import Node
    from pipeline.doctor.examination import Examination


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with the thing that was looked at."""

    message: str
    """One sentence or two: which thing, what is the matter, what follows."""

    fix: str = ""
    severity: Severity | None = None
    """None takes the check's."""

    advisory: bool = False
    """Worth saying, but no reason why AWS could not patch or heal the endpoint: it doesn't make doctor fail."""


@dataclass(frozen=True, slots=True)
class Check:
    """
    One check.

    Args:
        name: in kebab-case, after the healthy state (`artifacts-are-there`).
        title: the healthy state as a sentence.
        kinds: the kinds of nodes of the usage graph it looks at (`guards.usage`: ENDPOINT, CONFIGURATION, MODEL, ...).
        examine: is called once for each node of these kinds that an endpoint uses; yields what is wrong with it. It may
            raise `guards.live.AccountUnknown`: then it is told that this thing could not be examined.
        severity: of its findings.
        url: the AWS page it follows.

    """

    name: str
    title: str
    kinds: tuple[str, ...]
    examine: Callable[[Examination, Node], Iterable[Problem]]
    severity: Severity = "critical"
    url: str = "https://docs.aws.amazon.com/sagemaker/latest/dg/best-practice-endpoint-security.html"
