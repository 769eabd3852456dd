"""
Lambda functions that run: the zip's handler in a process of its own, as the role that the function has.

moto keeps functions and would run them in Docker. Here Python functions run by this machine's Python, with this
machine's boto3, outside any container, and with the account as their AWS. An invocation changes nothing by itself and
isn't journalled; the calls that the handler makes are.

Sources: Invoke (Lambda API reference: status, X-Amz-Function-Error, InvocationType), "Lambda function errors",
"Secret encryption and decryption in AWS Secrets Manager" (what reading a secret asks of a role).
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import threading
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rehearsal.account import authorisation
from rehearsal.account.calls import Answer
from rehearsal.account.errors import Refusal
from rehearsal.account.holdings import Holdings, partition

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.account.calls import Call

INIT_SECONDS = 30.0
_KEY_PREFIX = "ASIAFUNCTION"
_ACCESS_KEY = re.compile(r"Credential=(?P<key>[^/]+)/")
_FUNCTION_PATH = re.compile(r"^/2015-03-31/functions/(?P<name>.+)/invocations/?$")
_RUNNER = Path(__file__).with_name("function_runner.py")
_NOT_FOUND = 404


@dataclass(frozen=True)
class Ready:
    """One invocation that can be made: what of the function is needed outside the account's lock."""

    name: str
    arn: str
    region: str
    role: str
    handler: str
    variables: dict[str, str]
    timeout: float
    code: bytes
    memory: int


@dataclass(frozen=True)
class Outcome:
    """What came of an invocation: the handler's value, or what failed."""

    value: Any = None
    failure: dict[str, Any] | None = None


class Functions:
    """
    The functions of an account.

    Args:
        account: account id.
        directory: where code is unpacked; emptied at the start.
        fails: whether a fault hits the function that is about to run.

    """

    def __init__(self, account: str, directory: Path, fails: Callable[[], bool] = lambda: False) -> None:
        self._account = account
        self._fails = fails
        self._directory = directory
        self._roles: dict[str, str] = {}
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        shutil.rmtree(directory, ignore_errors=True)

    # --- being called -------------------------------------------------------------------------------------------

    @staticmethod
    def handles(call: Call) -> bool:
        """Whether a call is an invocation."""
        return call.service == "lambda" and _FUNCTION_PATH.match(call.environ.get("PATH_INFO", "")) is not None

    def ready(self, call: Call) -> Ready:
        """What is to be invoked. Raises Refusal: there is no such function, or it can't run here."""
        kind = call.environ.get("HTTP_X_AMZ_INVOCATION_TYPE", "RequestResponse")
        if kind != "RequestResponse":
            raise Refusal("NotImplemented", f"the emulated account invokes no function by {kind}", 501)
        found = _FUNCTION_PATH.match(call.environ["PATH_INFO"])
        return self.found(found["name"].replace("%3A", ":").replace("%3a", ":") if found else "", call.region)

    def found(self, named: str, region: str) -> Ready:
        """A function by name or ARN. Raises Refusal as `ready`."""
        held = Holdings(self._account).function(named, region)
        if held is None:
            arn = named if named.startswith("arn:") else f"{self._prefix(region)}{named}"
            raise Refusal("ResourceNotFoundException", f"Function not found: {arn}", _NOT_FOUND)
        if held.package_type != "Zip" or not str(held.run_time).startswith("python") or not held.handler:
            raise Refusal(
                "NotImplemented",
                f"the emulated account runs Python functions from zip archives alone, not {held.function_name} "
                f"({held.package_type}, {held.run_time})",
                501,
            )
        return Ready(
            held.function_name,
            held.function_arn,
            region,
            held.role,
            held.handler,
            dict(held.environment_vars),
            float(held.timeout),
            held.code_bytes,
            int(held.memory_size),
        )

    def _prefix(self, region: str) -> str:
        return f"arn:{partition(region)}:lambda:{region}:{self._account}:function:"

    def answer(self, ready: Ready, event: bytes, host: str) -> Answer:
        """Invoke's answer; `host` is where the account answers."""
        outcome = self.run(ready, event, host)
        headers = [("Content-Type", "application/json"), ("X-Amz-Executed-Version", "$LATEST")]
        if outcome.failure is not None:
            return Answer(200, json.dumps(outcome.failure).encode(), [*headers, ("X-Amz-Function-Error", "Unhandled")])
        return Answer(200, json.dumps(outcome.value).encode(), headers)

    # --- running ------------------------------------------------------------------------------------------------

    def run(self, ready: Ready, event: bytes, host: str) -> Outcome:
        """Runs a function's handler once, in a process that is gone afterwards."""
        if self._fails():
            words = "RequestId: rehearsal Error: Runtime exited with error: exit status 1"
            return Outcome(failure={"errorMessage": words, "errorType": "Runtime.ExitError"})
        key = _KEY_PREFIX + secrets.token_hex(4).upper()
        self._roles[key] = ready.role
        process = subprocess.Popen(
            [sys.executable, "-I", "-B", str(_RUNNER), str(self._unpacked(ready.code)), ready.handler],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={
                "PATH": os.environ.get("PATH", ""),
                **ready.variables,
                "AWS_LAMBDA_FUNCTION_NAME": ready.name,
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(ready.memory),
                "AWS_REGION": ready.region,
                "AWS_DEFAULT_REGION": ready.region,
                "AWS_ACCESS_KEY_ID": key,
                "AWS_SECRET_ACCESS_KEY": "of-a-rehearsal",
                "AWS_ENDPOINT_URL": f"http://{host}",
                "AWS_EC2_METADATA_DISABLED": "true",
            },
        )
        self._running.add(process)
        try:
            return self._heard(process, ready, event)
        finally:
            self._roles.pop(key, None)
            _end(process)
            self._running.discard(process)

    @staticmethod
    def _heard(process: subprocess.Popen[bytes], ready: Ready, event: bytes) -> Outcome:
        if process.stdin is None or process.stdout is None:
            raise OSError("a process without pipes")
        timer = threading.Timer(INIT_SECONDS, process.kill)
        timer.start()
        try:
            process.stdin.write(event or b"{}")
            process.stdin.close()
        except BrokenPipeError:
            pass  # it ended before it read; what it wrote says why
        line = process.stdout.readline()
        timer.cancel()
        if line == b"ready\n":
            timer = threading.Timer(ready.timeout, process.kill)  # the initialisation isn't counted (cold starts)
            timer.start()
            line = process.stdout.readline()
            timer.cancel()
            if not line:
                said = f"Task timed out after {ready.timeout:.2f} seconds"
                return Outcome(failure={"errorType": "Sandbox.Timedout", "errorMessage": said})
        if not line:
            said = "Runtime exited with error"
            return Outcome(failure={"errorType": "Runtime.ExitError", "errorMessage": said})
        told = json.loads(line)
        return Outcome(failure=told["failed"]) if "failed" in told else Outcome(told.get("done"))

    def _unpacked(self, code: bytes) -> Path:
        folder = self._directory / hashlib.sha256(code).hexdigest()[:16]
        with self._lock:
            if not folder.exists():
                folder.mkdir(parents=True)
                try:
                    with zipfile.ZipFile(io.BytesIO(code)) as archive:
                        archive.extractall(folder)
                except (zipfile.BadZipFile, OSError) as error:
                    shutil.rmtree(folder, ignore_errors=True)
                    raise Refusal("InvalidZipFileException", f"Could not unzip uploaded file: {error}", 502) from error
        return folder

    def close(self) -> None:
        """Ends what runs and removes what was unpacked."""
        for process in list(self._running):
            _end(process)
        shutil.rmtree(self._directory, ignore_errors=True)

    # --- as the role --------------------------------------------------------------------------------------------

    def authorise(self, call: Call) -> None:
        """Raises Refusal when a function's role may not make the call it makes (reading secrets is judged)."""
        found = _ACCESS_KEY.search(call.environ.get("HTTP_AUTHORIZATION", ""))
        role_arn = self._roles.get(found["key"] if found else "")
        if role_arn is None or (call.service, call.action) != ("secretsmanager", "GetSecretValue"):
            return
        why = unreadable(Holdings(self._account), role_arn, str(call.parameters.get("SecretId", "")), call.region)
        if why is not None:
            raise Refusal("AccessDeniedException", why)


def unreadable(holdings: Holdings, role_arn: str, secret_id: str, region: str) -> str | None:
    """Why a role can't read a secret that is there; None when it can, or when there is no such secret to be read."""
    secret = holdings.secret(secret_id, region)
    role = holdings.role(role_arn)
    if secret is None:
        return None
    if role is None:
        return f"{role_arn} is gone"
    decision = authorisation.authorise(role, "secretsmanager:GetSecretValue", secret.arn)
    if not decision.allowed:
        return decision.reason
    if not secret.kms_key_id or "alias/aws/" in secret.kms_key_id:
        return None
    key = holdings.key(secret.kms_key_id, region)
    if key is None or key.key_state != "Enabled":
        return f"Access to KMS is not allowed: key {secret.kms_key_id} is {'gone' if key is None else key.key_state}"
    policy = getattr(key, "policy", None)
    decision = (
        authorisation.key_policy_allows(policy, holdings.account, role_arn, "kms:Decrypt")
        if policy is not None
        else authorisation.Decision(True, "iam")
    )
    if decision.reason == "iam":
        context = {
            "kms:ViaService": f"secretsmanager.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}",
            "kms:EncryptionContext:SecretARN": secret.arn,
        }
        decision = authorisation.authorise(role, "kms:Decrypt", key.arn, context)
    return None if decision.allowed else f"Access to KMS is not allowed: {decision.reason}"


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
