"""The readable log of calls: what was asked of the account, and what it said; no bodies, no secrets."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

from rehearsal.account.calls import Answer, Call, key_parameters

if TYPE_CHECKING:
    from pathlib import Path

    from rehearsal.account.faults import Fault


class CallLog:
    """Appends one JSON line a call to a file. It is for reading: nothing depends on it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("a", encoding="utf-8", buffering=1)

    def write(self, call: Call, at: float, answer: Answer, fault: Fault | None) -> None:
        """Records a call with its key parameters and its result: the status, or AWS's error code."""
        entry: dict[str, Any] = {
            "at": dt.datetime.fromtimestamp(at, dt.UTC).isoformat(timespec="milliseconds"),
            "service": call.service,
            "action": call.action,
            "region": call.region,
            "parameters": key_parameters(call),
            "result": dict(answer.headers).get("x-amzn-ErrorType") or answer.status,
        }
        if fault is not None:
            entry["fault"] = fault.name
        self._file.write(json.dumps(entry) + "\n")

    def read(self, after: int = 0) -> list[dict[str, Any]]:
        """The calls after the first `after` ones."""
        with self._path.open(encoding="utf-8") as file:
            lines = file.readlines()[after:]
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def close(self) -> None:
        """Closes the file."""
        self._file.close()
