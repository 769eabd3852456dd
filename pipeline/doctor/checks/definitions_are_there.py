"""The endpoint configuration and the models that an endpoint runs on exist. Asked: nothing more than the graph was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from guards import usage
from pipeline.doctor.check import Check, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from guards.usage import Node
    from pipeline.doctor.examination import Examination


def examine(examination: Examination, one: Node) -> Iterator[Problem]:
    """What the account doesn't describe is gone."""
    if examination.described(one) is None:
        yield Problem(
            f"{one} no longer exists: AWS can't start another instance of what runs now.",
            "Deploy a new release: a new model and configuration, and the endpoint updated to them.",
        )


check = Check(
    name="definitions-are-there",
    title="The endpoint configurations and models that endpoints run on exist.",
    kinds=(usage.CONFIGURATION, usage.MODEL),
    examine=examine,
)
