"""A rehearsal's home for each test: made once with `holdfast up`, copied for every test that begins with it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

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
def deployed_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which the main job was done; its account is stopped."""
    rehearsal = Rehearsal(tmp_path_factory.mktemp("deployed") / "home")
    try:
        rehearsal.up()
    finally:
        rehearsal.stop()
    return rehearsal.home


@pytest.fixture
def deployed(deployed_home: Path, tmp_path: Path) -> Iterator[Rehearsal]:
    """The main job done."""
    shutil.copytree(deployed_home, tmp_path / "home")
    rehearsal = Rehearsal(tmp_path / "home")
    yield rehearsal
    rehearsal.stop()
