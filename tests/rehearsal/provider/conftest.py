"""An account and a provider for the tests of this folder, one of each a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest
from provider_client import Engine
from provider_world import World

from rehearsal.account import Account, ensure
from rehearsal.provider.server import start

if TYPE_CHECKING:
    from collections.abc import Iterator

REGION = "eu-central-1"


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """An emulated account; its clock moves only when somebody waits."""
    running = ensure("111122223333", tmp_path_factory.mktemp("provider"), idle_minutes=5, speed=0)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def engine(account: Account) -> Iterator[Engine]:
    """A configured provider, served in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", account.url)
        patch.setenv("AWS_ACCESS_KEY_ID", "AKIAREHEARSAL0000000")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "rehearsal")
        server, port = start()
        made = Engine(port)
        made.configure(region=REGION)
        yield made
        made.channel.close()
        server.stop(grace=None).wait()


@pytest.fixture(scope="session")
def aws(account: Account) -> boto3.session.Session:
    """A session whose clients ask the account directly, as somebody beside Pulumi would."""

    class Session(boto3.session.Session):
        def client(self, service: str, **more: object) -> object:  # type: ignore[override]
            return super().client(service, endpoint_url=account.url, **more)

    return Session(aws_access_key_id="AKIAREHEARSAL0000000", aws_secret_access_key="rehearsal", region_name=REGION)


@pytest.fixture(scope="session")
def world(engine: Engine, aws: boto3.session.Session) -> World:
    """What other resources need."""
    return World(engine, aws)
