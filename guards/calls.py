"""Calls to one account through one boto3 session, and what of their answers is remembered for how long.

What could not be read (access denied, throttled to the end, timed out, another account) is an `AccountUnknown`, never
"there is none". Whoever asks for what is just being read waits for that answer instead of asking again.
API: STS GetCallerIdentity.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from guards import usage
from guards.errors import AccountUnknown
from knowledge import arns

if TYPE_CHECKING:
    from collections.abc import Callable

READERS = 8
"""How many calls are made side by side."""
_CONNECT_SECONDS = 5
_READ_SECONDS = 20
_ATTEMPTS = 6
_IMMUTABLE = frozenset({usage.CONFIGURATION, usage.MODEL})

_GONE = frozenset(
    {
        "404",
        "ImageNotFoundException",
        "LifecyclePolicyNotFoundException",
        "NoSuchBucket",
        "NoSuchBucketPolicy",
        "NoSuchEntity",
        "NoSuchKey",
        "NoSuchLifecycleConfiguration",
        "NotFound",
        "NotFoundException",
        "RepositoryNotFoundException",
        "RepositoryPolicyNotFoundException",
        "ResourceNotFound",
        "ResourceNotFoundException",
        "ServerSideEncryptionConfigurationNotFoundError",
    }
)
"""What AWS's services answer when a thing isn't there. EC2's codes (`InvalidSubnetID.NotFound`) have a form instead."""


def _gone(error: Exception) -> bool:
    """Whether AWS's answer means that the thing doesn't exist (SageMaker says so by a ValidationException)."""
    details = getattr(error, "response", {}).get("Error", {})
    code, text = details.get("Code", ""), details.get("Message", "").lower()
    if code in _GONE or (code.startswith("Invalid") and code.endswith(".NotFound")):
        return True
    absent = ("could not find", "does not exist", "cannot find resource policy")
    return code == "ValidationException" and any(words in text for words in absent)


class Calls:
    """One account and region, asked through one boto3 session.

    Arguments:
        session: a boto3 session; None takes boto3's default chain.
        region: where to look; None takes the session's region.

    """

    def __init__(self, session: Any = None, region: str | None = None) -> None:
        self._session = session
        self._wanted_region = region
        self._clients: dict[str, Any] = {}
        self._lock = threading.RLock()
        self._identity: tuple[str, str] | None = None
        self._kept: dict[tuple[str, ...], Any] = {}
        self._being_read: dict[tuple[int, tuple[str, ...]], Future[Any]] = {}
        self._epoch = 0

    @property
    def region(self) -> str:
        """The region that is read; raises AccountUnknown when none is set."""
        region = self._wanted_region or self._boto().region_name
        if not region:
            raise AccountUnknown(
                "The guards don't know which AWS Region to look in: set AWS_REGION to the Region of the stack."
            )
        return str(region)

    def _boto(self) -> Any:
        if self._session is None:
            import boto3

            self._session = boto3.session.Session()
        return self._session

    def client(self, service: str) -> Any:
        """A client of `service`, made once, with bounded waiting."""
        with self._lock:
            if service not in self._clients:
                from botocore.config import Config

                config = Config(
                    connect_timeout=_CONNECT_SECONDS,
                    read_timeout=_READ_SECONDS,
                    retries={"mode": "standard", "max_attempts": _ATTEMPTS},
                    max_pool_connections=READERS * 2,
                )
                self._clients[service] = self._boto().client(service, region_name=self.region, config=config)
            return self._clients[service]

    def ask(self, service: str, operation: str, **parameters: Any) -> Any:
        """One call; None when the thing doesn't exist; raises AccountUnknown when no answer can be had."""
        import botocore.exceptions

        try:
            return getattr(self.client(service), operation)(**parameters)
        except botocore.exceptions.ClientError as error:
            if _gone(error):
                return None
            raise AccountUnknown(self._sentence(service, operation, parameters, error)) from error
        except botocore.exceptions.BotoCoreError as error:
            raise AccountUnknown(self._sentence(service, operation, parameters, error)) from error

    def _sentence(self, service: str, operation: str, parameters: dict[str, Any], error: Exception) -> str:
        call = f"{service}:{''.join(part.capitalize() for part in operation.split('_'))}"
        about = f" ({', '.join(str(value) for value in parameters.values())})" if parameters else ""
        details = getattr(error, "response", {}).get("Error", {})
        code = details.get("Code", type(error).__name__)
        step = "Run again; if it stays, check the connection to AWS."
        if "AccessDenied" in code or code in {"403", "UnauthorizedOperation", "ExpiredToken", "InvalidClientTokenId"}:
            step = f"Give the deploying identity {call}, or sign in again."
        elif "Throttl" in code or code in {"TooManyRequestsException", "RequestLimitExceeded"}:
            step = "AWS throttled the call to the end of the retries; run again later."
        elif code in {"NoCredentialsError", "CredentialRetrievalError", "NoRegionError"}:
            step = "Give boto3 the same credentials and Region as the aws provider (AWS_PROFILE, AWS_REGION)."
        message = " ".join(str(details.get("Message") or error).split())
        return f"{call}{about} answered {code}: {message.rstrip('.')}. {step}"

    def pages(self, service: str, operation: str, result: str, **parameters: Any) -> list[Any]:
        """All pages of a listing, in one list under `result`."""
        import botocore.exceptions

        found: list[Any] = []
        try:
            for page in self.client(service).get_paginator(operation).paginate(**parameters):
                found += page.get(result, [])
        except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
            if _gone(error):
                return []
            raise AccountUnknown(self._sentence(service, operation, parameters, error)) from error
        return found

    def identity(self) -> tuple[str, str]:
        """Account id and partition of the session (GetCallerIdentity)."""
        with self._lock:
            if self._identity is None:
                answer = self.ask("sts", "get_caller_identity")
                arn = arns.parse(answer["Arn"])
                self._identity = (answer["Account"], arn.partition if arn else "aws")
            return self._identity

    def check(self, text: str) -> None:
        """Raise AccountUnknown when the ARN `text` belongs to another account, partition or region than is read."""
        arn = arns.parse(text)
        if arn is None:
            return
        account, partition = self.identity()
        if arn.partition != partition or (arn.account and arn.account != account):
            raise AccountUnknown(
                f"{text} is in account {arn.account} ({arn.partition}), but the guards' session is signed in to "
                f"account {account} ({partition}): who uses it can't be known. Give boto3 the same credentials as the "
                "aws provider (AWS_PROFILE, AWS_REGION or the variables of the role)."
            )
        if arn.region and arn.region != self.region:
            raise AccountUnknown(
                f"{text} is in Region {arn.region}, but the guards look in {self.region}: who uses it can't be "
                f"known. Set AWS_REGION={arn.region} for the run."
            )

    def check_bucket(self, bucket: str) -> None:
        """Raise AccountUnknown when the bucket is another account's (its ARN doesn't say); one that is gone passes."""
        self.ask("s3", "head_bucket", Bucket=bucket, ExpectedBucketOwner=self.identity()[0])

    def remembered(self, *key: str, read: Callable[[], Any]) -> Any:
        """What `read` answered the first time that it found something; what didn't exist is asked again.

        What never changes under its name (configurations, models: the first of `key`) is read once for all.
        """
        with self._lock:
            if key in self._kept:
                return self._kept[key]
            epoch = self._epoch
            others = self._being_read.get((epoch, key))
            mine: Future[Any] = Future()
            if others is None:
                self._being_read[epoch, key] = mine
        if others is not None:
            return others.result()
        try:
            value = read()
            with self._lock:
                if value is not None and (epoch == self._epoch or key[0] in _IMMUTABLE):
                    self._kept[key] = value
            mine.set_result(value)
        except BaseException as error:
            mine.set_exception(error)
            raise
        finally:
            with self._lock:
                del self._being_read[epoch, key]
        return value

    def forget(self) -> None:
        """Ask everything anew from now on, but what never changes under its name."""
        with self._lock:
            self._epoch += 1  # what is being read just now is older than what is wanted
            self._kept = {key: value for key, value in self._kept.items() if key[0] in _IMMUTABLE}

    def forget_one(self, kind: str, name: str) -> None:
        """A configuration or model of that name is being made or deleted in this run."""
        with self._lock:
            self._kept.pop((kind, name), None)
