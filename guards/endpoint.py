"""The endpoint itself: it may be deleted on purpose, never as a part of its replacement.

Source: UpdateEndpoint (SageMaker API reference): a new configuration reaches a running endpoint without an outage;
a replacement deletes the endpoint first, and its callers get errors until the new one is in service.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from guards.deletions import describe, finding
from guards.errors import AccountUnknown

if TYPE_CHECKING:
    from guards.judge import Judge
    from guards.live import Account
    from guards.plan import Operation
    from guards.report import Report

GUARD = "endpoint-is-never-replaced"
_POLL_SECONDS = 2.0
_MOST_SECONDS = 1800.0


def judge_endpoint_deletion(operation: Operation, judge: Judge, report: Report) -> None:
    """Refuse a deletion in the middle of a run: only a replacement deletes an endpoint then."""
    if judge.program_done():
        return
    report.give(
        finding(
            operation,
            GUARD,
            f"{describe(operation, 'endpoint')} would be replaced: deleted first, then made anew, with an outage "
            "between. Its name, its Region, or the presence of autoRollbackConfiguration was changed.",
            fix="Leave these as they are and change the endpoint by a new endpoint configuration; for another name "
            "deploy a second endpoint, move the callers, then remove the first from the program.",
        )
    )


def wait_until_gone(operation: Operation, account: Account, *, seconds: float = _MOST_SECONDS) -> None:
    """Return when DescribeEndpoint no longer finds the endpoint; raises AccountUnknown after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        described = account.endpoint(operation.id)
        if described is None:
            return
        if described.get("EndpointStatus") == "Failed" or time.monotonic() > deadline:
            raise AccountUnknown(
                f"endpoint {operation.id} was deleted but DescribeEndpoint still answers "
                f"{described.get('EndpointStatus')} ({described.get('FailureReason', 'no FailureReason')}). Nothing "
                "that it uses was deleted. Run again when it is gone"
            )
        time.sleep(_POLL_SECONDS)
