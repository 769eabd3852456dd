"""What goes wrong between provider and account: whose fault it was, and whether anything happened.

gRPC codes matter to the engine: Unknown, Internal and DataLoss mean that nobody knows what became of the resource;
every other code means that nothing happened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc

if TYPE_CHECKING:
    from rehearsal.values import Properties

DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "KMS.AccessDeniedException", "403"}
EXISTS = ("AlreadyExists", "BucketAlreadyOwnedByYou", "EntityAlreadyExists", "Duplicate", "Conflict", "InUse")
MISSING = ("NotFound", "NoSuch")
GAP = "NotImplemented"
"""The emulated account's code for an operation that it doesn't have."""
FAULTY = 500


class ProviderRefusal(Exception):  # noqa: N818  # it is an answer, not a defect
    """An error with the words for the user and the gRPC code for the engine."""

    code = grpc.StatusCode.INVALID_ARGUMENT


class UnknownType(ProviderRefusal):
    """A resource type or function that the provider doesn't have."""

    code = grpc.StatusCode.NOT_FOUND


class Misconfigured(ProviderRefusal):
    """The provider can't work with what it was configured with."""

    code = grpc.StatusCode.FAILED_PRECONDITION


class AccountRefusal(ProviderRefusal):
    """The account answered with an error: AWS's own code and words.

    Args:
        operation: the API operation, as AWS writes it.
        error: AWS's error code, e.g. ValidationException.
        words: AWS's message.

    """

    def __init__(self, operation: str, error: str, words: str) -> None:
        super().__init__(f"the account refused {operation}: {error}: {words}")
        self.operation, self.error, self.words = operation, error, words

    @property
    def code(self) -> grpc.StatusCode:
        """What the engine is told: in no case did anything happen."""
        if self.error in DENIED:
            return grpc.StatusCode.PERMISSION_DENIED
        if any(part in self.error for part in EXISTS):
            return grpc.StatusCode.ALREADY_EXISTS
        if any(part in self.error for part in MISSING):
            return grpc.StatusCode.NOT_FOUND
        return grpc.StatusCode.FAILED_PRECONDITION

    def says(self, *errors: str, words: str = "") -> bool:
        """Whether it is one of these error codes (none given: any) and contains these words."""
        return (not errors or self.error in errors) and words.lower() in self.words.lower()


class AccountGap(ProviderRefusal):
    """The emulated account doesn't have the operation; nothing happened."""

    code = grpc.StatusCode.FAILED_PRECONDITION


class AccountUnreachable(ProviderRefusal):
    """No answer came: nobody knows whether the account acted."""

    code = grpc.StatusCode.UNKNOWN


class WaitFailed(ProviderRefusal):
    """A resource exists but didn't become what was asked for."""

    code = grpc.StatusCode.UNKNOWN


class HalfMade(ProviderRefusal):
    """A resource was created and a later call for it failed: it exists, with this id.

    Args:
        id_: the id of what exists.
        cause: what went wrong after the creation.

    """

    code = grpc.StatusCode.UNKNOWN

    def __init__(self, id_: str, cause: Exception) -> None:
        super().__init__(str(cause))
        self.id = id_


class InitFailed(ProviderRefusal):
    """What goes to the engine as ErrorResourceInitFailed: the resource exists, with this state, and isn't ready."""

    code = grpc.StatusCode.UNKNOWN

    def __init__(self, message: str, id_: str, properties: Properties, inputs: Properties) -> None:
        super().__init__(message)
        self.id, self.properties, self.inputs = id_, properties, inputs


def translated(operation: str, error: Any) -> ProviderRefusal:
    """The refusal for an exception that botocore raised."""
    from botocore import exceptions

    if isinstance(error, exceptions.ClientError):
        told = error.response.get("Error", {})
        code, words = str(told.get("Code", "Unknown")), str(told.get("Message", error))
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
        if code == GAP:
            return AccountGap(f"{operation}: {words}")
        if status >= FAULTY:
            return AccountUnreachable(f"the account failed at {operation} (HTTP {status}): {code}: {words}")
        return AccountRefusal(operation, code, words)
    if isinstance(error, exceptions.ParamValidationError):
        return ProviderRefusal(f"{operation} can't be asked like this: {error}")
    return AccountUnreachable(
        f"the emulated account gave no answer to {operation} ({type(error).__name__}: {error}). "
        "Whether it acted isn't known: is it still running at AWS_ENDPOINT_URL?",
    )
