"""What a command refuses, with the exit status that Pulumi's command gives it.

Source of the numbers: pulumi/pulumi, pkg/cmd/pulumi/cmd/exit_codes.go.
"""

from __future__ import annotations

from rehearsal.errors import RehearsalError

EXIT_ERROR = 1
EXIT_USAGE = 2
EXIT_STACK_NOT_FOUND = 6
EXIT_CHANGES_NOT_EXPECTED = 7
EXIT_CANCELLED = 8
EXIT_INTERNAL = 255


class CommandError(RehearsalError):
    """Raised when a command can't be done as it was asked; the user's move is in the message."""

    fault = "user"

    def __init__(self, message: str, exit_status: int = EXIT_ERROR) -> None:
        super().__init__(message)
        self.exit_status = exit_status


class UsageError(CommandError):
    """Raised when the command line itself can't be understood."""


class ProjectError(CommandError):
    """Raised when Pulumi.yaml, or the folder it stands in, isn't what a run needs."""

    fault = "project"


class ConfigurationError(CommandError):
    """Raised when a setting is missing, unknown or of the wrong type."""

    fault = "configuration"


class StackNotFoundError(CommandError):
    """Raised when a stack is named that doesn't exist, or none is selected."""

    def __init__(self, message: str, exit_status: int = EXIT_STACK_NOT_FOUND) -> None:
        super().__init__(message, exit_status)
