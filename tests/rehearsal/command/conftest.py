"""A project for each test of the rehearsal's command, in a folder and a home of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from rehearsed_project import RehearsedProject
from users_environment import of_the_user

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> RehearsedProject:
    """A project without stacks, in whose folder the test runs."""
    for name in of_the_user():
        monkeypatch.delenv(name)
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("REHEARSAL_HOME", str(tmp_path / "home"))
    return RehearsedProject(folder, capsys)
