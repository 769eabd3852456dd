"""Calls as one account hands them on to another, and refusals as the services write them.

Source: the error codes are those of the services' API references: AccessDenied (Amazon S3, AWS STS), else
AccessDeniedException.
"""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from rehearsal.account.errors import Refusal

if TYPE_CHECKING:
    from rehearsal.account.authorisation import Decision
    from rehearsal.account.calls import Answer, Call
    from rehearsal.account.needs import Need
    from rehearsal.account.resource_policies import Principal

_FORBIDDEN = 403


def packed(call: Call, caller: Principal | None) -> dict[str, Any]:
    """A call as it is handed on."""
    return {
        "environ": call.environ,
        "body": base64.b64encode(call.body).decode(),
        "caller": asdict(caller) if caller is not None else None,
    }


def answered(answer: Answer) -> dict[str, Any]:
    """An answer as it is told the account that handed the call on."""
    body = base64.b64encode(answer.body).decode()
    return {"status": answer.status, "headers": [list(each) for each in answer.headers], "body": body}


def denied(call: Call, caller: Principal, need: Need, decision: Decision) -> Refusal:
    """AWS's refusal of a call that isn't allowed, in the code of its service."""
    code = "AccessDenied" if call.service in ("s3", "sts") else "AccessDeniedException"
    words = (
        f"User: {caller.arn} is not authorized to perform: {need.action} on resource: {need.resources[0]} because "
        f"{decision.reason}"
    )
    return Refusal(code, words, _FORBIDDEN if call.service in ("s3", "sts") else 400)


def nested(call: Call, operation: str, parameters: dict[str, Any]) -> Call:
    """A call of SageMaker's JSON API, made by a service with the caller's credentials."""
    environ = {
        **call.environ,
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
        "CONTENT_TYPE": "application/x-amz-json-1.1",
        "HTTP_X_AMZ_TARGET": f"SageMaker.{operation}",
        "HTTP_AUTHORIZATION": call.environ.get("HTTP_AUTHORIZATION", "").replace(
            f"/{call.service}/aws4_request", "/sagemaker/aws4_request"
        ),
    }
    body = json.dumps(parameters).encode()
    return replace(call, service="sagemaker", action=operation, parameters=dict(parameters), environ=environ, body=body)


def account_in(arn: Any) -> str:
    """The account that an ARN names; "" for one of none, and for what is no ARN."""
    parts = str(arn or "").split(":")
    return parts[4] if parts[0] == "arn" and len(parts) > 5 else ""  # noqa: PLR2004 - an ARN has six parts
