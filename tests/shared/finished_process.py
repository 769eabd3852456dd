"""A command, run to its end: forked, where a server has imported what Python scripts of this environment need."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from rehearsal.prefork.process import spawn

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PATIENCE = 300.0
"""Seconds for a command."""


def finished(command: list[str], folder: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder; raises subprocess.TimeoutExpired. A refusal's exit code is what is tested."""
    process = spawn([sys.executable, *command], folder, environment) if _is_of_python(command[0]) else None
    if process is None:
        return subprocess.run(  # noqa: PLW1510
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=PATIENCE
        )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        with process.stdout, process.stderr, ThreadPoolExecutor(2) as readers:
            out, err = readers.submit(process.stdout.read), readers.submit(process.stderr.read)
            code = process.wait(PATIENCE)
            return subprocess.CompletedProcess(command, code, out.result().decode(), err.result().decode())
    except subprocess.TimeoutExpired:
        process.send_signal(9)
        raise


def _is_of_python(executable: str) -> bool:
    with open(executable, "rb") as file:
        return file.readline().startswith(f"#!{sys.executable}".encode())
