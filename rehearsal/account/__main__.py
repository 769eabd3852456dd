"""`python -m rehearsal.account --id <account id> --home <directory>`: the server process of an emulated account."""

from __future__ import annotations

import argparse
import atexit
import os
import sys
from pathlib import Path

from rehearsal.account.clock import DEFAULT_SPEED
from rehearsal.account.errors import AccountError
from rehearsal.account.server import serve


def main() -> int:
    """Parses the command line and serves; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m rehearsal.account", description=__doc__)
    parser.add_argument("--id", required=True, help="account id, twelve digits")
    parser.add_argument("--home", required=True, type=Path, help="directory under which accounts/<id> lies")
    parser.add_argument("--idle", type=float, default=15.0, help="minutes without a request before it stops; 0 = never")
    parser.add_argument(
        "--speed", type=float, default=DEFAULT_SPEED, help="virtual seconds a real second (new accounts)"
    )
    arguments = parser.parse_args()
    try:
        serve(arguments.id, arguments.home, idle_minutes=arguments.idle, speed=arguments.speed)
    except AccountError as error:
        sys.stderr.write(f"error: {error}\n")
        return 3
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Everything is written and closed. Taking moto's thousand modules apart would cost half a second more.
    atexit.register(os._exit, code)
    sys.exit(code)
