"""The other emulated accounts under the same home: asking them, and handing calls on to them.

Accounts lie side by side (`<home>/accounts/<id>`); one that has been is started when it is needed. What another account
answers while something happens here is written into this account's journal and taken from there when it is replayed,
so that an account comes out the same whatever has become of its neighbours since.
"""

from __future__ import annotations

import http.client
import json
import re
from typing import TYPE_CHECKING, Any

from rehearsal.account.errors import AccountError, JournalError, Refusal
from rehearsal.account.server import HOST

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

_PATIENCE = 60.0
_ID = re.compile(r"\d{12}")


class Neighbours:
    """
    The accounts beside one account.

    Args:
        account: its id.
        directory: where it lies.
        aside: a context in which it waits for another account.

    """

    def __init__(self, account: str, directory: Path, aside: Callable[[], AbstractContextManager[None]]) -> None:
        self.account = account
        self._directory = directory
        self._aside = aside
        self._ports: dict[str, int] = {}
        self._answers: list[Any] = []
        self._replayed: list[Any] | None = None

    def moved(self, directory: Path, aside: Callable[[], AbstractContextManager[None]]) -> None:
        """For a copy that goes on elsewhere, beside other accounts."""
        self._directory, self._aside = directory, aside
        self._ports.clear()

    def others(self) -> list[str]:
        """Ids of the accounts that there are beside this one."""
        try:
            names = sorted(path.name for path in self._directory.parent.iterdir())
        except FileNotFoundError:  # the whole home was removed; the process is about to end
            return []
        return [name for name in names if name != self.account and self.known(name)]

    def known(self, account: str) -> bool:
        """Whether there is an emulated account of that id."""
        found = _ID.fullmatch(account) and (self._directory.parent / account / "journal.jsonl").exists()
        return bool(found) and account != self.account

    # --- what is remembered -----------------------------------------------------------------------------------------

    def begin(self, replayed: list[Any] | None = None) -> None:
        """Something begins to happen here; with `replayed`, what was answered when it first did."""
        self._answers, self._replayed = [], None if replayed is None else list(replayed)

    def taken(self) -> list[Any]:
        """What was answered since it began, for the journal; empty when there was nobody to ask."""
        answers, self._answers = self._answers, []
        return answers if any(answers) else []

    def _was(self) -> Any:
        """What was answered next when it first happened; None (nobody) where the journal has nothing more."""
        return self._replayed.pop(0) if self._replayed else None

    # --- asking -----------------------------------------------------------------------------------------------------

    def ask(self, account: str, what: str, **body: Any) -> Any:
        """What another account answers to a question of this one's; remembered, and replayed from what was."""
        if self._replayed is not None:
            was = self._was()
            if was is None:
                raise JournalError(f"account {account} was asked for {what}, and the journal doesn't have its answer")
            return was[0]
        with self._aside():
            answer = self._post(account, "asked", {"what": what, "asker": self.account, **body})
        if "failed" in answer:
            raise Refusal("EmulationFailure", f"account {account} failed at {what}: {answer['failed']}", 501)
        self._answers.append([answer["told"]])
        return answer["told"]

    def knows(self, account: str) -> bool:
        """Whether there is (or was, when it first happened) an emulated account of that id."""
        found = bool(self._was()) if self._replayed is not None else self.known(account)
        self._answers.append(found)
        return found

    def anyone(self, what: str, **body: Any) -> Any:
        """The first answer of any other account that isn't None; for what doesn't say whose it is (a bucket)."""
        if self._replayed is not None:
            was = self._was()
            return None if was is None else was[0]
        for account in self.others():
            told = self.ask(account, what, **body)
            if told is not None:
                return told
            self._answers.pop()
        self._answers.append(None)
        return None

    def forward(self, account: str, call: dict[str, Any]) -> dict[str, Any]:
        """Another account's answer to a call that is handed on to it: status, headers and body (base64)."""
        answer = self._post(account, "forwarded", call)
        return dict(answer)

    def _post(self, account: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        failure: Exception | None = None
        for attempt in (1, 2):
            port = self._port(account, again=attempt > 1)
            connection = http.client.HTTPConnection(HOST, port, timeout=_PATIENCE)
            try:
                connection.request("POST", f"/_rehearsal/{path}", json.dumps(body))
                response = connection.getresponse()
                return dict(json.loads(response.read()))
            except ConnectionError as error:  # it has stopped since, or begins to listen elsewhere
                failure = error
            except (OSError, http.client.HTTPException, ValueError) as error:
                raise _unreachable(account, error) from error
            finally:
                connection.close()
        raise _unreachable(account, failure)

    def _port(self, account: str, *, again: bool) -> int:
        if again or account not in self._ports:
            from rehearsal.account.client import ensure

            try:
                self._ports[account] = ensure(account, self._directory.parent.parent).port
            except AccountError as error:
                raise _unreachable(account, error) from error
        return self._ports[account]


def _unreachable(account: str, error: Exception | None) -> Refusal:
    return Refusal(
        "EmulationFailure",
        f"the emulated account {account} could not be asked ({error}); its server.log says more. This is a fault of "
        "the emulation, not of your program and not of AWS.",
        501,
    )
