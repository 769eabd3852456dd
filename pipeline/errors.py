"""What `holdfast` says when it stops, and the exit code that goes with it."""

from __future__ import annotations

from findings import exit_codes


class PipelineError(Exception):
    """
    Raised when a command can't go on; its text is all the user is shown.

    Args:
        message: what was asked of whom, what came back, what to do next.
        exit_code: one of `findings.exit_codes`.

    """

    def __init__(self, message: str, exit_code: int = exit_codes.BAD_INPUT) -> None:
        super().__init__(message)
        self.exit_code = exit_code
