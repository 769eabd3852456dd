"""A job that is followed, and who interrupts: a person at the keyboard is asked, and nobody else is waited for."""

from __future__ import annotations

import io
import os
import pty
import signal
from typing import TYPE_CHECKING, Any, cast

import pytest
from answers import benchmark, result
from rich.console import Console

from pipeline.recommend import following

if TYPE_CHECKING:
    from pipeline.recommend.jobs import Jobs
    from pipeline.recommend.results import Result


class RunningJob:
    """In the place of the account's jobs: one that goes on until it is stopped."""

    simulated = True

    def __init__(self) -> None:
        self.stopped = False

    def exists(self, _: str) -> bool:
        return True

    def stop(self, _: str) -> None:
        self.stopped = True

    def result(self, _: str) -> Result:
        status = "STOPPED" if self.stopped else "IN_PROGRESS"
        return result(benchmark("ml.c5.large", status=status), status=status)


def interrupted_by(number: int, monkeypatch: pytest.MonkeyPatch, answer: str, job: RunningJob) -> tuple[bool, bool]:
    """Whether the job was stopped, and whether somebody was asked."""
    asked: list[Any] = []
    monkeypatch.setattr(following.sys.stdin, "readline", lambda: asked.append(1) or answer)  # type: ignore[attr-defined]
    monkeypatch.setattr(following, "sleep", lambda _: None if job.stopped else os.kill(os.getpid(), number))
    follower = following.Follower(cast("Jobs", job), Console(file=io.StringIO()), "ask")
    with pytest.raises(following.Interrupted) as interrupted:
        follower.run("job")
    assert interrupted.value.left is not job.stopped
    return job.stopped, bool(asked)


@pytest.mark.parametrize(
    ("number", "stopped", "asked"),
    [(signal.SIGINT, False, True), (signal.SIGTERM, True, False), (signal.SIGHUP, True, False)],
)
def test_only_who_presses_ctrl_c_is_asked(
    monkeypatch: pytest.MonkeyPatch, number: int, *, stopped: bool, asked: bool
) -> None:
    """Otherwise a cancelled pipeline with a terminal would wait for an answer, and the job would go on."""
    assert interrupted_by(number, monkeypatch, "leave", RunningJob()) == (stopped, asked)


def test_a_terminal_that_is_gone_keeps_no_job_running(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every line written to it is an error."""
    near, far = pty.openpty()
    kept = os.dup(2)
    os.dup2(far, 2)
    os.close(far)

    class Telling(RunningJob):
        def stop(self, name: str) -> None:
            os.write(2, b"stopping\n")
            super().stop(name)

    def hang_up(_: float) -> None:
        if not job.stopped:
            os.close(near)
            os.kill(os.getpid(), signal.SIGHUP)

    job = Telling()
    monkeypatch.setattr(following, "sleep", hang_up)
    try:
        with pytest.raises(following.Interrupted):
            following.Follower(cast("Jobs", job), Console(file=io.StringIO()), "ask").run("job")
    finally:
        os.dup2(kept, 2)
        os.close(kept)

    assert job.stopped


def test_who_said_that_hanging_up_is_nothing_is_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    """`nohup`."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    job = RunningJob()

    def sleep(_: float) -> None:
        os.kill(os.getpid(), signal.SIGHUP)
        job.stopped = True  # by somebody else

    monkeypatch.setattr(following, "sleep", sleep)
    try:
        over = following.Follower(cast("Jobs", job), Console(file=io.StringIO()), "ask").run("job")
    finally:
        signal.signal(signal.SIGHUP, before)

    assert over.status == "STOPPED"
