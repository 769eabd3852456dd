"""What the guards can't know: an exception of its own, so that nobody takes it for an answer."""

from __future__ import annotations


class AccountUnknown(Exception):  # noqa: N818 - a state of knowledge, not only an error
    """The account could not be asked. The message says what was asked of whom, what came back, what to do next."""
