"""Starting a session: the AWS CLI and its Session Manager plug-in, which have the terminal until the shell is left.

Source: "Start a session" and "Install the Session Manager plugin for the AWS CLI" (Systems Manager User Guide).
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

from findings import exit_codes
from pipeline.errors import PipelineError

if TYPE_CHECKING:
    from pipeline.shells.openings import Openings
    from pipeline.shells.targets import Choice

PLUG_IN = "session-manager-plugin"
_INSTALL = {
    "aws": "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html",
    PLUG_IN: "https://docs.aws.amazon.com/systems-manager/latest/userguide/"
    "session-manager-working-with-install-plugin.html",
}
_EXPLAINED = {
    "AccessDenied": "You may not start sessions here: ask for the stack's user policy (output ssmUserPolicyArn). It "
    "ends with the access, and it lets sessions start with the stack's session document only.",
    "TargetNotConnected": "Its agent can't be reached: the instance was replaced (`holdfast connect --list` shows the "
    "newest), it is still starting, or it has no way to Session Manager.",
    "InvalidDocument": "The session document is gone: `holdfast up` makes it again.",
}


def command_line(choice: Choice, openings: Openings, region: str) -> list[str]:
    """The command that starts the session."""
    document = ["--document-name", openings.document] if openings.document else []
    return ["aws", "ssm", "start-session", "--target", choice.id, *document, "--region", region]


def start(command: list[str]) -> int:
    """
    Run the session to its end with this process's terminal; its exit code.

    Raises:
        PipelineError: the CLI or its plug-in isn't installed, or the session could not be started.

    """
    for program in ("aws", PLUG_IN):
        if shutil.which(program) is None:
            raise PipelineError(
                f"a session is started by the AWS CLI and its plug-in, and there is no `{program}` on PATH. Install "
                f"it: {_INSTALL[program]}"
            )
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, errors="replace") as process:
        # Ctrl-C belongs to the shell at the other end; this process only waits.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            said = _passed_on(process)
            code = process.wait()
        finally:
            signal.signal(signal.SIGINT, before)
    if code == 0:
        return exit_codes.OK
    explained = next((words for name, words in _EXPLAINED.items() if name in said), "")
    raise PipelineError(
        f"`{' '.join(command)}` ended with exit code {code}: {' '.join(said.split())[-500:] or 'it said nothing'}. "
        f"{explained}".strip(),
        exit_codes.FAILED,
    )


def _passed_on(process: subprocess.Popen[str]) -> str:
    """What the CLI writes to standard error, shown as it comes and kept for the explanation."""
    kept = []
    for line in process.stderr or ():
        sys.stderr.write(line)
        sys.stderr.flush()
        kept.append(line)
    return "".join(kept)
