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
    told = _told(job, request, asked_by=asked_by, stack=stack, cost=cost)
    _put(s3, bucket, told | {"result": result.to_dict() if result else None})


def finish(s3: Any, bucket: str, result: Result, request: Request | None, stack: str) -> str:
    """
    Enter the result of a job that somebody began and left; what is to be told of that, "" where nothing is.

    A record that is damaged, or isn't there, is written anew where the request is at hand: job and tags hold the rest.

    Raises:
        PipelineError: Amazon S3 refused or didn't answer, or the record is damaged and can't be written anew.

    """
    there, damage = _read(s3, bucket, result.job)
    ended = result.to_dict()
    if not damage and there and (there.get("result") or {}).get("status") == ended["status"]:
        return ""
    if there and not damage:
        _put(s3, bucket, there | {"result": ended})
        return ""
    if request is None:
        if not damage:
            return ""  # another stack's, or begun without Holdfast
        raise PipelineError(
            f"The record {key(result.job)} in bucket {bucket} is damaged ({damage}); nothing else is lost. The same "
            "request writes it anew."
        )
    told = _told(result.job, request, asked_by=result.asked_by, stack=stack, cost=None)
    _put(s3, bucket, told | {"result": ended})
    return (
        f"The record {key(result.job)} was {damage or 'missing'}, and is written anew; its cost isn't known any more."
    )


def _told(job: str, request: Request, *, asked_by: str, stack: str, cost: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "job": job,
        "stack": stack,
        "asked_by": asked_by,
        "request": request.to_dict(),
        "digest": request.digest,
        "cost": cost,
    }


def _read(s3: Any, bucket: str, job: str) -> tuple[dict[str, Any] | None, str]:
    """The record, None where there is none; what is wrong with it."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        body = s3.get_object(Bucket=bucket, Key=key(job))["Body"].read()
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in ("NoSuchKey", "404"):
            return None, ""
        raise PipelineError(f"The record of job {job} in bucket {bucket} can't be read: {error}") from None
    except BotoCoreError as error:
        raise PipelineError(f"The record of job {job} in bucket {bucket} can't be read: {error}") from None
    try:
        told = json.loads(body)
    except ValueError:
        return None, "no JSON"
    if not isinstance(told, dict) or told.get("job") != job or not isinstance(told.get("result") or {}, dict):
        return None, "not the record of that job"
    return told, ""


def _put(s3: Any, bucket: str, told: dict[str, Any]) -> None:
    from botocore.exceptions import BotoCoreError, ClientError

    job, result = told["job"], told["result"]
    body = json.dumps(told, indent=2, ensure_ascii=False).encode()
    try:
        s3.put_object(Bucket=bucket, Key=key(job), Body=body, ContentType="application/json")
    except (ClientError, BotoCoreError) as error:
        state = "Nothing was begun." if result is None else "The result is in the job itself: run the command again."
        message = f"Amazon S3 was asked to keep the record of job {job} in bucket {bucket} and didn't: {error} {state}"
        raise PipelineError(message, exit_codes.FAILED) from None
