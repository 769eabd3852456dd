"""
Inside a function's process: import the handler, say that it is ready, call it once, write what it answered.

Started by path, with the code's folder and the handler's name; the event comes on standard input, the answer goes to
standard output as one JSON line. What the handler prints is dropped: logs of functions aren't emulated.
Source: "Define Lambda function handler in Python" and "Lambda function errors" (AWS Lambda Developer Guide).
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from typing import Any


class Context:
    """The context object, as far as it can be known here."""

    aws_request_id = "00000000-0000-0000-0000-000000000000"
    function_version = "$LATEST"

    def __init__(self) -> None:
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")

    def get_remaining_time_in_millis(self) -> int:
        """Time isn't told here."""
        return 1000


def run(folder: str, handler: str) -> None:
    """Call the handler once."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        sys.path.insert(0, folder)
        module, _, name = handler.rpartition(".")
        try:
            function: Any = getattr(importlib.import_module(module.replace("/", ".")), name)
        except Exception as error:  # noqa: BLE001 - whatever the code raises is its caller's to be told
            _write(answers, "failed", _told(error))
            return
        answers.write("ready\n")
        answers.flush()
        try:
            _write(answers, "done", function(json.load(sys.stdin), Context()))
        except Exception as error:  # noqa: BLE001 - see above
            _write(answers, "failed", _told(error))


def _told(error: Exception) -> dict[str, Any]:
    return {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "requestId": Context.aws_request_id,
        "stackTrace": traceback.format_tb(error.__traceback__)[1:],
    }


def _write(answers: Any, how: str, value: Any) -> None:
    answers.write(json.dumps({how: value}) + "\n")
    answers.flush()


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2])
