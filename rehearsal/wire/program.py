"""The program, in a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rehearsal.errors import ProgramError
from rehearsal.wire.children import end, spawn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

STARTER = Path(__file__).with_name("starter.py")


@dataclass(frozen=True)
class ProgramRun:
    """All that a program is told when it starts."""

    project: str
    stack: str
    organization: str
    root: Path
    main: str
    options: Mapping[str, object]
    address: str
    dry_run: bool
    parallel: int
    config: Mapping[str, str]
    secret_keys: frozenset[str]
    environment: Mapping[str, str]


class Program:
    """A running program; `say(severity, line)` gets what it prints."""

    def __init__(self, run: ProgramRun, say: Callable[[str, str], None]) -> None:
        working, entry = place(run.root, run.main)
        python, environment = interpreter(run.root, run.options, run.environment)
        environment |= {
            "PULUMI_CONFIG": json.dumps(dict(run.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(sorted(run.secret_keys)),
            "PYTHONUNBUFFERED": environment.get("PYTHONUNBUFFERED", "1"),
        }
        given = {
            "monitor": run.address, "engine": run.address, "project": run.project, "root_directory": str(run.root),
            "stack": run.stack, "pwd": str(working), "dry_run": "true" if run.dry_run else "false",
            "parallel": str(run.parallel), "organization": run.organization,
        }  # fmt: skip
        command = [python, str(STARTER), *(part for k, v in given.items() if v for part in (f"--{k}", v)), entry]
        try:
            self._process = spawn(command, working, environment)
        except OSError as e:
            raise ProgramError(f"the program can't be started with {python}: {e.strerror or e}") from e
        self._listeners = [
            threading.Thread(target=_listen, args=(stream, severity, say), daemon=True)
            for stream, severity in ((self._process.stdout, "info"), (self._process.stderr, "info#err"))
        ]
        for listener in self._listeners:
            listener.start()

    def wait(self) -> int:
        """Wait for its end and for the last of what it printed; returns the exit status."""
        status = self._process.wait()
        for listener in self._listeners:
            listener.join(1.0)  # a child it left behind may hold the pipe open
        return status

    def end(self, *, patience: float) -> None:
        """Give it `patience` seconds to end by itself, then end it and all it started."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(patience)
        end(self._process)


def place(root: Path, main: str) -> tuple[Path, str]:
    """Working directory and entry point of the program, as the language host sets them. Raises ProgramError."""
    path = (root / main).resolve()
    if path.is_dir():
        return path, "."
    if path.is_file():
        return path.parent, path.name
    raise ProgramError(f"the program {path} doesn't exist: check `main` in Pulumi.yaml")


def interpreter(
    root: Path, options: Mapping[str, object], environment: Mapping[str, str]
) -> tuple[str, dict[str, str]]:
    """The Python of the project's virtual environment if Pulumi.yaml names one that exists, else ours."""
    made = dict(environment)
    virtual = options.get("virtualenv")
    if isinstance(virtual, str):
        home = root / virtual
        python = home / "bin" / "python"
        if python.exists():
            made["VIRTUAL_ENV"] = str(home)
            made["PATH"] = f"{home / 'bin'}{os.pathsep}{made.get('PATH', '')}"
            made.pop("PYTHONHOME", None)
            return str(python), made
    return sys.executable, made


def _listen(stream: object, severity: str, say: Callable[[str, str], None]) -> None:
    with contextlib.suppress(ValueError, OSError):
        for line in stream:  # type: ignore[attr-defined]
            say(severity, line.decode(errors="replace"))
