"""
A registry that speaks the Docker Registry HTTP API V2: does it answer, whom does it let in, which image has that name.

Sources: the OCI distribution specification; the distribution project's "Token Authentication Specification" and
"HTTP API V2". Every manifest and configuration is checked against its digest before anything is read from it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from knowledge.registries import INDEX_TYPES, MANIFEST_TYPES
from pipeline.registry.errors import (
    CredentialsError,
    DigestMismatchError,
    ImageNotFoundError,
    ManifestError,
    NotARegistryError,
    RegistryError,
)
from pipeline.registry.transport import ANSWER_SECONDS, Answer, Transport

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.registry.trust import Credentials, TrustStore

_OK, _UNAUTHORISED, _FORBIDDEN, _NOT_FOUND = 200, 401, 403, 404
_ACCEPTED = ", ".join([*sorted(MANIFEST_TYPES), *sorted(INDEX_TYPES)])


@dataclass(frozen=True)
class Manifest:
    """A manifest (or an index of several) as the registry keeps it."""

    digest: str
    """SHA-256 of its bytes, as in `sha256:...`: what an image is pinned by."""
    media_type: str
    document: dict[str, Any]

    @property
    def is_index(self) -> bool:
        """Whether it lists manifests, one for each platform."""
        return self.media_type in INDEX_TYPES


class Registry:
    """
    One registry, asked as one user.

    Args:
        host: as in `registry.example.com:5000`.
        trust: the authorities by which its certificate is believed.
        credentials: None asks without.
        loopback_only: refuse every other address.
        answer_seconds: how long one answer may take.

    """

    def __init__(
        self,
        host: str,
        *,
        trust: TrustStore,
        credentials: Credentials | None = None,
        loopback_only: bool = False,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self.host = host
        self._credentials = credentials
        self._transport = Transport(trust, loopback_only=loopback_only, answer_seconds=answer_seconds)
        self._authorisation: dict[str, str] = {}

    def challenge(self) -> str:
        """
        How the registry wants to be spoken to: `Basic`, `Bearer`, or "" when it lets everybody in.

        Raises:
            NotARegistryError: what answers there isn't a registry of API V2.
            RegistryError: no answer to be had.

        """
        answer = self._transport.get(f"https://{self.host}/v2/", {})
        if answer.status == _OK and "html" not in answer.headers.get("Content-Type", ""):
            return ""
        if answer.status == _UNAUTHORISED and (scheme := _challenge(answer)[0]):
            return scheme
        raise NotARegistryError(
            f"{self.host} was asked for /v2/ and answered {answer.status} in a way that no registry of the Docker "
            "Registry HTTP API V2 does. Name a registry that speaks it; Amazon SageMaker pulls from no other."
        )

    def log_in(self, repository: str = "") -> None:
        """
        Ask as the user, to see that the registry lets him in; with `repository`, to pull from it.

        Raises:
            CredentialsError: it doesn't.
            RegistryError: no answer to be had.

        """
        answer = self._get("/v2/", {}, f"repository:{repository}:pull" if repository else "")
        if answer.status != _OK:
            raise self._refused(answer, "/v2/")

    def manifest(self, repository: str, named: str) -> Manifest:
        """
        The manifest or index of `repository` by digest or tag, its bytes checked.

        Raises:
            ImageNotFoundError, CredentialsError, DigestMismatchError, ManifestError: each in its case.
            RegistryError: no answer to be had.

        """
        path = f"/v2/{repository}/manifests/{named}"
        answer = self._get(path, {"Accept": _ACCEPTED}, f"repository:{repository}:pull")
        by_digest = ":" in named
        what = f"{repository}{'@' if by_digest else ':'}{named}"
        if answer.status == _NOT_FOUND:
            raise ImageNotFoundError(
                f"{self.host} was asked for {what} and has no such image. Push it, or name one that is there."
            )
        if answer.status != _OK:
            raise self._refused(answer, path)
        digest = self._checked(answer, named if by_digest else "", what)
        document = self._json(answer.body, what)
        media_type = document.get("mediaType") or answer.headers.get("Content-Type", "").partition(";")[0]
        if media_type not in MANIFEST_TYPES | INDEX_TYPES:
            raise ManifestError(
                f"{self.host} keeps {what} as {media_type or 'nothing that it names'}, which isn't a manifest of "
                "Docker's schema 2 or of OCI. Push the image again with a present-day client."
            )
        return Manifest(digest, media_type, document)

    def configuration(self, repository: str, manifest: Manifest) -> dict[str, Any]:
        """
        The image's configuration, which says what platform it is for; its bytes checked.

        Raises:
            RegistryError: as `manifest`.

        """
        config = manifest.document.get("config")
        digest = config.get("digest") if isinstance(config, dict) else None
        if not isinstance(digest, str):
            raise ManifestError(
                f"{self.host} keeps {repository}@{manifest.digest} as a manifest without a configuration; it is no "
                "container image. Push one."
            )
        answer = self._get(f"/v2/{repository}/blobs/{digest}", {}, f"repository:{repository}:pull")
        what = f"configuration {digest} of {repository}"
        if answer.status == _NOT_FOUND:
            raise ImageNotFoundError(f"{self.host} has the manifest, and not the {what}. Push the image again.")
        if answer.status != _OK:
            raise self._refused(answer, f"the {what}")
        self._checked(answer, digest, what)
        return self._json(answer.body, what)

    # --- asking -------------------------------------------------------------------------------------------------

    def _get(self, path: str, headers: Mapping[str, str], scope: str) -> Answer:
        url = f"https://{self.host}{path}"
        known = self._authorisation.get(scope)
        answer = self._transport.get(url, {**headers, **({"Authorization": known} if known else {})})
        if answer.status != _UNAUTHORISED or known:
            return answer
        self._authorisation[scope] = self._authorise(answer, scope)
        return self._transport.get(url, {**headers, "Authorization": self._authorisation[scope]})

    def _authorise(self, answer: Answer, scope: str) -> str:
        scheme, parameters = _challenge(answer)
        if scheme == "Bearer":
            return f"Bearer {self._token(parameters, scope)}"
        if self._credentials is None:
            raise self._needed()
        if scheme == "Basic":
            return self._credentials.basic
        raise CredentialsError(
            f"{self.host} wants to be asked by the scheme {scheme or 'that it does not name'}; Amazon SageMaker knows "
            "basic and bearer-token authentication. Configure the registry for one of them."
        )

    def _token(self, parameters: Mapping[str, str], scope: str) -> str:
        """A bearer token of the registry's own token server, for which the user's credentials are given."""
        realm = parameters.get("realm", "")
        if urlsplit(realm).scheme != "https":
            raise CredentialsError(
                f"{self.host} names {realm or 'no address'} as its token server, which isn't https. No credentials "
                "were sent there. It is the registry's configuration: give its token server TLS."
            )
        asked = {"service": parameters.get("service", ""), "scope": parameters.get("scope") or scope}
        query = urlencode({key: value for key, value in asked.items() if value})
        headers = {"Authorization": self._credentials.basic} if self._credentials else {}
        answer = self._transport.get(f"{realm}{'&' if '?' in realm else '?'}{query}", headers)
        server = urlsplit(realm).netloc
        if answer.status in (_UNAUTHORISED, _FORBIDDEN):
            if self._credentials is None:
                raise self._needed()
            raise CredentialsError(
                f"token server {server} of {self.host} was given the user name and password and answered "
                f"{answer.status}: it refuses them{self._words(answer)}. Correct them where they are kept."
            )
        document = self._json(answer.body, f"a token of {server}") if answer.status == _OK else {}
        token = document.get("token") or document.get("access_token")
        if not isinstance(token, str) or not token:
            raise NotARegistryError(
                f"token server {server} of {self.host} was asked for a token and answered {answer.status} without one. "
                "It is the token server's fault; see its log."
            )
        return token

    # --- judging answers ----------------------------------------------------------------------------------------

    def _needed(self) -> CredentialsError:
        return CredentialsError(
            f"{self.host} wants a user name and password, and none were given. Set the registry's authentication and "
            "where its credentials are kept (docs/private-registry.md)."
        )

    def _refused(self, answer: Answer, path: str) -> RegistryError:
        if answer.status in (_UNAUTHORISED, _FORBIDDEN):
            if self._credentials is None:
                return self._needed()
            does = "refuses the user name and password" if answer.status == _UNAUTHORISED else "lets this user not pull"
            return CredentialsError(
                f"{self.host} was asked for {path} and answered {answer.status}: it {does}{self._words(answer)}. "
                "Correct the credentials where they are kept, or give the user the right to pull."
            )
        return NotARegistryError(
            f"{self.host} was asked for {path} and answered {answer.status}{self._words(answer)}, which the Registry "
            "API V2 doesn't. See what runs there."
        )

    def _words(self, answer: Answer) -> str:
        """What the registry said in the form of its API, without anything of ours in it."""
        try:
            errors = json.loads(answer.body).get("errors") or []
            said = str(errors[0].get("message") or errors[0].get("code") or "")
        except (ValueError, AttributeError, IndexError, KeyError, TypeError):
            return ""
        said = " ".join(said.split())[:200]
        said = self._credentials.scrub(said) if self._credentials else said
        return f" ({said})" if said else ""

    def _json(self, body: bytes, what: str) -> dict[str, Any]:
        try:
            document = json.loads(body)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise ManifestError(f"{self.host} was asked for {what} and sent something that isn't a JSON object.")
        return document

    def _checked(self, answer: Answer, wanted: str, what: str) -> str:
        digest = f"sha256:{hashlib.sha256(answer.body).hexdigest()}"
        said = answer.headers.get("Docker-Content-Digest", "")
        for other, whose in ((wanted, "was asked for"), (said, "is said to be")):
            if other.startswith("sha256:") and other != digest:
                raise DigestMismatchError(
                    f"{self.host} sent for {what} what {whose} {other} and is {digest}. Something between the registry "
                    "and here changed it, or the registry's storage is damaged. Nothing of it was used; look at both."
                )
        return digest


def _challenge(answer: Answer) -> tuple[str, dict[str, str]]:
    """Scheme and parameters of `WWW-Authenticate`."""
    from requests.utils import parse_dict_header

    scheme, _, rest = answer.headers.get("WWW-Authenticate", "").partition(" ")
    parameters = parse_dict_header(rest)  # type: ignore[no-untyped-call]
    return scheme.title(), {key: str(value or "") for key, value in parameters.items()}
