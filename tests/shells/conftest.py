"""Fixtures: one account for a module, and the command turned to it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from account_world import ACCOUNT, World, put_ground
from shells_world import AGENT, LOGS, REGION, ROLE, Shells

from rehearsal.account import ensure

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def account_of_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, dict[str, Any]]]:
    """An account whose clock stands still, with what models need."""
    account = ensure(ACCOUNT, tmp_path_factory.mktemp("home"), idle_minutes=5, speed=0)
    world = World(account)
    yield world, put_ground(world, ROLE)
    account.stop()


@pytest.fixture
def shells(account_of_module: tuple[World, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shells:
    """The account, a project whose stack `rehearsal` leads to it, and an empty PATH."""
    world, ground = account_of_module
    project, programs = tmp_path / "project", tmp_path / "programs"
    for folder in (project, programs):
        folder.mkdir()
    (project / "Pulumi.yaml").write_text("name: holdfast\nruntime: python\n")
    (project / "Pulumi.rehearsal.yaml").write_text(f"config:\n  aws:region: {REGION}\n")
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    # The command sets these in its own process, which is this one.
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "")
    for name in ("AWS_EC2_METADATA_DISABLED", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setenv("AWS_ENDPOINT_URL", world.account.url)
    monkeypatch.setenv("PATH", str(programs))
    made = Shells(world, ground, project, programs)
    made.grant(*AGENT, *LOGS)
    return made
