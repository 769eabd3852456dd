"""When a run is given up: hanging and going round in circles are told from waiting for a processor."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from patience import Patience, ran, waited

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")


@pytest.fixture
def child() -> Iterator[Callable[[str], int]]:
    """Starts Pythons that do something, and ends them."""
    made: list[subprocess.Popen[bytes]] = []

    def start(code: str) -> int:
        made.append(subprocess.Popen([sys.executable, "-S", "-c", code]))
        return made[-1].pid

    yield start
    for each in made:
        each.kill()
        each.wait()


def given_up(patience: Patience, seconds: float) -> str:
    """Why it is given up within so many seconds, or ""."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(0.1)
        if why := patience.over():
            return why
    return ""


def test_who_only_waits_is_given_up(child: Callable[[str], int]) -> None:
    child("import time; time.sleep(60)")
    time.sleep(0.3)  # it starts

    assert "neither ran nor waited" in given_up(Patience(idle=0.3), 20)


def test_who_goes_round_in_circles_is_given_up(child: Callable[[str], int]) -> None:
    child("while True: pass")

    assert "0.2 processor seconds" in given_up(Patience(idle=60, processor=0.2), 20)


def test_who_works_is_not_given_up(child: Callable[[str], int]) -> None:
    """Also when others have the processor: it waits for one, and that is told."""
    pid = child("while True: pass")
    why = given_up(Patience(idle=0.3), 0.7)

    assert why == ""
    assert ran(pid) + waited(pid) > 0.2
