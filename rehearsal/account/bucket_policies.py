"""PutBucketPolicy refuses what no bucket policy can be: no JSON, another bucket's resource, a principal that is none.

Source: PutBucketPolicy (API reference: MalformedPolicy) and the refusals that users report of it: "Policy has invalid
resource", "Invalid principal in policy", "Policies must be valid JSON and the first byte must be '{'".
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from rehearsal.account.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.account.calls import Call

_PRINCIPAL = re.compile(r"\*|\d{12}|arn:[\w-]+:(iam|sts)::\d{12}:.+|(AIDA|AROA)\w+")


def check(call: Call) -> None:
    """Raises Refusal (MalformedPolicy) for a bucket policy that S3 doesn't take; leaves other calls alone."""
    if (call.service, call.action) != ("s3", "PutBucketPolicy"):
        return
    try:
        document = json.loads(call.body)
    except ValueError as error:
        raise Refusal("MalformedPolicy", "Policies must be valid JSON and the first byte must be '{'") from error
    bucket = str(call.parameters.get("Bucket", ""))
    for statement in _list(document.get("Statement", []) if isinstance(document, dict) else []):
        if not isinstance(statement, dict):
            raise Refusal("MalformedPolicy", "Policy has an invalid statement")
        for resource in _list(statement.get("Resource", statement.get("NotResource", []))):
            if resource != "*" and not re.fullmatch(rf"arn:[\w-]+:s3:::{re.escape(bucket)}(/.*)?", str(resource)):
                raise Refusal("MalformedPolicy", "Policy has invalid resource")
        for principal in _principals(statement.get("Principal", statement.get("NotPrincipal", {}))):
            if not _PRINCIPAL.fullmatch(principal):
                raise Refusal("MalformedPolicy", "Invalid principal in policy")


def _principals(element: Any) -> Iterator[str]:
    if isinstance(element, dict):
        yield from map(str, _list(element.get("AWS", [])))
    elif element:
        yield str(element)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
