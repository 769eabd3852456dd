"""A command, run to its end: forked, where a server has imported what Python scripts of this environment need."""

from __future__ import annotations

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from rehearsal.prefork.process import spawn

if TYPE_CHECKING:
    from collections.abc import Mapping

EMBEDDED = Path(__file__).resolve().parents[2] / "rehearsal" / "bin" / "pulumi"
PATIENCE = 300.0
"""Seconds for a command."""


def finished(
    command: list[str], folder: Path, environment: Mapping[str, str], patience: float = PATIENCE
) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder; raises subprocess.TimeoutExpired. A refusal's exit code is what is tested."""
    python = _in_python(command)
    process = spawn(python, folder, environment) if python else None
    if process is None:
        return subprocess.run(  # noqa: PLW1510
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=patience
        )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        with process.stdout, process.stderr, ThreadPoolExecutor(2) as readers:
            out, err = readers.submit(process.stdout.read), readers.submit(process.stderr.read)
            code = process.wait(patience)
            return subprocess.CompletedProcess(command, code, out.result().decode(), err.result().decode())
    except subprocess.TimeoutExpired:
        process.send_signal(9)
        raise


def _in_python(command: list[str]) -> list[str]:
    """The command by this interpreter, as the embedded engine's executable and an installed script would run it."""
    if Path(command[0]).resolve() == EMBEDDED:
        return [sys.executable, "-P", "-m", "rehearsal", *command[1:]]
    found = shutil.which(command[0])  # a command without a folder is found on PATH, as the Pulumi CLI is
    if found is None:
        return []
    with open(found, "rb") as file:
        ours = file.readline().startswith(f"#!{sys.executable}".encode())
    return [sys.executable, found, *command[1:]] if ours else []
