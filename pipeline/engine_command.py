"""
One process of a Pulumi engine: how it is started, listened to and interrupted.

The Automation API starts the engine in the terminal's own process group, so that Ctrl-C reaches the engine and this
command at once and neither waits for the other. Here the engine has a session of its own and is interrupted exactly
once per Ctrl-C: the first lets it end or give up the step under way and write its state, the second stops it at once.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from typing import IO, TYPE_CHECKING

from pulumi.automation import CommandResult, PulumiCommand
from pulumi.automation.errors import create_command_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import FrameType

WAYS_TO_INTERRUPT = (signal.SIGINT, signal.SIGTERM)


class EngineCommand(PulumiCommand):
    """
    `PulumiCommand` whose engine survives an interrupted terminal long enough to write its state.

    Args:
        root: folder with `bin/pulumi`; None takes `pulumi` from PATH.

    """

    interrupts = 0

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: Callable[[str], object] | None = None,
        on_error: Callable[[str], object] | None = None,
    ) -> CommandResult:
        """
        Run one engine command to its end and return what it printed.

        Raises:
            pulumi.automation.CommandError: the engine ended with another exit status than 0.

        """
        if "--non-interactive" not in args:
            args.insert(0, "--non-interactive")
        environment = {**os.environ, **additional_env, "PULUMI_AUTOMATION_API": "true"}
        if os.path.isabs(self.command):
            environment["PATH"] = os.pathsep.join([os.path.dirname(self.command), environment.get("PATH", "")])
        with (
            subprocess.Popen(
                [self.command, *args],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=cwd,
                env=environment,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
            ) as process,
            self._interrupting(process),
        ):
            out = _Listener(process.stdout, on_output)
            err = _Listener(process.stderr, on_error)
            out.join()
            err.join()
            code = process.wait()
        result = CommandResult(stdout=out.text, stderr=err.text, code=code)
        if code != 0:
            raise create_command_error(result)
        return result

    def _interrupting(self, process: subprocess.Popen[str]) -> _Interrupting:
        return _Interrupting(self, process)


class _Interrupting:
    """While entered, Ctrl-C and SIGTERM go to the engine, counted, and not to this process."""

    def __init__(self, command: EngineCommand, process: subprocess.Popen[str]) -> None:
        self.command = command
        self.process = process
        self.before: dict[signal.Signals, object] = {}

    def __enter__(self) -> None:
        # Only the main thread may set handlers; elsewhere whoever called owns the signals.
        if threading.current_thread() is threading.main_thread():
            for which in WAYS_TO_INTERRUPT:
                self.before[which] = signal.signal(which, self._forward)

    def __exit__(self, *_: object) -> None:
        for which, handler in self.before.items():
            signal.signal(which, handler)  # type: ignore[arg-type]

    def _forward(self, number: int, _frame: FrameType | None) -> None:
        self.command.interrupts += 1
        if self.process.poll() is None:
            self.process.send_signal(number)


class _Listener(threading.Thread):
    """Reads one stream of the engine line by line until it ends."""

    def __init__(self, stream: IO[str] | None, heard: Callable[[str], object] | None) -> None:
        super().__init__(daemon=True)
        self.lines: list[str] = []
        self.stream = stream
        self.heard = heard
        self.start()

    def run(self) -> None:
        for line in self._read():
            self.lines.append(line)
            if self.heard:
                self.heard(line)

    def _read(self) -> Iterator[str]:
        if self.stream is not None:
            for line in self.stream:
                yield line.rstrip()

    @property
    def text(self) -> str:
        return "\n".join(self.lines)
