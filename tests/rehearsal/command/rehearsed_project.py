"""A project to run the rehearsal's command in."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rehearsal.command.main import main

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

EXECUTABLE = Path(__file__).resolve().parents[3] / "rehearsal" / "bin" / "pulumi"
PROJECT = "name: tiny\nruntime: python\n"


@dataclass(frozen=True)
class Answer:
    """What a command printed and how it ended."""

    status: int
    out: str
    err: str


class RehearsedProject:
    """A project folder; `ask` runs a command in this process, `start` and `run` in one of its own."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.home = folder.parent / "home"
        self._capture = capture
        self.write("Pulumi.yaml", PROJECT)
        self.write("__main__.py", "import pulumi\n\npulumi.export('greeting', 'hello')\n")

    def write(self, name: str, text: str) -> Path:
        """Write a file of the project."""
        path = self.folder / name
        path.write_text(text)
        return path

    def ask(self, *words: str) -> Answer:
        """Run a command that needs no engine, here and now."""
        self._capture.readouterr()
        status = main(list(words))
        captured = self._capture.readouterr()
        return Answer(status, captured.out, captured.err)

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment of a command in a process of its own."""
        return {**os.environ, "REHEARSAL_HOME": str(self.home), **(more or {})}

    def start(self, *words: str, more: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Start a command in a process of its own."""
        return subprocess.Popen(
            [str(EXECUTABLE), *words],
            cwd=self.folder,
            env=self.environment(more),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str, more: Mapping[str, str] | None = None) -> Answer:
        """Run a command in a process of its own to its end."""
        with self.start(*words, more=more) as process:
            out, err = process.communicate()
        return Answer(process.returncode, out, err)

    def stack(self, name: str = "dev") -> RehearsedProject:
        """Make a stack and select it."""
        assert self.ask("stack", "init", name).status == 0
        return self

    @property
    def state(self) -> Path:
        """Where the state of the stack `dev` lies."""
        return self.home / "stacks" / "dev" / "state.json"
