"""`python -m rehearsal.provider [engine address]`: print the port, then serve until the engine closes the process."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType


def main() -> None:
    """Serve. boto3 is imported only after the port is printed, while the engine is still busy with the program."""
    from rehearsal.provider.server import start

    parent = os.getppid() if len(sys.argv) > 1 else 0
    server, port = start()
    ended = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        ended.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    print(port, flush=True)  # noqa: T201  # the protocol
    threading.Thread(target=_warm, daemon=True).start()
    # An engine that is killed takes nobody along; a provider that an engine started goes when the engine is gone.
    while not ended.wait(1 if parent else None):
        if os.getppid() != parent:
            break
    server.stop(grace=1).wait()


def _warm() -> None:
    with contextlib.suppress(ImportError):
        import boto3  # noqa: F401

        import rehearsal.provider.lifecycle
        import rehearsal.provider.types  # noqa: F401


if __name__ == "__main__":
    main()
