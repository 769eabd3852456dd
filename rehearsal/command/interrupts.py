"""Ctrl-C and SIGTERM while a run is under way.

The first asks the run to stop: it ends what is under way and keeps its state. The second gives that up too (it stays
noted as pending), the third doesn't wait for anything.

A signal may reach any thread of the process, and Python's own handlers wait until the main thread moves, which during a
run stands still. So the signal is passed on through a pipe, to a thread that does nothing but listen.
"""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from rehearsal.command.errors import EXIT_CANCELLED

if TYPE_CHECKING:
    from collections.abc import Iterator

WAYS = (signal.SIGINT, signal.SIGTERM)
STOPPING = "interrupted: finishing what is under way, then stopping (once more to give it up)"
ABANDONING = "interrupted again: giving up what is under way; it stays noted in the state as pending"


@contextmanager
def interruptible(cancel: threading.Event, abandon: threading.Event) -> Iterator[None]:
    """Within, interrupts set the events one after the other; only the main thread may enter."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    listener = threading.Thread(target=_listen, args=(reading, cancel, abandon), daemon=True)
    listener.start()
    before = {number: signal.signal(number, _pass) for number in WAYS}
    descriptor = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(descriptor)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(writing)
        listener.join()


def _pass(_number: int, _frame: object) -> None:
    """The pipe has it already; Python only wants a handler to be there."""


def _listen(reading: int, cancel: threading.Event, abandon: threading.Event) -> None:
    with os.fdopen(reading, "rb", buffering=0) as pipe:
        while number := pipe.read(1):
            if number[0] not in WAYS:
                continue
            if not cancel.is_set():
                cancel.set()
                _say(STOPPING)
            elif not abandon.is_set():
                abandon.set()
                _say(ABANDONING)
            else:
                os._exit(EXIT_CANCELLED)


def _say(message: str) -> None:
    """Tell who pressed Ctrl-C; straight to the descriptor, as the stream may just be being written to."""
    with suppress(OSError):  # the terminal, or what read the output, may be gone: the run has to stop all the same
        os.write(2, f"\n{message}\n".encode())
