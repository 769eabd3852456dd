"""
Before a deployment: will SageMaker get the image? What can be known of it from here, and what can't.

Each check makes one finding. What can't be seen from here (usual for a registry that only a VPC reaches) is *unknown*
and says so; it is never taken for good. Source: "Use a Private Docker Registry for Real-Time Inference Containers".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from findings import exit_codes
from findings.finding import Finding, Outcome, Severity
from pipeline.errors import PipelineError
from pipeline.registry import platforms
from pipeline.registry.client import Registry
from pipeline.registry.errors import CertificateError, RegistryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from components.registry_settings import RegistrySettings
    from knowledge.registries import Reference
    from pipeline.registry.client import Manifest
    from pipeline.registry.trust import Credentials, TrustStore

ANSWERS: Final = "registry-answers"
CERTIFICATE: Final = "registry-certificate-is-public"
AUTHENTICATION: Final = "registry-authentication-is-as-set"
CREDENTIALS: Final = "registry-accepts-credentials"
IMAGE: Final = "image-is-in-its-registry"
PLATFORM: Final = "image-runs-on-its-instances"
CHECKS: Final = (ANSWERS, CERTIFICATE, AUTHENTICATION, CREDENTIALS, IMAGE, PLATFORM)
_SCHEMES = {"none": "", "basic": "Basic", "bearer": "Bearer"}
_WORDS = {"": "lets everybody in", "Basic": "wants basic authentication", "Bearer": "wants a bearer token"}


@dataclass(frozen=True)
class Flight:
    """
    What is to be deployed, and how it can be looked at from here.

    Args:
        reference: the image.
        settings: the stack's `registry`.
        public: the authorities that SageMaker trusts.
        named: an authority that the user names beside them, or None. It lets us ask; it makes nothing public.
        credentials: gives those for the registry, or None.
        architecture: of the endpoint's instances.
        loopback_only: a rehearsal.

    """

    reference: Reference
    settings: RegistrySettings
    public: TrustStore
    named: TrustStore | None
    credentials: Callable[[], Credentials | None]
    architecture: str
    loopback_only: bool = False


class Preflight:
    """The checks of one flight, in order; what the earlier ones found decides whether the later ones can be made."""

    def __init__(self, flight: Flight) -> None:
        self._flight = flight
        self._trust = flight.public
        self._found: list[Finding] = []

    def findings(self) -> list[Finding]:
        """One finding for each check; where the registry can't be asked, one that says so for all of them."""
        scheme = self._challenge()
        if scheme is None:
            return self._found
        self._authentication(scheme)
        registry = self._registry_as_user()
        if registry is not None and self._log_in(registry):
            manifest = self._manifest(registry)
            if manifest is not None:
                self._platform(registry, manifest)
        return self._found

    def _challenge(self) -> str | None:
        """Whether it answers, and by which authorities it is believed."""
        try:
            scheme = self._registry(None).challenge()
        except CertificateError as error:
            return self._believed_by_its_own(error)
        except RegistryError as error:
            self._failed(ANSWERS, error, "Name a registry that answers, or see how it is.")
            return None
        self._give(CERTIFICATE, "passed", f"{self._host} shows a certificate that {self._trust.name} vouch for.")
        self._give(ANSWERS, "passed", f"{self._host} speaks the Docker Registry HTTP API V2.")
        return scheme

    def _believed_by_its_own(self, error: CertificateError) -> str | None:
        fix = "Have a certificate of a well-known public authority issued for the registry."
        named = self._flight.named
        if not error.untrusted or named is None:
            self._give(CERTIFICATE, "violated", str(error), fix=fix)
            return None
        self._trust = named
        try:
            scheme = self._registry(None).challenge()
        except RegistryError as still:
            self._failed(CERTIFICATE, still, fix)
            return None
        self._give(
            CERTIFICATE,
            "violated",
            f"{self._host} shows a certificate of a private authority ({named.name}). You may trust it; Amazon "
            "SageMaker doesn't and will refuse the registry.",
            fix=fix,
        )
        self._give(ANSWERS, "passed", f"{self._host} speaks the Docker Registry HTTP API V2.")
        return scheme

    def _authentication(self, scheme: str) -> None:
        wanted = _SCHEMES[self._flight.settings.authentication]
        setting = f"registry.authentication is {self._flight.settings.authentication}"
        if scheme == wanted or (scheme == "Bearer" and not wanted):  # Docker Hub gives tokens to everybody
            self._give(AUTHENTICATION, "passed", f"{self._host} {_WORDS.get(scheme, scheme)}; {setting}.")
            return
        said = f"{self._host} {_WORDS.get(scheme, f'wants the scheme {scheme}')}, and {setting}."
        if scheme and not wanted:
            self._give(
                AUTHENTICATION,
                "violated",
                f"{said} Amazon SageMaker would ask without credentials and be refused.",
                fix=f"Set registry.authentication to {scheme.lower()} and where the credentials are kept.",
            )
        else:
            self._give(
                AUTHENTICATION,
                "violated",
                f"{said} The credentials serve for both, so the image can be pulled.",
                severity="low",
                advisory=True,
                fix="Set registry.authentication to what the registry does.",
            )

    def _registry_as_user(self) -> Registry | None:
        try:
            return self._registry(self._flight.credentials())
        except PipelineError as error:
            unknown = error.exit_code == exit_codes.UNKNOWN
            fix = "" if unknown else "Put the registry's user name and password where the settings say they are."
            self._give(CREDENTIALS, "unknown" if unknown else "violated", str(error), fix=fix)
            return None

    def _log_in(self, registry: Registry) -> bool:
        name = self._flight.reference.repository
        try:
            registry.log_in(name)
        except RegistryError as error:
            self._failed(CREDENTIALS, error, "Correct the credentials where they are kept.")
            return False
        self._give(CREDENTIALS, "passed", f"{self._host} lets this user in.")
        return True

    def _manifest(self, registry: Registry) -> Manifest | None:
        reference = self._flight.reference
        try:
            found = registry.manifest(reference.repository, reference.named)
        except RegistryError as error:
            self._failed(IMAGE, error, "Push the image, or set image to a digest that the registry has.")
            return None
        self._give(IMAGE, "passed", f"{self._host} has {reference.repository}@{found.digest}.")
        return found

    def _platform(self, registry: Registry, manifest: Manifest) -> None:
        try:
            chosen = platforms.for_instances(
                registry, self._flight.reference.repository, manifest, self._flight.architecture
            )
        except RegistryError as error:
            self._failed(PLATFORM, error, f"Push an image for linux/{self._flight.architecture}.")
            return
        wanted = f"linux/{self._flight.architecture}"
        self._give(PLATFORM, "passed", f"{self._flight.reference.repository}@{chosen.digest} is for {wanted}.")
        if chosen is not manifest:
            self._give(
                PLATFORM,
                "violated",
                f"image names a list of images; SageMaker may refuse one. Its image for {wanted} is {chosen.digest}.",
                severity="medium",
                advisory=True,
                fix="`holdfast resolve` pins the image itself.",
            )

    # --- saying -------------------------------------------------------------------------------------------------

    @property
    def _host(self) -> str:
        return self._flight.reference.api

    def _registry(self, credentials: Credentials | None) -> Registry:
        return Registry(
            self._host, trust=self._trust, credentials=credentials, loopback_only=self._flight.loopback_only
        )

    def _failed(self, name: str, error: RegistryError, fix: str) -> None:
        if error.knowable:
            self._give(name, "violated", str(error), fix=fix)
        else:
            self._give(name, "unknown", f"Not knowable from here: {error}")

    def _give(  # noqa: PLR0913 - a finding has that many parts
        self,
        name: str,
        outcome: Outcome,
        message: str,
        *,
        severity: Severity = "high",
        advisory: bool = False,
        fix: str = "",
    ) -> None:
        self._found.append(
            Finding(
                source="check",
                name=name,
                outcome=outcome,
                severity=severity,
                message=message,
                resource_name=self._flight.reference.text,
                fix=fix,
                advisory=advisory,
            )
        )


def before_acting(findings: list[Finding]) -> list[Finding]:
    """As a deployment counts them: what can't be known from here is shown, and stops nothing."""
    return [replace(one, advisory=True) if one.outcome == "unknown" else one for one in findings]
