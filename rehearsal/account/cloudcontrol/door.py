"""Cloud Control's operations, and CloudFormation's DescribeType for the types it has.

Sources: the Cloud Control API reference (operations, ProgressEvent, HandlerErrorCode) and its user guide, "Managing
resource operation requests": an operation answers IN_PROGRESS with a request token; how it ended is asked by token.
Here it has ended when it is answered.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rehearsal.account import shapes
from rehearsal.account.cloudcontrol.kinds import KINDS, Kind
from rehearsal.account.cloudcontrol.patching import patched
from rehearsal.account.errors import Refusal
from rehearsal.account.inference.service import Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.account.calls import Call
    from rehearsal.account.inference.service import Inference

SERVICE = "cloudcontrolapi"
_PAGE = 20  # ListResources, MaxResults


@dataclass
class CloudControl:
    """The requests of one account, by token, and who carries them out.

    Args:
        inference: the emulated SageMaker.
        meet: called with service and action before a handler's call; raises Refusal where a fault hits it.
        elsewhere: another account's answer to a handler's call, which it makes as the caller; None: it is this one's.

    """

    inference: Inference
    meet: Callable[[str, str], None]
    elsewhere: Callable[[Call, str, dict[str, Any], float], dict[str, Any] | None]
    requests: dict[str, dict[str, Any]] = field(default_factory=dict)
    tokens: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)

    def handles(self, call: Call) -> bool:
        """Whether a call is answered here."""
        return call.service == SERVICE and call.action in _OPERATIONS

    def answer(self, call: Call, at: float) -> dict[str, Any]:
        """Does a call and returns its output; raises Refusal in AWS's words."""
        shapes.check("cloudcontrol", call.action, call.parameters)
        return _OPERATIONS[call.action](self, call, at)

    def describe_type(self, name: str) -> dict[str, Any] | None:
        """CloudFormation's DescribeType for a type that Cloud Control has here; None for any other."""
        kind = KINDS.get(name)
        return None if kind is None else {"TypeName": name, "Schema": json.dumps(kind.schema(), sort_keys=True)}

    def ask(self, call: Call, at: float) -> Callable[[str, dict[str, Any]], dict[str, Any]]:
        """What a handler calls SageMaker with, in the caller's region."""

        def asked(operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
            if call.mutates:  # a fault that a read meets wouldn't be in the journal
                self.meet("sagemaker", operation)
            told = self.elsewhere(call, operation, parameters, at)
            if told is not None:
                return told
            return self.inference.ask(operation, Request(call.region, parameters, at, None, call.caller))

        return asked


def _kind(parameters: dict[str, Any]) -> Kind:
    name = parameters["TypeName"]
    if name not in KINDS:
        raise Refusal(
            "NotImplemented",
            f"the emulated Cloud Control doesn't have the type {name}; it has {', '.join(sorted(KINDS))}. This is a "
            "gap of the rehearsal, not an answer of AWS's.",
            501,
        )
    return KINDS[name]


def _create(control: CloudControl, call: Call, at: float) -> dict[str, Any]:
    """Makes a resource of a type in its desired state; the request tells at once how it ended.

    Source: CreateResource (Cloud Control API reference).
    """
    kind, text = _kind(call.parameters), call.parameters["DesiredState"]

    def act() -> tuple[str, dict[str, Any] | None]:
        desired = _state(text)
        _check(kind, desired)
        ask = control.ask(call, at)
        identifier = kind.create(ask, desired)
        return identifier, kind.read(ask, identifier)

    return _request(control, call, at, "CREATE", act)


def _update(control: CloudControl, call: Call, at: float) -> dict[str, Any]:
    """Patches a resource; a create-only property is refused. Source: UpdateResource (Cloud Control API reference)."""
    kind, identifier = _kind(call.parameters), call.parameters["Identifier"]
    ask = control.ask(call, at)
    before = _read(kind, ask, identifier)
    desired = patched(before, call.parameters["PatchDocument"])
    fixed = [
        name
        for name in sorted(kind.create_only | kind.read_only)
        if desired.get(name) != before.get(name) and (name in desired or name in before)
    ]
    if fixed:
        names = ", ".join(f"/properties/{name}" for name in fixed)
        what = "createOnlyProperties" if kind.create_only & set(fixed) else "readOnlyProperties"
        code = "NotUpdatableException" if kind.create_only & set(fixed) else "InvalidRequestException"
        raise Refusal(code, f"Invalid patch update: {what} [{names}] cannot be updated")

    def act() -> tuple[str, dict[str, Any] | None]:
        _check(kind, {name: value for name, value in desired.items() if name not in kind.read_only})
        kind.update(ask, identifier, before, desired)
        return identifier, kind.read(ask, identifier)

    return _request(control, call, at, "UPDATE", act)


def _delete(control: CloudControl, call: Call, at: float) -> dict[str, Any]:
    """Deletes a resource by its identifier. Source: DeleteResource (Cloud Control API reference)."""
    kind, identifier = _kind(call.parameters), call.parameters["Identifier"]

    def act() -> tuple[str, dict[str, Any] | None]:
        kind.delete(control.ask(call, at), identifier)
        return identifier, None

    return _request(control, call, at, "DELETE", act)


def _get(control: CloudControl, call: Call, at: float) -> dict[str, Any]:
    """A resource's properties by its identifier. Source: GetResource (Cloud Control API reference)."""
    kind, identifier = _kind(call.parameters), call.parameters["Identifier"]
    properties = _read(kind, control.ask(call, at), identifier)
    return {"TypeName": kind.name, "ResourceDescription": _description(identifier, properties)}


def _read(kind: Kind, ask: Any, identifier: str) -> dict[str, Any]:
    try:
        return kind.read(ask, identifier)
    except Refusal as refusal:
        if _error_code(refusal) == "NotFound":
            words = f"Resource of type '{kind.name}' with identifier '{identifier}' was not found."
            raise Refusal("ResourceNotFoundException", words) from refusal
        raise


def _list(control: CloudControl, call: Call, at: float) -> dict[str, Any]:
    """The resources of a type, page by page. Source: ListResources (Cloud Control API reference)."""
    kind = _kind(call.parameters)
    ask = control.ask(call, at)
    names = kind.list_all(ask, _state(call.parameters.get("ResourceModel") or "{}"))
    token = call.parameters.get("NextToken") or "0"
    if not token.isdigit():
        raise Refusal("InvalidRequestException", "The pagination token is invalid.")
    start, size = int(token), call.parameters.get("MaxResults", _PAGE)
    output: dict[str, Any] = {
        "TypeName": kind.name,
        "ResourceDescriptions": [_description(name, {kind.identifier: name}) for name in names[start : start + size]],
    }
    return output | ({"NextToken": str(start + size)} if start + size < len(names) else {})


def _description(identifier: str, properties: dict[str, Any]) -> dict[str, Any]:
    return {"Identifier": identifier, "Properties": json.dumps(properties, sort_keys=True)}


def _status(control: CloudControl, call: Call, _: float) -> dict[str, Any]:
    """How a request ended. Source: GetResourceRequestStatus (Cloud Control API reference)."""
    return {"ProgressEvent": _known(control, call)}


def _cancel(control: CloudControl, call: Call, _: float) -> dict[str, Any]:
    """What has ended can't be cancelled (CancelResourceRequest: only PENDING and IN_PROGRESS).

    Source: CancelResourceRequest (Cloud Control API reference).
    """
    event = _known(control, call)
    raise Refusal(
        "ConcurrentModificationException", f"The request {event['RequestToken']} is {event['OperationStatus']} already."
    )


def _known(control: CloudControl, call: Call) -> dict[str, Any]:
    token = call.parameters["RequestToken"]
    if token not in control.requests:
        raise Refusal("RequestTokenNotFoundException", f"Request with token {token} was not found.")
    return control.requests[token]


def _request(
    control: CloudControl, call: Call, at: float, operation: str, act: Callable[[], tuple[str, dict[str, Any] | None]]
) -> dict[str, Any]:
    """Carries a request out, remembers how it ended, and answers that it is in progress."""
    from moto.moto_api._internal import mock_random

    given = call.parameters.get("ClientToken")
    if given in control.tokens:
        token, before = control.tokens[given]
        if before != call.parameters:
            raise Refusal("ClientTokenConflictException", f"ClientToken {given} was used for another request.")
        return {"ProgressEvent": control.requests[token]}
    event = {
        "TypeName": call.parameters["TypeName"],
        "RequestToken": str(mock_random.uuid4()),
        "Operation": operation,
        "OperationStatus": "IN_PROGRESS",
        "EventTime": at,
    }
    if call.parameters.get("Identifier"):
        event["Identifier"] = call.parameters["Identifier"]
    try:
        identifier, properties = act()
    except Refusal as refusal:
        if refusal.status >= 500:  # noqa: PLR2004 - a gap of the emulation is no answer of a handler's
            raise
        ended = {**event, "OperationStatus": "FAILED", "ErrorCode": _error_code(refusal)}
        ended["StatusMessage"] = f"{refusal.message} (Service: SageMaker, Status Code: {refusal.status})"
    else:
        ended = {**event, "OperationStatus": "SUCCESS", "Identifier": identifier}
        ended |= {"ResourceModel": json.dumps(properties, sort_keys=True)} if properties is not None else {}
    control.requests[event["RequestToken"]] = ended
    if given:
        control.tokens[given] = event["RequestToken"], dict(call.parameters)
    return {"ProgressEvent": event}


def _error_code(refusal: Refusal) -> str:
    """HandlerErrorCode of a service's refusal, as the handlers' ExceptionMapper tells them apart."""
    words = refusal.message
    if "does not exist" in words or "Cannot find Model Package" in words:
        return "NotFound"
    if "already exists" in words:
        return "AlreadyExists"
    codes = {
        "AccessDeniedException": "AccessDenied",
        "ThrottlingException": "Throttling",
        "ConflictException": "ResourceConflict",
        "ResourceLimitExceeded": "ServiceLimitExceeded",
        "InvalidRequestException": "InvalidRequest",
        "SerializationException": "InvalidRequest",
    }
    invalid = "InvalidRequest" if "validation error" in words else "GeneralServiceException"
    return codes.get(refusal.code, invalid)


def _state(text: str) -> dict[str, Any]:
    try:
        state = json.loads(text)
    except ValueError as error:
        raise Refusal("InvalidRequestException", f"Invalid request provided: it is not JSON ({error})") from error
    if not isinstance(state, dict):
        raise Refusal("InvalidRequestException", "Invalid request provided: it is not a JSON object")
    return state


def _check(kind: Kind, desired: dict[str, Any]) -> None:
    unknown = sorted(set(desired) - kind.properties)
    if unknown:
        raise Refusal(
            "InvalidRequestException", f"Model validation failed (#: extraneous key [{unknown[0]}] is not permitted)"
        )
    given = sorted(set(desired) & kind.read_only)
    if given:
        raise Refusal(
            "InvalidRequestException",
            f"Encountered unsupported properties {given}: they are read-only and can't be set",
        )


_OPERATIONS: dict[str, Callable[[CloudControl, Call, float], dict[str, Any]]] = {
    "CreateResource": _create,
    "UpdateResource": _update,
    "DeleteResource": _delete,
    "GetResource": _get,
    "ListResources": _list,
    "GetResourceRequestStatus": _status,
    "CancelResourceRequest": _cancel,
}
