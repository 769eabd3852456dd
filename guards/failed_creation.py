"""An endpoint whose creation failed: the account keeps it, the state doesn't, and its name is taken.

Sources: DescribeEndpoint, EndpointStatus: DeleteEndpoint is the only operation that a `Failed` endpoint allows.
pulumi-aws takes an endpoint into the state once it is in service, so one that never is belongs to no stack.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from guards.deletions import describe, finding
from guards.errors import AccountUnknown
from guards.verified_update import settled

if TYPE_CHECKING:
    from guards.live import Account
    from guards.plan import Operation
    from guards.report import Report

GUARD = "failed-creation-leaves-no-endpoint"
_POLL_SECONDS = 2.0
_MOST_SECONDS = 300.0


def clear_away(operation: Operation, errors: list[str], account: Account, report: Report) -> None:
    """Delete the endpoint that this creation left behind `Failed`, and tell so.

    It is known as this creation's by its configuration, whose name no other endpoint was ever given. One that isn't
    Failed (the answer to CreateEndpoint was lost) is only told of: it serves, or will.
    """
    name, wanted = operation.new_inputs.get("name"), operation.new_inputs.get("endpointConfigName")
    if not isinstance(name, str) or not isinstance(wanted, str):
        return
    described = settled(account, name)
    if described is None or described["EndpointConfigName"] != wanted:
        return
    if described.get("EndpointStatus") != "Failed":
        _tell_of(operation, name, str(described.get("EndpointStatus")), report)
        return
    reason = described.get("FailureReason") or (errors[0] if errors else "SageMaker gives no FailureReason")
    left = (
        f"{describe(operation, 'endpoint')} could not be created. FailureReason: "
        f"{' '.join(reason.split()).rstrip('.')}. SageMaker keeps {name} as Failed; it never served, no stack has it."
    )
    try:
        account.ask("sagemaker", "delete_endpoint", EndpointName=name)
        gone = _is_gone(account, name)
        done = "It was deleted" if gone else "Its deletion is under way"
        left += (
            f" {done}, so that its name is free; what it logged stays in CloudWatch (/aws/sagemaker/Endpoints/{name})."
        )
        fix = "Mend the cause and run up again."
    except AccountUnknown as error:
        left += f" It could not be deleted: {error}"
        fix = f"Delete it (aws sagemaker delete-endpoint --endpoint-name {name}), mend the cause, and run up again."
    report.tell(finding(operation, GUARD, left, severity="high", fix=fix))


def _tell_of(operation: Operation, name: str, status: str, report: Report) -> None:
    message = (
        f"{describe(operation, 'endpoint')} was created all the same: {name} is {status} on the configuration asked "
        "for. SageMaker's answer was lost, most likely, and the stack's state doesn't have it, so that the next run "
        "would find its name taken."
    )
    fix = (
        f"Delete it (aws sagemaker delete-endpoint --endpoint-name {name}) and run up again, or take it into the state "
        f"(pulumi import {operation.type} {operation.name} {name}, with --parent where it has one)."
    )
    report.tell(finding(operation, GUARD, message, severity="high", fix=fix))


def _is_gone(account: Account, name: str) -> bool:
    deadline = time.monotonic() + _MOST_SECONDS
    while time.monotonic() < deadline:
        if account.endpoint(name) is None:
            return True
        time.sleep(_POLL_SECONDS)
    return False
