"""The provider's way to the emulated account: boto3 clients against AWS_ENDPOINT_URL, and the account's clock.

Nothing but loopback is ever asked; credentials of profiles, SSO or instances are never looked for.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import os
import threading
from functools import cache, cached_property
from typing import Any
from urllib.parse import urlsplit

from rehearsal.provider.refusals import Misconfigured, translated

POLL = 0.02
"""Real seconds between two looks at something that takes time."""
STEP, LATER_STEP, SHORT_STEPS = 15, 60, 40
"""Seconds by which the account's clock is advanced between two looks: the first 40 times 15, then 60."""


def loopback(url: str | None) -> str:
    """The endpoint's URL, refused unless it is on this machine.

    Raises:
        Misconfigured: it is unset, or no loopback address.

    """
    if not url:
        raise Misconfigured(
            "AWS_ENDPOINT_URL isn't set. This provider speaks to emulated accounts only; start it through a rehearsal, "
            "or set AWS_ENDPOINT_URL to the address of a running emulated account (http://127.0.0.1:<port>).",
        )
    host = urlsplit(url).hostname or ""
    try:
        local = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = False
    if not local:
        raise Misconfigured(
            f"AWS_ENDPOINT_URL is {url}, which isn't on this machine. The rehearsal's provider refuses every "
            "endpoint that isn't loopback, so that a rehearsal can't touch a real account.",
        )
    return url


@cache
def descriptions() -> Any:
    """Botocore's loader of AWS's descriptions of its services, one for all sessions: each description is read once."""
    from botocore.loaders import create_loader

    return create_loader()


class Account:
    """One account and region.

    Args:
        region: AWS region, e.g. eu-central-1.
        url: the account's endpoint; default AWS_ENDPOINT_URL.
        cancelled: set by the engine's Cancel; ends every wait.

    """

    def __init__(self, region: str, url: str | None = None, cancelled: threading.Event | None = None) -> None:
        self.region = region
        self.url = loopback(url or os.environ.get("AWS_ENDPOINT_URL"))
        self.cancelled = cancelled or threading.Event()
        self._clients: dict[str, Any] = {}
        self._elsewhere: dict[str, Account] = {}
        self._lock = threading.Lock()
        self._has_clock = True

    @cached_property
    def _session(self) -> Any:
        import boto3
        import botocore.session

        session = botocore.session.Session()
        session.register_component("data_loader", descriptions())
        return boto3.session.Session(
            botocore_session=session,
            aws_access_key_id=os.environ.get("AWS_ACCESS_KEY_ID", "rehearsal"),
            aws_secret_access_key=os.environ.get("AWS_SECRET_ACCESS_KEY", "rehearsal"),
            aws_session_token=os.environ.get("AWS_SESSION_TOKEN"),
        )

    def in_region(self, region: str | None) -> Account:
        """The same account in another region."""
        if not region or region == self.region:
            return self
        with self._lock:
            if region not in self._elsewhere:
                self._elsewhere[region] = Account(region, self.url, self.cancelled)
            return self._elsewhere[region]

    def client(self, service: str) -> Any:
        """The boto3 client of a service, made on first use."""
        from botocore.config import Config

        with self._lock:
            if service not in self._clients:
                config = Config(
                    retries={"total_max_attempts": 2, "mode": "standard"},
                    connect_timeout=5,
                    read_timeout=60,
                    max_pool_connections=32,
                    s3={"addressing_style": "path"},
                    user_agent="rehearsal",  # botocore's own takes a twentieth of every call to put together
                    request_checksum_calculation="when_required",
                    response_checksum_validation="when_required",
                )
                self._clients[service] = self._session.client(
                    service, region_name=self.region, endpoint_url=self.url, config=config
                )
            return self._clients[service]

    def operation(self, service: str, operation: str) -> Any:
        """Botocore's description of an operation."""
        return self.client(service).meta.service_model.operation_model(operation)

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """Ask the account; parameters that are None are left out.

        Args:
            service: boto3's name of the service.
            operation: the operation as AWS writes it, e.g. CreateModel.
            parameters: the operation's own.

        Raises:
            AccountRefusal: the account said no.
            AccountUnreachable: there was no answer.

        """
        from botocore import xform_name
        from botocore.exceptions import BotoCoreError, ClientError

        client = self.client(service)
        given = {name: value for name, value in parameters.items() if value is not None}
        try:
            answer = getattr(client, xform_name(operation))(**given)
        except (BotoCoreError, ClientError) as error:
            raise translated(operation, error) from error
        return dict(answer)

    def pages(self, service: str, operation: str, key: str, **parameters: Any) -> list[Any]:
        """All items of a list that comes in pages."""
        from botocore import xform_name
        from botocore.exceptions import BotoCoreError, ClientError

        paginator = self.client(service).get_paginator(xform_name(operation))
        try:
            return [item for page in paginator.paginate(**parameters) for item in page.get(key) or []]
        except (BotoCoreError, ClientError) as error:
            raise translated(operation, error) from error

    @cached_property
    def id(self) -> str:
        """The account's twelve digits."""
        return str(self.call("sts", "GetCallerIdentity")["Account"])

    @property
    def partition(self) -> str:
        """The region's partition, as in ARNs."""
        return (
            "aws-cn" if self.region.startswith("cn-") else "aws-us-gov" if self.region.startswith("us-gov-") else "aws"
        )

    @property
    def domain(self) -> str:
        """The partition's DNS suffix."""
        return "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"

    def pass_time(self, seconds: float) -> None:
        """Wait a moment; where the account has a clock of its own, let so many seconds pass there."""
        if self._has_clock:
            parts = urlsplit(self.url)
            connection = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port or 80, timeout=10)
            try:
                body = json.dumps({"advance": seconds})
                connection.request("POST", "/_rehearsal/clock", body, {"Content-Type": "application/json"})
                self._has_clock = connection.getresponse().status == http.HTTPStatus.OK
            except (OSError, http.client.HTTPException):
                # Whoever waits asks the account next, and that call tells of the account's end in full words.
                self._has_clock = False
            finally:
                connection.close()
        self.cancelled.wait(POLL)
