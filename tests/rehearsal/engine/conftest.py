"""The world of the engine tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from engine_world import World

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def world(tmp_path: Path) -> World:
    """An empty project."""
    directory = tmp_path / "project"
    directory.mkdir()
    return World(directory)
