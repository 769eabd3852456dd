"""The subnets and security groups of models exist. Asked: EC2 DescribeSubnets, DescribeSecurityGroups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from guards import usage
from pipeline.doctor.check import Check, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from guards.usage import Node
    from pipeline.doctor.examination import Examination


def examine(examination: Examination, one: Node) -> Iterator[Problem]:
    """Whoever is there has a VPC in the graph."""
    if not examination.graph.used_by(one, usage.VPC):
        yield Problem(
            f"{str(one)[:1].upper()}{str(one)[1:]} no longer exists: a new instance's containers have no network.",
            "Deploy a model with other subnets and security groups.",
        )


check = Check(
    name="networks-are-there",
    title="The subnets and security groups of models exist.",
    kinds=(usage.SUBNET, usage.GROUP),
    examine=examine,
)
