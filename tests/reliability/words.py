"""What a run said, in few words: for logs, and to tell a refusal from a failure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forks import POLICY

if TYPE_CHECKING:
    from forks import Ran


def refused(ran: Ran) -> bool:
    """Whether a guard refused it, which names what uses what and what to do, the settings' own check, a pack or AWS."""
    words = ("Path of use:", "Fix:", "settings can't be used", "must be deregistered as scalable targets", POLICY)
    return any(word in error for error in ran.errors for word in words)


def short(urn: str) -> str:
    return "::".join(urn.rpartition("$")[2].split("::")[-2:])


def said(ran: Ran) -> str:
    how = "killed" if ran.killed else "succeeded" if ran.succeeded else "failed"
    words = " | ".join(error[-700:] for error in ran.errors[:3])
    return f"{ran.operation} {how} {ran.changed} saves={ran.saves} {words}"
