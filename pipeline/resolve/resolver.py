"""The form of a resolver: what it takes, what it is given to ask with, what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from guards.live import Account
    from pipeline.registry.trust import Credentials, TrustStore


@dataclass(frozen=True)
class Asking:
    """
    What a resolver may ask with.

    Args:
        account: gives the stack's account, to be asked.
        client: gives a boto3 client of the stack's account by service, and by Region where one is given.
        trust: by which authorities a registry is believed.
        credentials: gives those for the stack's registry, or None; called when a registry wants some.
        architecture: `amd64` or `arm64`, after the stack's instances.
        loopback_only: a rehearsal, which asks nothing outside this machine.

    """

    account: Callable[[], Account]
    client: Callable[..., Any]
    trust: TrustStore
    credentials: Callable[[], Credentials | None]
    architecture: str
    loopback_only: bool = False


@dataclass(frozen=True)
class Resolved:
    """
    What came of it.

    Args:
        setting: the setting it is for (`image`).
        value: what that setting is pinned to.
        said: in words, from whom this is known.

    """

    setting: str
    value: str
    said: str


@dataclass(frozen=True)
class Resolver:
    """
    One resolver.

    Args:
        form: what it takes, in words, for the message when nobody takes a text.
        takes: whether a text is of that form. Asks nothing.
        resolve: resolves such a text. Raises PipelineError when it can't.

    """

    form: str
    takes: Callable[[str], bool]
    resolve: Callable[[str, Asking], Resolved]
