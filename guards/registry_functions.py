"""The function that tells a private registry's credentials: it answers before a model names it, and stays as it is.

Source: "Use a Private Docker Registry for Real-Time Inference Containers" (SageMaker Developer Guide): CreateModel
calls the function, and so does whatever pulls the image again; it answers {"Credentials": {"Username", "Password"}}.
Asked: Lambda Invoke (at `up`, between the function's creation and the model's), GetFunctionConfiguration (in previews).
Nothing of an answer is kept or shown.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from guards import usage
from guards.deletions import describe, finding, give_unknown
from guards.errors import AccountUnknown
from guards.plan import physical
from guards.references import of_model
from guards.usage import node
from guards.values import Unknown, differs
from knowledge import arns

if TYPE_CHECKING:
    from guards.judge import Judge
    from guards.live import Account
    from guards.plan import Operation
    from guards.report import Report

ANSWERS = "credentials-provider-answers"
STAYS = "function-in-use-is-not-overwritten"
WAITS = (0.0, 2.0, 4.0, 8.0, 16.0)  # seconds; IAM takes a while to know a role that was just made
FORM = '{"Credentials": {"Username": "...", "Password": "..."}}'
_DENIED = ("AccessDenied", "not authorized")
_LONGEST = 300  # characters of what a function says
_WHAT_IT_DOES = ("code", "s3Bucket", "s3Key", "s3ObjectVersion", "imageUri", "handler", "runtime", "layers")
_WITH_WHAT = ("environment", "role", "vpcConfig", "kmsKeyArn")


def judge_providers(operation: Operation, judge: Judge, report: Report) -> None:
    """Refuse a new model whose credentials provider isn't there or doesn't tell the credentials."""
    for reference in of_model(operation.new_inputs):
        if reference.kind != usage.FUNCTION or not reference.value or isinstance(reference.value, Unknown):
            continue
        arn = str(reference.value)
        account = judge.account()
        try:
            wrong = _missing(arn, judge) if judge.dry_run else _wrong(arn, account)
        except AccountUnknown as error:
            if _foreign(arn, account) and "AccessDenied" in str(error):
                continue  # it may be closed to the deploying identity and open to the execution role
            raise
        if wrong:
            report.give(
                finding(
                    operation,
                    ANSWERS,
                    f"{describe(operation, 'model')}: {reference.field} names {arn}, but {wrong}. Amazon SageMaker "
                    "could not pull the image.",
                    severity="high",
                    fix=f"Let the function answer {FORM}.",
                )
            )


def _foreign(arn: str, account: Account) -> bool:
    parsed = arns.parse(arn)
    return parsed is not None and parsed.account != account.identity()[0]


def _missing(arn: str, judge: Judge) -> str:
    """In a preview: whether it is there, or will be. It isn't called."""
    account = judge.account()
    one = node(usage.FUNCTION, arn, account=account.identity()[0], region=account.region)
    if judge.plan.named(usage.FUNCTION, one.identity) is not None or account.look_up(usage.FUNCTION, one.identity):
        return ""
    return "" if arns.is_arn(one.identity) else "there is no such function"


def _wrong(arn: str, account: Account) -> str:
    """What is wrong with its answer; "" when it tells the credentials."""
    said = ""
    for wait in WAITS:
        time.sleep(wait)
        answer = account.ask("lambda", "invoke", FunctionName=arn, Payload=b"{}")
        if answer is None:
            return "there is no such function"
        payload = answer["Payload"].read()
        if not answer.get("FunctionError"):
            return "" if _told(payload) else f"its answer hasn't the form {FORM}"
        said = _failure(payload)
        if not any(word in said for word in _DENIED):
            break
    return f"it fails when it is called ({said})"


def _told(payload: bytes) -> bool:
    found = _json(payload)
    credentials = found.get("Credentials") if isinstance(found, dict) else None
    return isinstance(credentials, dict) and all(
        isinstance(credentials.get(name), str) and credentials[name] for name in ("Username", "Password")
    )


def _failure(payload: bytes) -> str:
    found = _json(payload)
    if not isinstance(found, dict):
        return "it didn't say why"
    text = ": ".join(str(found[name]) for name in ("errorType", "errorMessage") if found.get(name))
    return " ".join(text.split())[:_LONGEST].rstrip(".") or "it didn't say why"


def _json(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except ValueError:
        return None


def judge_function_update(operation: Operation, judge: Judge, report: Report) -> None:
    """Refuse that a function in use does something else in place: running models are pulled by it again."""
    changed = [
        name for name in (*_WHAT_IT_DOES, *_WITH_WHAT) if differs(operation.old_inputs, operation.new_inputs, name)
    ]
    if not changed:
        return
    verdict = judge.ask(physical(usage.FUNCTION, operation), end=False)
    label = describe(operation, usage.FUNCTION)
    if verdict.paths:
        path = verdict.paths[0]
        report.give(
            finding(
                operation,
                STAYS,
                f"{label} is to be changed in place ({', '.join(changed)}), but endpoint {path.endpoint} is pulled by "
                "what it tells. If it then told anything else, the endpoint could neither be patched nor healed.",
                severity="high",
                path=path.texts(),
                fix=f"Make a new function (replaceOnChanges: {', '.join(changed)}) and a model that names it; the old "
                "one goes after the endpoint has moved.",
            )
        )
    elif verdict.unknown:
        give_unknown(operation, usage.FUNCTION, report, verdict.unknown[0].reason, STAYS)
    elif verdict.undecided:
        report.give(
            finding(
                operation,
                STAYS,
                f"{label} is to be changed in place ({', '.join(changed)}); whether an endpoint uses it is decided by "
                f"the update: {verdict.undecided[0].reason}.",
                outcome="undecided",
                severity="low",
            )
        )
