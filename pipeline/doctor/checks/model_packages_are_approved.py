"""The versions in the Model Registry that endpoints run are approved. Asked: nothing more than the graph was.

A decision made later changes nothing in what runs: AWS patches and heals an endpoint of a rejected version like any
other. So it is advice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from guards import usage
from knowledge.model_packages import deployable
from pipeline.doctor.check import Check, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from guards.usage import Node
    from pipeline.doctor.examination import Examination


def examine(examination: Examination, one: Node) -> Iterator[Problem]:
    """By the version's approval now; one that could not be read is a gap of the graph, and told as unknown."""
    described = examination.described(one)
    if described is None:
        gap = next((gap for gap in examination.graph.gaps if gap.at == one), None)
        yield Problem(
            f"What {one} was approved for isn't known: {gap.reason if gap else 'it could not be read'}.",
            "Let this account read the version, or deploy one that is there.",
            severity="medium",
            advisory=True,
        )
        return
    if why := deployable(described):
        yield Problem(
            f"A model was made from {one}, and by now {why}.",
            "Deploy an approved version: holdfast resolve latest-approved, then holdfast up.",
            advisory=True,
        )


check = Check(
    name="model-packages-are-approved",
    title="The versions in the Model Registry that endpoints run are approved.",
    kinds=(usage.PACKAGE,),
    examine=examine,
    severity="high",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-approve.html",
)
