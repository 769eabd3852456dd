"""The functions (invokes) the provider has: token -> what answers.

One file a subject; arguments and results as pulumi_aws names them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.provider.refusals import UnknownType

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.provider.account import Account
    from rehearsal.values import Properties

    Function = Callable[[Account, Properties], Properties]


def functions() -> dict[str, Function]:
    """Token -> function."""
    from rehearsal.provider.invokes import cloudcontrol, general, network, network_access, policies, secrets, storage

    subjects = (cloudcontrol, general, network, network_access, policies, secrets, storage)
    return {token: made for subject in subjects for token, made in subject.FUNCTIONS.items()}


def invoke(account: Account, token: str, arguments: Properties) -> Properties:
    """Answer one function.

    Raises:
        UnknownType: there is no such function here.

    """
    known = functions()
    if token not in known:
        raise UnknownType(
            f"the rehearsal's provider has no function {token}. It has: {', '.join(sorted(known))}. "
            "Try this one on a real account.",
        )
    region = arguments.get("region")
    return known[token](account.in_region(region if isinstance(region, str) else None), arguments)
