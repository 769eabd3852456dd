"""The errors of the rehearsal: each says whose fault it was, what was asked, and what to do next.

Every error the engine shows a user is one of these; anything else that escapes is a defect of the rehearsal itself.
"""

from __future__ import annotations

from typing import Any


class RehearsalError(Exception):
    """Base of all: `fault` names who is at fault, `urn` the resource it is about (or None)."""

    fault = "rehearsal"

    def __init__(self, message: str, *, urn: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.urn = urn


class ProgramError(RehearsalError):
    """The Pulumi program is at fault: it raised, registered something invalid, or asked for something forbidden."""

    fault = "program"


class PackError(RehearsalError):
    """A policy pack is at fault: it couldn't be started, was configured wrongly, or one of its policies raised."""

    fault = "pack"


class PolicyViolation(RehearsalError):  # noqa: N818
    """A mandatory policy refused a resource or the stack; nothing is broken."""

    fault = "policy"


class ProviderError(RehearsalError):
    """A provider plug-in is at fault, or the service behind it refused.

    `unknown` is True when what became of the resource isn't known (gRPC codes Internal, DataLoss, Unknown).
    """

    fault = "provider"

    def __init__(self, message: str, *, urn: str | None = None, unknown: bool = False) -> None:
        super().__init__(message, urn=urn)
        self.unknown = unknown


class PartialFailure(ProviderError):  # noqa: N818
    """The provider made or changed a resource that then failed to become ready: it exists, with these properties."""

    def __init__(
        self, message: str, *, id_: str, outputs: dict[str, Any], inputs: dict[str, Any] | None, reasons: list[str]
    ) -> None:
        super().__init__(message)
        self.id = id_
        self.outputs = outputs
        self.inputs = inputs
        self.reasons = reasons


class HookError(RehearsalError):
    """A resource hook of the program refused or raised; the message is the hook's own, in full."""

    fault = "hook"


class StateError(RehearsalError):
    """The recorded state is damaged, can't be read, or can't be kept."""

    fault = "state"


class Cancelled(RehearsalError):  # noqa: N818
    """The run was interrupted; what was done is in the state."""

    fault = "user"


class RehearsalGap(RehearsalError, NotImplementedError):  # noqa: N818
    """Something the real engine does and the rehearsal doesn't; `feature` names it. Never a silent success."""

    def __init__(self, feature: str, message: str = "", *, urn: str | None = None) -> None:
        text = f"the rehearsal doesn't support {feature}" + (f": {message}" if message else "")
        super().__init__(f"{text}. Use the Pulumi CLI for this (ENGINE=pulumi).", urn=urn)
        self.feature = feature
