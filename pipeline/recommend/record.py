"""
The record of a job: what was asked, by whom, what was known of its price then, and what came of it.

It lies beside the payload (`records/<job>.json` in the jobs' bucket), so that it outlives the machine that asked; the
job itself, with its request and who asked in its tags, is kept by AWS.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from findings import exit_codes
from pipeline.errors import PipelineError

if TYPE_CHECKING:
    from pipeline.recommend.request import Request
    from pipeline.recommend.results import Result

SCHEMA_VERSION: Final = 1


def key(job: str) -> str:
    """Where the record of a job lies in its bucket."""
    return f"records/{job}.json"


def write(  # noqa: PLR0913 - what is recorded
    s3: Any,
    bucket: str,
    job: str,
    request: Request,
    *,
    asked_by: str,
    stack: str,
    cost: dict[str, Any],
    result: Result | None = None,
) -> None:
    """
    Write what is known by now; before a job begins, and again when it is over.

    Raises:
        PipelineError: Amazon S3 refused or didn't answer.

    """
    from botocore.exceptions import BotoCoreError, ClientError

    told = {
        "schema_version": SCHEMA_VERSION,
        "job": job,
        "stack": stack,
        "asked_by": asked_by,
        "request": request.to_dict(),
        "digest": request.digest,
        "cost": cost,
        "result": result.to_dict() if result else None,
    }
    body = json.dumps(told, indent=2, ensure_ascii=False).encode()
    try:
        s3.put_object(Bucket=bucket, Key=key(job), Body=body, ContentType="application/json")
    except (ClientError, BotoCoreError) as error:
        state = "Nothing was begun." if result is None else "The result is in the job itself: run the command again."
        message = f"Amazon S3 was asked to keep the record of job {job} in bucket {bucket} and didn't: {error} {state}"
        raise PipelineError(message, exit_codes.FAILED) from None
