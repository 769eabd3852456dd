"""A registration that the engine will never answer ends the program, so that the run ends with the guards' refusal.

A replacement may begin with the old resource's deletion. When that is refused, and the run goes on after errors
(`--continue-on-error`), the engine neither makes the new resource nor answers the program's registration, and then
waits for the program, which waits for the answer (pulumi/pkg/resource/deploy: `stepExecutor.executeChain` leaves the
rest of the steps, `DeleteStep.Fail` answers nobody; seen with 3.260). A run that stops at errors ends by itself, and
a program can't tell the two apart: so it is given time to, and whatever else is under way is waited for.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from guards import kinds

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE = 10.0
"""Seconds in which nothing is registered or answered but what waits for a refused deletion."""
_LOOK_SECONDS = 0.1


class Unanswered:
    """The registrations of one program that the engine hasn't answered yet.

    Arguments:
        program_done: whether the program has made all its registrations; nothing waits for a deletion then.

    """

    def __init__(self, program_done: Callable[[], bool]) -> None:
        self._program_done = program_done
        self._lock = threading.Lock()
        self._open: dict[int, str] = {}
        self._waiting: dict[int, threading.Event] = {}
        self._numbers = iter(range(1 << 62))
        self._moved = 0.0
        self._refused: list[str] = []
        self._why = ""

    def register(self, register: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Send a registration and wait for its answer; raises RunError when there will be none."""
        number = next(self._numbers)
        self._open[number] = request.name
        self._moved = time.monotonic()
        try:
            if not (_may_wait_for_deletion(request) and hasattr(register, "future")):
                return register(request, *args, **kwargs)
            answered = self._waiting[number] = threading.Event()
            answer = register.future(request, *args, **kwargs)
            answer.add_done_callback(lambda _: answered.set())
            if not self._why:
                answered.wait()
            if answer.done():
                return answer.result()
            answer.cancel()
            return self._give_up()
        finally:
            self._moved = time.monotonic()
            self._waiting.pop(number, None)
            del self._open[number]

    def guarding(self, before_delete: Callable[[Any], None]) -> Callable[[Any], None]:
        """A hook that refuses deletions; a refusal while the program runs is that of a replacement's beginning."""

        def hook(request: Any) -> None:
            try:
                before_delete(request)
            except Exception:
                if not self._program_done():
                    self._note(request.name)
                raise

        return hook

    def _note(self, name: str) -> None:
        with self._lock:
            self._refused.append(name)
            if len(self._refused) == 1:
                threading.Thread(target=self._watch, name="holdfast-unanswered", daemon=True).start()

    def _watch(self) -> None:
        """End the program once nothing is open but as many registrations as deletions were refused."""
        while not self._program_done():
            rest = self._moved + PATIENCE - time.monotonic()
            waits = 0 < len(self._open) <= len(self._refused)
            if waits and rest <= 0:
                self._end()
                return
            time.sleep(min(max(rest, _LOOK_SECONDS), 1.0))

    def _end(self) -> None:
        gone, names = dict.fromkeys(self._refused), dict.fromkeys(self._open.copy().values())
        self._why = (
            f"The run ends here: the deletion of {' and '.join(gone)} was refused (see above), the replacement of "
            f"{' and '.join(names)} was to begin with it, and Pulumi, which goes on after errors "
            "(--continue-on-error), never answers the program about that. What the run has done is in the stack's "
            "state. Take the change back, or do what the refusal says, and run again."
        )
        for one in list(self._waiting.values()):
            one.set()

    def _give_up(self) -> Any:
        from pulumi import RunError

        raise RunError(self._why)


def _may_wait_for_deletion(request: Any) -> bool:
    """Whether its replacement may begin with a deletion that the guards see: its own, or that of what depends on it.

    Waiting so that it can be ended takes longer than just waiting, so it is done where it may be needed only.
    """
    kind = kinds.GUARDED.get(request.type)
    beside = request.deleteBeforeReplaceDefined and not request.deleteBeforeReplace
    return bool(request.remote or (kind is not None and not beside) or request.deleteBeforeReplace)
