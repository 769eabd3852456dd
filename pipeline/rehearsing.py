"""What a rehearsal has before the first step: no way to AWS, and the images that a build pipeline would have pushed."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from findings import exit_codes
from pipeline.errors import PipelineError

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.engine import Engine

PREPARE = "rehearsal:prepare"
"""Stack configuration: a Python script, run before each rehearsed preview and `up`, that is free to run again."""


def enter(engine: Engine) -> None:
    """Take every AWS setting of the user's out of this process's environment when the engine is a rehearsal's."""
    if engine.rehearsed:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            del os.environ[name]
        os.environ.update({name: value for name, value in engine.environment.items() if name.startswith("AWS_")})


def publish(script: str | None, project: Path, engine: Engine) -> None:
    """
    Run the script that the stack's configuration names (`rehearsal:prepare`), with the emulated account as its AWS.

    Raises:
        PipelineError: the script failed.

    """
    if script is None:
        return
    done = subprocess.run(
        [sys.executable, str(project / script)],
        cwd=project,
        env={**os.environ, **engine.environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.strip()[-500:]
        message = f"{script} ({PREPARE} of the stack) was to prepare the rehearsal and failed: {said}"
        raise PipelineError(message, exit_codes.FAILED)
