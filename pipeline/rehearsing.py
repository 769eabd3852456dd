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

    from pulumi.automation import Stack

    from pipeline.engine import Engine

PREPARE = "rehearsal:prepare"
"""Stack configuration: a Python script, run before each rehearsed preview and `up`, that is free to run again."""


def enter(engine: Engine) -> None:
    """Take every AWS setting of the user's out of this process's environment when the engine is a rehearsal's."""
    if engine.rehearsed:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            del os.environ[name]
        os.environ.update({name: value for name, value in engine.environment.items() if name.startswith("AWS_")})


def publish(stack: Stack, project: Path, engine: Engine) -> None:
    """
    Run the script that the stack's configuration names, with the emulated account as its AWS.

    Raises:
        PipelineError: the script failed.

    """
    script = stack.get_all_config().get(PREPARE)
    if script is None:
        return
    done = subprocess.run(
        [sys.executable, str(project / script.value)],
        cwd=project,
        env={**os.environ, **engine.environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        message = f"{script.value} ({PREPARE} of the stack) was to prepare the rehearsal and failed: {done.stderr.strip()[-500:]}"
        raise PipelineError(message, exit_codes.FAILED)
