"""What the account says by itself: it hasn't an operation, it failed, a fault hit, a replay comes out otherwise.

Sources: the services' lists of common errors (the codes); the sentences about the emulation are its own, with codes
that AWS hasn't.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.account.errors import JournalError, Refusal
from rehearsal.account.faults import NOT_YET

if TYPE_CHECKING:
    from rehearsal.account.calls import Answer, Call
    from rehearsal.account.faults import Fault
    from rehearsal.account.journal import Journal


def not_emulated(call: Call) -> Refusal:
    """A call that the emulation hasn't."""
    return Refusal(
        "NotImplemented",
        f"the emulated account does not have the operation {call.service}:{call.action}. This is a gap of the "
        "rehearsal, not an answer of AWS's; docs/account.md lists what is emulated.",
        501,
    )


def unknown_operation(call: Call) -> Refusal:
    """A call of an operation that the service hasn't, in AWS either.

    Source: Smithy's AWS JSON protocols (UnknownOperationException); Common Errors of the others (InvalidAction).
    """
    code = "UnknownOperationException" if call.protocol == "json" else "InvalidAction"
    return Refusal(code, f"The service {call.service} has no operation {call.action}.")


def failure(call: Call | None, error: Exception, where: str) -> Refusal:
    """A failure of the emulation itself, at a call or before it was known which."""
    at = f"{call.service}:{call.action}" if call is not None else "a request"
    return Refusal(
        "EmulationFailure",
        f"the emulated account failed at {at} ({type(error).__name__}: {error}); {where}. This "
        "is a fault of the emulation, not of your program and not of AWS.",
        501,
    )


def by_fault(service: str, action: str, fault: Fault, account: str) -> Refusal:
    """What AWS says when a fault hits a call: Common Errors of the service (ThrottlingException, AccessDenied...)."""
    if fault.name in NOT_YET:
        return Refusal("ValidationException", NOT_YET[fault.name])
    if fault.name == "throttling":
        code = {"s3": "SlowDown", "ec2": "RequestLimitExceeded", "iam": "Throttling"}.get(
            service, "ThrottlingException"
        )
        return Refusal(code, "Rate exceeded", 503 if service == "s3" else 400)
    code = {"s3": "AccessDenied", "iam": "AccessDenied", "ec2": "UnauthorizedOperation"}.get(
        service, "AccessDeniedException"
    )
    return Refusal(
        code,
        f"User: arn:aws:iam::{account}:user/rehearsal is not authorized to perform: {service}:{action} "
        f"because no identity-based policy allows the {service}:{action} action",
        403 if service == "s3" else 400,
    )


def compare(entry: dict[str, Any], answer: Answer, digest: str, journal: Journal) -> None:
    """Raises JournalError when a call comes out otherwise than it did when it was journalled."""
    if entry["status"] == answer.status and entry["sum"] == digest:
        return
    raise JournalError(
        f"{journal.path} does not lead to the same account again: {entry['action']} (number {entry['number']}) was "
        f"answered {entry['status']} then and {answer.status} now, with other contents. Was it written by another "
        f"version of moto or of the rehearsal? Remove {journal.path.parent} to begin with an empty account."
    )
