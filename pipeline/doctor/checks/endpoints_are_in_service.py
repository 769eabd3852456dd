"""Endpoints are in service, with nothing pending. Source: DescribeEndpoint, EndpointStatus (SageMaker API)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from guards import usage
from pipeline.doctor.check import Check, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from guards.usage import Node
    from pipeline.doctor.examination import Examination

_ON_THE_WAY = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"})
_FIXES = {
    "Failed": "Mend the cause and deploy it again; a failed endpoint serves nothing.",
    "UpdateRollbackFailed": "Mend the cause and update it once more, or ask AWS Support.",
    "OutOfService": "It takes no requests: delete it, or make it anew.",
}


def examine(examination: Examination, one: Node) -> Iterator[Problem]:
    """Only what is at rest can be judged."""
    live = examination.described(one) or {}
    status, reason = live.get("EndpointStatus", "not known"), live.get("FailureReason")
    why = f" FailureReason: {' '.join(str(reason).split()).rstrip('.')}." if reason else ""
    if status in _ON_THE_WAY:
        yield Problem(f"{one} is {status}: a change is on its way, and what follows holds for now only.", advisory=True)
    elif status != "InService":
        yield Problem(f"{one} is {status}.{why}", _FIXES.get(status, "Look at it in the SageMaker console."))
    elif why:
        yield Problem(
            f"{one} is in service, but its last change failed.{why}",
            "Run holdfast refresh, mend the cause, and run holdfast up again.",
            severity="high",
        )


check = Check(
    name="endpoints-are-in-service",
    title="Endpoints are in service, and their last change took.",
    kinds=(usage.ENDPOINT,),
    examine=examine,
)
