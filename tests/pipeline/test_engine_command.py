"""The engine's process: heard line by line, interrupted once per Ctrl-C, its exit status told."""

from __future__ import annotations

import os
import signal
import stat
from typing import TYPE_CHECKING

import pytest
from pulumi.automation import CommandError

from pipeline.engine_command import EngineCommand

if TYPE_CHECKING:
    from pathlib import Path

ENGINE = """#!/bin/sh
case "$*" in
  *version*) echo v3.272.0;;
  *wait*) trap 'echo interrupted; exit 7' INT; echo ready; while :; do sleep 0.05; done;;
  *fail*) echo words >&2; exit 3;;
  *) echo one; echo two;;
esac
"""


@pytest.fixture
def command(tmp_path: Path) -> EngineCommand:
    executable = tmp_path / "bin" / "pulumi"
    executable.parent.mkdir()
    executable.write_text(ENGINE)
    executable.chmod(executable.stat().st_mode | stat.S_IXUSR)
    return EngineCommand(str(tmp_path))


def test_output_is_heard_as_it_comes(command: EngineCommand, tmp_path: Path) -> None:
    heard: list[str] = []
    result = command.run(["up"], str(tmp_path), {}, heard.append)

    assert heard == ["one", "two"]
    assert result.stdout == "one\ntwo"


def test_a_failure_has_the_engine_s_words(command: EngineCommand, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="words"):
        command.run(["fail"], str(tmp_path), {})


def test_an_interrupt_reaches_the_engine_and_not_this_process(command: EngineCommand, tmp_path: Path) -> None:
    heard: list[str] = []

    def interrupt(line: str) -> None:
        heard.append(line)
        if line == "ready":
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(CommandError):
        command.run(["wait"], str(tmp_path), {}, interrupt)

    assert heard == ["ready", "interrupted"]
    assert command.interrupts == 1
    assert signal.getsignal(signal.SIGINT) is before
