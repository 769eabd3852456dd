"""What a rehearsal has before its first step: no way to AWS, and the images that a build pipeline would have pushed."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from findings import exit_codes
from pipeline.errors import PipelineError
from rehearsal.environment import DEFAULT_PASSPHRASE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pipeline.engine import Engine

PREPARE = "rehearsal:prepare"
"""Stack configuration: a Python script, run before each rehearsed preview and `up`, that is free to run again."""


USERS_OWN = ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE", "PULUMI_ACCESS_TOKEN")
"""What a user's real stacks have in the environment: it is no business of a rehearsal's."""


def enter(engine: Engine) -> None:
    """Take the user's own AWS and Pulumi settings out of this process when the engine is a rehearsal's."""
    if not engine.rehearsed:
        return
    for name in [name for name in os.environ if name.startswith("AWS_") or name in USERS_OWN]:
        del os.environ[name]
    engine.environment["PULUMI_CONFIG_PASSPHRASE"] = DEFAULT_PASSPHRASE
    os.environ.update({name: value for name, value in engine.environment.items() if name.startswith("AWS_")})


@dataclass
class Preparation:
    """The script that the stack's configuration names (`rehearsal:prepare`), running, the emulated account its AWS."""

    script: str
    process: subprocess.Popen[str]

    def wait(self) -> None:
        """
        Wait for its end.

        Raises:
            PipelineError: the script failed.

        """
        _, said = self.process.communicate()
        if self.process.returncode != 0:
            message = (
                f"{self.script} ({PREPARE} of the stack) was to prepare the rehearsal and failed: {said.strip()[-500:]}"
            )
            raise PipelineError(message, exit_codes.FAILED)


def begin(config: Mapping[str, str], project: Path, engine: Engine) -> Preparation | None:
    """Start the script, if this is a rehearsal and its stack names one."""
    script = config.get(PREPARE)
    if not engine.rehearsed or not script:
        return None
    process = subprocess.Popen(
        [sys.executable, str(project / script)],
        cwd=project,
        env={**os.environ, **engine.environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    return Preparation(script, process)
