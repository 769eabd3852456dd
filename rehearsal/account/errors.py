"""What can go wrong with the emulated account: refusals in AWS's words, and failures of the emulation itself."""

from __future__ import annotations


class AccountError(Exception):
    """The emulated account could not be started, reached or used; the message says what to do next."""


class JournalError(AccountError):
    """The account's journal can't be read, or doesn't lead to the same state again."""


class UnknownFault(AccountError):  # noqa: N818 - it names what is unknown, as AWS's own error codes do
    """A fault was armed whose name the emulation doesn't know; the message lists the known ones."""


class Refusal(Exception):  # noqa: N818 - AWS refuses; nothing in the emulation is in error
    """An answer of AWS's that is an error.

    Args:
        code: AWS's error code, for instance `ValidationException`.
        message: AWS's words, as far as they are known.
        status: HTTP status, 400 unless the service's API reference says otherwise.
        fields: further members of the error's shape, for instance `OriginalStatusCode` of `ModelError`.

    """

    def __init__(self, code: str, message: str, status: int = 400, fields: dict[str, object] | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.fields = fields or {}


def invalid(message: str) -> Refusal:
    """SageMaker's usual refusal (`ValidationException`, HTTP 400)."""
    return Refusal("ValidationException", message)
