"""The endpoint itself: its name must be free; it may be deleted on purpose, never as a part of its replacement.

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
FREE = "endpoint-name-is-free"
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


def judge_endpoint_name(operation: Operation, judge: Judge, report: Report) -> None:
    """Refuse, in the preview, an endpoint whose name is taken; at `up` CreateEndpoint says so itself.

    Source: CreateEndpoint, EndpointName: unique within an account and Region, whatever the case of its letters.
    """
    name = operation.new_inputs.get("name")
    if not judge.dry_run or not isinstance(name, str) or not name:
        return
    account = judge.account()
    there = account.remembered("endpoint statuses", read=lambda: _statuses(account)).get(name.lower())
    if there is None:
        return
    whose = "It belongs to another stack or to nobody's, or this stack has it under another logical name or parent."
    fix = "Choose another name; where it is this stack's own, give the old logical name or parent as an alias."
    if there == "Failed":
        whose = "It is Failed: most likely an earlier creation left it behind."
        fix = f"Delete it (aws sagemaker delete-endpoint --endpoint-name {name}), or choose another name."
    message = (
        f"{describe(operation, 'endpoint')} is to be made as {name}, but there is an endpoint of that name. {whose}"
    )
    report.give(finding(operation, FREE, message, severity="high", fix=fix))


def _statuses(account: Account) -> dict[str, str]:
    listed = account.pages("sagemaker", "list_endpoints", "Endpoints")
    return {one["EndpointName"].lower(): one["EndpointStatus"] for one in listed}


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
