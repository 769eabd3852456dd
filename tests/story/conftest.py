"""A rehearsal's home for each test: made once with `holdfast up`, copied for every test that begins with it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
from story import Rehearsal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Rehearsal]:
    """Nothing deployed, nothing in the account."""
    rehearsal = Rehearsal(tmp_path / "home")
    yield rehearsal
    rehearsal.stop()


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A home in which the main job was done, its account stopped, and what the command reported."""
    rehearsal = Rehearsal(tmp_path_factory.mktemp("deployed") / "home")
    try:
        report = rehearsal.up()
    finally:
        rehearsal.stop()
    return rehearsal.home, report


@pytest.fixture
def deployed(deployment: tuple[Path, dict[str, Any]], tmp_path: Path) -> Iterator[Rehearsal]:
    """The main job done."""
    shutil.copytree(deployment[0], tmp_path / "home")
    rehearsal = Rehearsal(tmp_path / "home")
    yield rehearsal
    rehearsal.stop()
