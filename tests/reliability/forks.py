"""Runs of the embedded engine that cost as little as they can: every process is forked from one that has imported all.

One run is a process of its own (so that it can be killed like one), and so is its program; the provider is attached to
and lives as long as the history. Nothing of what they do differs from a run by command: the same engine, the same
`starter.py`, the same gRPC between them. Whoever forks must never have used gRPC itself.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import pickle
import runpy
import select
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from patience import LOOK_SECONDS, Patience
from processes import fork, stacks
from warm import warm_up

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


POLICY = "[policy]"
"""How the words of a policy pack begin in what a run said."""


class Provider:
    """The aws provider, in a process of its own, that runs attach to."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        reading, writing = os.pipe()

        def serve() -> None:
            os.close(reading)
            os.chdir(folder)
            os.environ.clear()
            os.environ.update(environment)
            from rehearsal.provider.server import start

            server, port = start()
            os.write(writing, f"{port}\n".encode())
            os.close(writing)
            server.wait_for_termination()

        self.pid = fork(serve)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            self.port = int(pipe.readline())

    def kill(self) -> None:
        """End it at once."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


class ForkedProgram:
    """A process that waits to become the program; made before the engine's process uses gRPC."""

    def __init__(self) -> None:
        self._asked, self._ask = os.pipe()
        out, theirs_out = os.pipe()
        err, theirs_err = os.pipe()
        self.returncode: int | None = None
        self._ended = threading.Lock()
        self.pid = fork(lambda: self._live(theirs_out, theirs_err, (out, err)))
        self._alive = os.pidfd_open(self.pid)
        for descriptor in (self._asked, theirs_out, theirs_err):
            os.close(descriptor)
        self.stdout, self.stderr = os.fdopen(out, "rb"), os.fdopen(err, "rb")

    def _live(self, out: int, err: int, others: tuple[int, ...]) -> None:
        os.close(self._ask)
        for descriptor in others:
            os.close(descriptor)
        with os.fdopen(self._asked, "rb") as pipe:
            try:  # the pipe's end wouldn't be told: what was forked after this holds it, too
                command, cwd, environment = pickle.load(pipe)
            except EOFError:
                return
        os.setsid()
        os.dup2(out, 1)
        os.dup2(err, 2)
        sys.stdout, sys.stderr = (
            io.TextIOWrapper(os.fdopen(number, "wb", buffering=0, closefd=False), write_through=True)
            for number in (1, 2)
        )
        os.chdir(cwd)
        os.environ.clear()
        os.environ.update(environment)
        sys.argv = [word for word in command[1:] if word != "-u"]
        if sys.argv[0] == "-m":
            del sys.argv[0]
            runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
        else:
            runpy.run_path(sys.argv[0], run_name="__main__")

    def become(self, command: list[str], cwd: Path, environment: Mapping[str, str]) -> ForkedProgram:
        """Start the program; stands for `rehearsal.wire.children.spawn`."""
        with os.fdopen(self._ask, "wb") as pipe:
            pickle.dump((command, str(cwd), dict(environment)), pipe)
        return self

    def wait(self, timeout: float | None = None) -> int:
        """The exit status. Raises subprocess.TimeoutExpired."""
        if self.returncode is None and not select.select([self._alive], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired("program", timeout or 0)
        with self._ended:
            if self.returncode is None:
                _, status = os.waitpid(self.pid, 0)
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode


@dataclass
class Kill:
    """When the engine is killed: at the so many'th time that it saves, before or after that is on the disk."""

    save: int
    persisted: bool = True


@dataclass
class Ran:
    """What came of a run."""

    operation: str
    succeeded: bool = False
    killed: bool = False
    changes: dict[str, int] = field(default_factory=dict)
    steps: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    saves: int = 0
    seconds: float = 0.0

    @property
    def changed(self) -> dict[str, int]:
        """What wasn't the same."""
        return {kind: count for kind, count in self.changes.items() if kind not in ("same", "read") and count}


@dataclass
class Stack:
    """A stack's settings and its state, as text."""

    name: str
    folder: Path
    config: dict[str, str]
    state: str | None = None


def run(
    stack: Stack,
    operation: str,
    environment: Mapping[str, str],
    *,
    kill: Kill | None = None,
    at_save: tuple[int, Callable[[], None]] | None = None,
    **options: Any,
) -> Ran:
    """One run of the engine in a process of its own; the stack's state is what the run left.

    Args:
        stack: what is run.
        operation: preview, up, destroy or refresh.
        environment: of the children.
        kill: when the engine is killed (SIGKILL).
        at_save: something to do when the engine saves for the so many'th time.
        options: of `rehearsal.engine.Request`.

    """
    warm_up()
    from rehearsal.wire import plugin

    began = time.monotonic()
    reading, writing = os.pipe()

    def work() -> None:
        os.close(reading)
        os.setsid()
        program = ForkedProgram()
        if options.get("policy_packs"):
            plugin.spawn = ForkedProgram().become
        with os.fdopen(writing, "wb") as pipe:
            _engine(stack, operation, dict(environment), program, pipe, kill, at_save, options)

    pid = fork(work)
    os.close(writing)
    messages, why = _messages(reading)
    if why:
        messages.append(("error", f"the run was given up after {time.monotonic() - began:.0f} s: {why}{stacks()}"))
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    ran = Ran(operation, killed=os.WIFSIGNALED(status))
    for kind, content in messages:
        if kind == "state":
            stack.state = content
        elif kind == "ran":
            ran = content
        elif kind == "error":
            ran.errors.append(content)
    ran.seconds = time.monotonic() - began
    return ran


def _messages(reading: int) -> tuple[list[tuple[str, Any]], str]:
    """What the run sent until it ended, or why it is given up. What a kill cut off doesn't count."""
    received, patience, why = bytearray(), Patience(), ""
    with os.fdopen(reading, "rb") as pipe:
        while not why:
            if not select.select([pipe], [], [], LOOK_SECONDS)[0]:
                why = patience.over()
                continue
            piece = os.read(pipe.fileno(), 1 << 20)
            if not piece:
                break
            received += piece
    messages = []
    stream = io.BytesIO(bytes(received))
    with contextlib.suppress(EOFError, pickle.UnpicklingError):
        while True:
            messages.append(pickle.load(stream))
    return messages, why


def _engine(  # noqa: C901, PLR0913, PLR0917  # one call, in the forked process
    stack: Stack,
    operation: str,
    environment: dict[str, str],
    program: ForkedProgram,
    pipe: Any,
    kill: Kill | None,
    at_save: tuple[int, Callable[[], None]] | None,
    options: dict[str, Any],
) -> None:
    from rehearsal import engine, state
    from rehearsal.command.project import load
    from rehearsal.wire import program as programs

    programs.spawn = program.become
    crypter = state.PlaintextCrypter()
    ran = Ran(operation)

    def send(kind: str, content: Any) -> None:
        pipe.write(pickle.dumps((kind, content)))
        pipe.flush()

    def save(snapshot: Any) -> None:
        ran.saves += 1
        if at_save is not None and ran.saves == at_save[0]:
            at_save[1]()
        if kill is None:
            return
        if ran.saves == kill.save - 1 or (kill.persisted and ran.saves == kill.save):
            send("state", state.to_text(snapshot, crypter))
        if ran.saves >= kill.save:
            os.kill(os.getpid(), signal.SIGKILL)

    def emit(event: dict[str, Any]) -> None:
        if "diagnosticEvent" in event:
            said = event["diagnosticEvent"]
            if said["severity"] in ("error", "warning"):
                (ran.errors if said["severity"] == "error" else ran.warnings).append(said["message"].strip())
        elif event.get("policyEvent", {}).get("enforcementLevel") == "mandatory":
            ran.errors.append(f"{POLICY} {event['policyEvent']['policyName']}: {event['policyEvent']['message']}")
        elif "resourcePreEvent" in event:
            metadata = event["resourcePreEvent"]["metadata"]
            if metadata["op"] != "same":
                ran.steps.append(f"{metadata['op']} {metadata['urn'].rpartition('$')[2].rpartition('::')[0][-40:]}")

    project = load(stack.folder / "Pulumi.yaml")
    before = state.from_json(json.loads(stack.state), crypter) if stack.state else None
    outcome = engine.run(
        engine.Request(
            operation,  # type: ignore[arg-type]
            engine.Project(project.name, project.directory, project.main or ".", project.options, project.plugins),
            stack.name, before, save, emit, config=stack.config, environment=environment,
            **{"parallel": 8, **options},
        )
    )  # fmt: skip
    ran.succeeded, ran.changes = outcome.succeeded, dict(outcome.changes)
    if operation != "preview":
        send("state", state.to_text(outcome.snapshot, crypter))
    send("ran", ran)
