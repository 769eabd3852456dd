"""What can go wrong between us and a registry: one class a case, each saying whose fault it is and what to do."""

from __future__ import annotations

from findings import exit_codes
from pipeline.errors import PipelineError


class RegistryError(PipelineError):
    """
    Raised when a registry doesn't give what it was asked for.

    `knowable` is False where nothing follows from it: the registry may be sound, and can't be seen from here.
    """

    exit_code_of = exit_codes.FAILED
    knowable = True

    def __init__(self, message: str) -> None:
        super().__init__(message, self.exit_code_of)


class UnreachableError(RegistryError):
    """No connection: a wrong name, no route, nobody listening. Usual for a registry that only a VPC reaches."""

    exit_code_of = exit_codes.UNKNOWN
    knowable = False


class HangsError(RegistryError):
    """A connection, and then no answer in time."""

    exit_code_of = exit_codes.UNKNOWN
    knowable = False


class RateLimitedError(RegistryError):
    """HTTP 429: asked too often."""

    exit_code_of = exit_codes.UNKNOWN
    knowable = False


class BrokenRegistryError(RegistryError):
    """HTTP 5xx: the registry's own fault."""

    exit_code_of = exit_codes.UNKNOWN
    knowable = False


class CertificateError(RegistryError):
    """TLS could not be verified; `expired` and `untrusted` tell the two cases that have answers of their own."""

    def __init__(self, message: str, *, expired: bool = False, untrusted: bool = False) -> None:
        super().__init__(message)
        self.expired = expired
        self.untrusted = untrusted


class NotARegistryError(RegistryError):
    """Something answers there that doesn't speak the Registry API V2."""


class RedirectError(RegistryError):
    """Sent to an address that isn't https, in a circle, or on and on."""


class CredentialsError(RegistryError):
    """The credentials were refused, or none were given where some are needed."""

    exit_code_of = exit_codes.BAD_INPUT


class ImageNotFoundError(RegistryError):
    """The registry answers and has no such image."""

    exit_code_of = exit_codes.BAD_INPUT


class DigestMismatchError(RegistryError):
    """What came isn't what its digest says."""


class PlatformError(RegistryError):
    """The image is for no platform that the endpoint's instances run."""

    exit_code_of = exit_codes.BAD_INPUT


class ManifestError(RegistryError):
    """What came isn't a manifest that SageMaker could use."""
