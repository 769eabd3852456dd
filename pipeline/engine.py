"""
Which engine a stack is run on, and with which account.

| stack | `--engine` | engine | account |
|---|---|---|---|
| `rehearsal...` | (not given) or `rehearsal` | embedded | emulated |
| `rehearsal...` | `pulumi` | Pulumi CLI | emulated, the rehearsal's provider attached |
| any other | (not given) or `pulumi` | Pulumi CLI | AWS |
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from findings import exit_codes
from pipeline.errors import PipelineError
from rehearsal.prefork.starting import Prefork

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.engine_command import EngineCommand

EngineName = Literal["rehearsal", "pulumi"]

REPOSITORY = Path(__file__).resolve().parents[1]
REHEARSAL_ROOT = REPOSITORY / "rehearsal"
NO_CLI = (
    "stack {stack!r} needs the Pulumi CLI, and there is no `pulumi` on PATH. Install it "
    "(https://www.pulumi.com/docs/install/), or run the command again with --install-pulumi, which downloads it from "
    "Pulumi, or rehearse without it on a stack whose name begins with `rehearsal`."
)


@dataclass
class Engine:
    """An engine that is ready to run: which one, its command, and the environment its runs get."""

    name: EngineName
    rehearsed: bool
    """True when the account is the emulated one, so that nothing in AWS can be touched."""
    command: EngineCommand
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """What a person is told about it."""
        engine = "embedded engine" if self.name == "rehearsal" else f"Pulumi CLI v{self.command.version}"
        return f"{engine}, {'emulated account' if self.rehearsed else 'AWS'}"


def is_rehearsal(stack: str) -> bool:
    """Stacks named `rehearsal...` are rehearsed: with the emulated account, never with AWS."""
    return stack.startswith("rehearsal")


@contextlib.contextmanager
def engine_for(stack: str, name: EngineName | None, project: Path, *, install: bool = False) -> Iterator[Engine]:
    """
    The engine for `stack`, ready to run; what it needed beside itself is stopped afterwards.

    Args:
        stack: the stack's name.
        name: what the user asked for; None chooses by the stack's name.
        project: folder of `Pulumi.yaml`.
        install: download the Pulumi CLI from its vendor when it is missing.

    Raises:
        PipelineError: the engine isn't there, or the stack may not run on it.

    """
    rehearsed = is_rehearsal(stack)
    name = name or ("rehearsal" if rehearsed else "pulumi")
    if name == "rehearsal" and not rehearsed:
        message = (
            f"stack {stack!r} is no rehearsal: only stacks whose name begins with `rehearsal` run on the embedded "
            "engine. Leave --engine out, or choose a stack such as `rehearsal`."
        )
        raise PipelineError(message)
    if not rehearsed:
        yield Engine(name, rehearsed=False, command=_pulumi(stack, install=install))
        return
    with Prefork() if name == "rehearsal" else contextlib.nullcontext():
        with ThreadPoolExecutor(1) as beside:  # the account starts while the Automation API is imported
            preparing = beside.submit(_prepared, project, stack)
            command = _command(REHEARSAL_ROOT) if name == "rehearsal" else _pulumi(stack, install=install)
            prepared = preparing.result()
        if name == "rehearsal":
            yield Engine(name, rehearsed=True, command=command, environment=prepared)
            return
    with _attached_provider(project, prepared) as port:
        yield Engine(
            name,
            rehearsed=True,
            command=command,
            environment={**prepared, **_local_backend(project), "PULUMI_DEBUG_PROVIDERS": f"aws:{port}"},
        )


def _prepared(project: Path, stack: str) -> dict[str, str]:
    from rehearsal import environment
    from rehearsal.errors import RehearsalError

    try:
        return environment.prepare(project, stack)
    except RehearsalError as error:
        raise PipelineError(str(error)) from error


def _command(root: Path | None) -> EngineCommand:
    from pipeline.engine_command import EngineCommand

    return EngineCommand(str(root) if root else None)


def _pulumi(stack: str, *, install: bool) -> EngineCommand:
    if not shutil.which("pulumi"):
        if not install:
            raise PipelineError(NO_CLI.format(stack=stack))
        from pulumi.automation import PulumiCommand

        PulumiCommand.install()
        return _command(Path.home() / ".pulumi" / "versions" / _sdk_version())
    return _command(None)


def _sdk_version() -> str:
    from importlib.metadata import version

    return version("pulumi")


def _local_backend(project: Path) -> dict[str, str]:
    """State of the CLI's rehearsals lies beside the embedded engine's, never in the user's own backend."""
    home = Path(os.environ.get("REHEARSAL_HOME", project / ".rehearsal")).resolve() / "pulumi"
    state = home / "state"
    state.mkdir(parents=True, exist_ok=True)
    return {
        "PULUMI_BACKEND_URL": f"file://{state}",
        "PULUMI_HOME": str(home / "home"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
    }


@contextlib.contextmanager
def _attached_provider(project: Path, environment: dict[str, str]) -> Iterator[int]:
    """The rehearsal's provider plug-in as a process that the CLI attaches to; yields its port."""
    with subprocess.Popen(
        [sys.executable, "-m", "rehearsal.provider"],
        cwd=project,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            line = process.stdout.readline().strip() if process.stdout else ""
            if not line.isdigit():
                message = f"the rehearsal's provider was started and answered {line!r} instead of its port."
                raise PipelineError(message, exit_codes.FAILED)
            yield int(line)
        finally:
            process.terminate()
