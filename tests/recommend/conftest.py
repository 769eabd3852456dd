"""Fixtures: one account for a module with all that a job needs, and the command turned to it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from account_world import ACCOUNT, REGION, World
from recommend_world import Recommending
from recommendation_world import Ground, put_job_ground

from rehearsal.account import ensure

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """All that a job needs, in an account whose clock stands still."""
    account = ensure(ACCOUNT, tmp_path_factory.mktemp("home"), idle_minutes=5, speed=0)
    yield put_job_ground(World(account), "tried")
    account.stop()


@pytest.fixture
def recommending(
    ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Recommending:
    """A project whose stack leads to the account; waiting for a job moves the account's clock on."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    # The command sets these in its own process, which is this one.
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "")
    for name in ("AWS_EC2_METADATA_DISABLED", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    account = ground.world.account
    # Making a client costs more than all that it is asked here; the account's own are of the same kind.
    monkeypatch.setattr("guards.live.Account.client", lambda _, service: ground.world.client(service))
    monkeypatch.setattr("guards.live.Account.region", REGION)
    monkeypatch.setenv("AWS_ENDPOINT_URL", account.url)
    monkeypatch.setattr("pipeline.recommend.following.sleep", lambda _: account.advance(400))
    (tmp_path / "Pulumi.yaml").write_text("name: holdfast\nruntime: python\n")
    (tmp_path / "sample.csv").write_text("5.1,3.5,1.4,0.2\n")
    made = Recommending(ground, tmp_path, request.node.name.partition("[")[0].replace("_", "-")[5:35].strip("-"))
    made.write()
    return made
