"""`rehearsal/bin/pulumi` where a server is open: forks the command from it and stands in for it until its end.

Runs in a bare interpreter (`python -I -S`), so that nothing is imported that the server has already.
"""

from __future__ import annotations

import os
import signal
import sys


def main() -> int:
    """Run `pulumi <arguments>` of the repository that is the first argument; returns or raises its exit status."""
    root, *arguments = sys.argv[1:]
    sys.path.insert(0, root)
    from rehearsal.prefork.process import ask

    command = [sys.executable, "-P", "-m", "rehearsal", *arguments]
    process = ask(command, os.getcwd(), os.environ, (0, 1, 2))
    if process is None:
        os.execv(command[0], command)  # noqa: S606  # what would have been run without a server
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: process.send_signal(number))
    status = process.wait()
    if status < 0:
        signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    return status


sys.exit(main())
