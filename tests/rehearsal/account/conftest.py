"""Fixtures that start accounts and stop them again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from account_world import ACCOUNT, World

from rehearsal.account import Account, ensure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """An account of its own for a module; its clock moves only when it is told to."""
    account = ensure(ACCOUNT, tmp_path_factory.mktemp("home"), idle_minutes=5, speed=0)
    yield World(account)
    account.stop()


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[..., World]]:
    """Starts accounts in a home of its own, and stops them."""
    running: list[Account] = []

    def start(**options: Any) -> World:
        account = ensure(options.pop("account", ACCOUNT), options.pop("home", tmp_path), **{"speed": 0, **options})
        running.append(account)
        return World(account)

    yield start
    for account in running:
        account.stop()
