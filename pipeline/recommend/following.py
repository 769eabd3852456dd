"""
A job as it goes: each trial's progress, and what becomes of the job when somebody interrupts.

A job costs until it is over, so it is never left running unseen: an interrupt stops it, or says how it is picked up.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Self, cast, get_args

from findings import exit_codes
from findings.printable import printable
from pipeline.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

    from pipeline.recommend.jobs import Jobs
    from pipeline.recommend.results import Result

OnInterrupt = Literal["ask", "stop", "leave"]
POLL, POLL_REHEARSED = 15.0, 0.4  # seconds between two looks; a rehearsal's time runs faster
sleep = time.sleep
"""Between two looks; tests put the account's clock in its place."""
INTERRUPTS: Final = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
STOPPING_TAKES: Final = 900.0  # seconds for which a stopping job is watched


class Interrupted(Exception):  # noqa: N818 - what a person did, no error
    """
    Somebody interrupted.

    Args:
        job: its name.
        result: what is known of it; None where it could not be looked at.
        left: whether it goes on.

    """

    def __init__(self, job: str, result: Result | None, *, left: bool) -> None:
        super().__init__(job)
        self.job, self.result, self.left = job, result, left


class Follower:
    """
    Follows a job to its end.

    Args:
        jobs: the account's.
        console: where progress goes.
        on_interrupt: what an interrupt means.

    """

    def __init__(self, jobs: Jobs, console: Console, on_interrupt: OnInterrupt) -> None:
        self.jobs, self.console, self.on_interrupt = jobs, console, on_interrupt
        self.poll = POLL_REHEARSED if jobs.simulated else POLL

    def run(self, job: str, begin: Callable[[], object] | None = None) -> Result:
        """
        The result of a job when it is over.

        Args:
            job: its name.
            begin: starts it; None when it runs already.

        Raises:
            Interrupted: by Ctrl-C or SIGTERM.
            PipelineError: it could not be begun or looked at.

        """
        with _Signals() as signals:
            try:
                if begin:
                    with signals.held():  # nobody could tell afterwards whether SageMaker had taken it
                        begin()
                return self._watch(job)
            except KeyboardInterrupt:
                return self._interrupted(job, asks=signals.number == signal.SIGINT)

    def _looked_at(self, job: str) -> Result:
        """The job as it is; when AWS can't be asked any more, whoever reads that is told what may go on."""
        try:
            return self.jobs.result(job)
        except PipelineError as error:
            if error.exit_code != exit_codes.UNKNOWN:
                raise
            raise PipelineError(
                f"{error} Job {job} may go on, and costs until it is over: {self.jobs.command('--job', job)} follows "
                "it, --stop stops it.",
                error.exit_code,
            ) from error

    def _watch(self, job: str) -> Result:
        with _Progress(self.console) as progress:
            while True:
                result = self._looked_at(job)
                if not result.ended or progress.shown:
                    progress.show(result)
                if result.ended:
                    return result
                sleep(self.poll)

    # --- interrupted --------------------------------------------------------------------------------------------

    def _interrupted(self, job: str, *, asks: bool) -> Result:
        """Only who presses Ctrl-C is there to answer; a cancelled pipeline, a closed terminal and a shutdown aren't."""
        if not self.jobs.exists(job):  # before SageMaker had taken it
            raise Interrupted(job, None, left=False)
        chosen: str = self.on_interrupt
        if chosen == "ask":
            chosen = self._asked(job) if asks else "stop"
        if chosen == "go on":
            return self.run(job)
        if chosen == "leave":
            raise Interrupted(job, self.jobs.result(job), left=True)
        self.jobs.stop(job)
        self.console.print(f"Stopping job {printable(job)} ...", highlight=False, markup=False)
        result = self._looked_at(job)
        try:
            waited = 0.0
            while not result.ended and waited < STOPPING_TAKES:
                sleep(self.poll)
                waited += self.poll
                result = self.jobs.result(job)
        except KeyboardInterrupt:
            pass  # it has been asked to stop; whoever presses twice doesn't want to watch
        raise Interrupted(job, result, left=not result.ended)

    def _asked(self, job: str) -> Literal["go on", "leave", "stop"]:
        """What whoever pressed Ctrl-C wants; without an answer it is stopped."""
        sys.stderr.write(f"\nJob {printable(job)} is running and costs. Stop it [s], leave it running [l], go on [g]? ")
        sys.stderr.flush()
        try:
            answer = sys.stdin.readline().strip().lower()[:1]
        except KeyboardInterrupt:
            return "stop"
        if answer == "l":
            return "leave"
        return "go on" if answer == "g" else "stop"


class _Signals:
    """Ctrl-C, a cancelled pipeline's SIGTERM, a closed terminal's SIGHUP: they interrupt, and not within a call."""

    def __init__(self) -> None:
        self.number: int = signal.SIGINT
        """The last that came."""
        self._before: dict[int, Any] = {}
        self._terminals = [number for number in (0, 1, 2) if os.isatty(number)]
        self._held = self._came = False

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in INTERRUPTS:
                if signal.getsignal(number) is not signal.SIG_IGN:  # `nohup` means that it is to go on
                    self._before[number] = signal.signal(number, self._heard)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _heard(self, number: int, _: object) -> None:
        self.number = number
        if number == getattr(signal, "SIGHUP", None):
            self._write_nowhere()
        if not self._held:
            raise KeyboardInterrupt
        self._came = True

    def _write_nowhere(self) -> None:
        """A terminal that is gone answers every line with an error, and the job is still to be stopped."""
        with Path(os.devnull).open("r+b") as nowhere:
            for descriptor in self._terminals:
                os.dup2(nowhere.fileno(), descriptor)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """An interrupt waits for the end of what is in here."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
        if self._came:
            raise KeyboardInterrupt


class _Progress:
    """A line for each trial: kept up to date on a terminal, one for each change elsewhere."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Any = None
        self._tasks: dict[int, Any] = {}
        self._said: dict[int, str] = {}
        self._job = ""

    def __enter__(self) -> Self:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        if self._console.is_terminal and not self._console.quiet:
            columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[status]}"))
            self._live = Progress(*columns, TimeElapsedColumn(), console=self._console, transient=True)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    @property
    def shown(self) -> bool:
        """Whether there was anything to show: a job that was over before it was looked at has no progress."""
        return bool(self._job)

    def show(self, result: Result) -> None:
        """What is new."""
        if result.status != self._job:
            self._job = result.status
            self._line(f"job {result.job}: {_words(result.status)}")
        for one in result.trials:
            words = _words(one.status)
            if self._live:
                self._bar(one.number, f"{one.kind} {one.variables}", one.status)
            elif self._said.get(one.number) != words:
                self._line(f"  trial {one.number} {f'{one.kind} {one.variables}'.strip()}: {words}")
            self._said[one.number] = words

    def _bar(self, number: int, name: str, status: str) -> None:
        from rich.markup import escape

        if number not in self._tasks:
            self._tasks[number] = self._live.add_task(escape(printable(name)), total=None, status="", start=False)
        over = status in ("COMPLETED", "FAILED", "STOPPED")
        if status == "IN_PROGRESS" and not self._live.tasks[self._tasks[number]].started:
            self._live.start_task(self._tasks[number])
        self._live.update(
            self._tasks[number], status=_words(status), total=1 if over else None, completed=1 if over else 0
        )

    def _line(self, text: str) -> None:
        self._console.print(printable(text) if not text.startswith("  ") else f"  {printable(text)}", markup=False)


def _words(status: str) -> str:
    return status.lower().replace("_", " ")


def interrupt_of(given: str, *, terminal: bool) -> OnInterrupt:
    """
    What `--on-interrupt` says; by default it is asked on a terminal, and the job is stopped elsewhere.

    Raises:
        PipelineError: it says something else.

    """
    if not given:
        return "ask" if terminal else "stop"
    if given == "ask" and not terminal:
        raise PipelineError("--on-interrupt ask needs a terminal: say stop or leave.")
    if given in get_args(OnInterrupt):
        return cast("OnInterrupt", given)
    raise PipelineError(f"--on-interrupt is stop, leave or ask, not {given!r}.")
