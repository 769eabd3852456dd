"""
One GET to a registry or its token server: TLS verified, time and size bounded, redirects followed with care.

The library (requests) verifies certificates against the one trust store it is given, never against none. Redirects are
followed here, because credentials must not follow them to another host.
"""

from __future__ import annotations

import ipaddress
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from pipeline.registry.errors import (
    BrokenRegistryError,
    CertificateError,
    HangsError,
    RateLimitedError,
    RedirectError,
    UnreachableError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.registry.trust import TrustStore

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 10.0
ALL_SECONDS = 30.0
LARGEST = 4 * 1024 * 1024  # bytes; the distribution specification's own limit for a manifest
MOST_REDIRECTS = 5
_RATE_LIMITED = 429
_SERVER_ERROR = 500
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_EXPIRED = 10  # X509_V_ERR_CERT_HAS_EXPIRED
_OTHER_NAME = 62  # X509_V_ERR_HOSTNAME_MISMATCH
_OTHER_ADDRESS = 64  # X509_V_ERR_IP_ADDRESS_MISMATCH
_UNTRUSTED = frozenset({18, 19, 20, 21})  # self-signed, or its issuer isn't in the store


@dataclass(frozen=True)
class Answer:
    """What came: status, headers (whatever their case), body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport:
    """
    GETs over verified TLS.

    Args:
        trust: the authorities that are believed.
        loopback_only: refuse every other address, as a rehearsal does.
        answer_seconds: how long an answer may keep us waiting; three times that for all of it.

    """

    def __init__(
        self, trust: TrustStore, *, loopback_only: bool = False, answer_seconds: float = ANSWER_SECONDS
    ) -> None:
        self.trust = trust
        self._loopback_only = loopback_only
        self._answer_seconds = answer_seconds

    def get(self, url: str, headers: Mapping[str, str]) -> Answer:
        """
        The answer to a GET, redirects followed; `Authorization` stays with the host it is for.

        Raises:
            RegistryError: one of its kinds; what comes back with a status below 500, 429 left out, is an answer.

        """
        asked, sent = url, dict(headers)
        seen = {url}
        for _ in range(MOST_REDIRECTS + 1):
            answer, where = self._once(url, sent)
            if where is None:
                return self._checked(url, answer)
            target = urljoin(url, where)
            if urlsplit(target).scheme != "https":
                raise RedirectError(
                    f"{asked} was asked and redirected to {_shown(target)}, which isn't https. Nothing was sent there. "
                    "It is the registry's configuration: let it answer itself, or redirect to an https address."
                )
            if target in seen:
                raise RedirectError(
                    f"{asked} was asked and redirects in a circle, by way of {_shown(target)}. It is the registry's "
                    "configuration: mend it there."
                )
            if urlsplit(target).netloc != urlsplit(url).netloc:
                sent.pop("Authorization", None)
            seen.add(target)
            url = target
        raise RedirectError(
            f"{asked} was asked and redirected {MOST_REDIRECTS + 1} times, the last time to {_shown(url)}. It is the "
            "registry's configuration: mend it there."
        )

    def _once(self, url: str, headers: Mapping[str, str]) -> tuple[Answer, str | None]:
        import requests

        self._check_address(url)
        deadline = time.monotonic() + 3 * self._answer_seconds
        host = urlsplit(url).netloc
        try:
            with requests.Session() as session:
                session.auth = _unchanged  # or requests would look for a password in ~/.netrc
                with session.get(
                    url,
                    headers=dict(headers),
                    verify=str(self.trust.path),
                    timeout=(CONNECT_SECONDS, self._answer_seconds),
                    allow_redirects=False,
                    stream=True,
                ) as response:
                    where = response.headers.get("Location") if response.status_code in _REDIRECTS else None
                    body = b"" if where else self._body(response, host, deadline)
                    return Answer(response.status_code, response.headers, body), where
        except requests.exceptions.SSLError as error:
            raise self._certificate_error(host, error) from None
        except (requests.exceptions.ReadTimeout, TimeoutError) as error:
            raise self._hangs(host) from error
        except (requests.exceptions.ConnectionError, requests.exceptions.Timeout) as error:
            if "Read timed out" in str(error):
                raise self._hangs(host) from None
            raise UnreachableError(
                f"{host} was asked over https and can't be reached from here ({_reason(error)}). A registry that only "
                "a VPC reaches has to be asked from there; otherwise check the name, the port and the network."
            ) from None
        except requests.exceptions.RequestException as error:
            raise UnreachableError(
                f"{host} was asked, and no answer could be had: {type(error).__name__}. Check {_shown(url)}."
            ) from None

    def _body(self, response: Any, host: str, deadline: float) -> bytes:
        body = b""
        for chunk in response.iter_content(64 * 1024):
            body += chunk
            if len(body) > LARGEST:
                raise BrokenRegistryError(
                    f"{host} was asked for a manifest and sent more than {LARGEST} bytes, which no manifest has. "
                    "It is the registry's fault."
                )
            if time.monotonic() > deadline:
                raise self._hangs(host)
        return body

    def _hangs(self, host: str) -> HangsError:
        return HangsError(
            f"{host} took the connection and then gave no answer within {self._answer_seconds:g} seconds. "
            "Nothing follows for the image. See how the registry is, then run again."
        )

    def _checked(self, url: str, answer: Answer) -> Answer:
        host = urlsplit(url).netloc
        if answer.status == _RATE_LIMITED:
            after = answer.headers.get("Retry-After", "")
            when = f"in {after} seconds" if after.isdigit() else "later"
            raise RateLimitedError(
                f"{host} was asked and answered 429: too many requests. Run again {when}; with credentials the limits "
                "are wider (Docker Hub's are)."
            )
        if answer.status >= _SERVER_ERROR:
            raise BrokenRegistryError(
                f"{host} was asked and answered {answer.status}: it is the registry's own fault. See its log, then run "
                "again."
            )
        return answer

    def _check_address(self, url: str) -> None:
        host = urlsplit(url).hostname or ""
        if not self._loopback_only or host == "localhost":
            return
        try:
            loopback = ipaddress.ip_address(host).is_loopback
        except ValueError:
            loopback = False
        if not loopback:
            raise UnreachableError(
                f"{host} was not asked: a rehearsal speaks with loopback addresses only. Ask with a stack that isn't a "
                "rehearsal."
            )

    def _certificate_error(self, host: str, error: Exception) -> CertificateError:
        found = _verification(error)
        code = found.verify_code if found else 0
        if code == _EXPIRED:
            return CertificateError(
                f"{host} shows a TLS certificate that has expired. Amazon SageMaker will refuse it, and so do we. "
                "Whoever runs the registry has to renew it.",
                expired=True,
            )
        if code in (_OTHER_NAME, _OTHER_ADDRESS):
            return CertificateError(
                f"{host} shows a TLS certificate for another name ({found.verify_message if found else ''}). Name the "
                "registry as its certificate does, or have one issued for this name."
            )
        if code in _UNTRUSTED:
            return CertificateError(
                f"{host} shows a TLS certificate that doesn't chain to {self.trust.name}. Amazon SageMaker takes "
                "certificates of a well-known public authority only. Have one of those issued for the registry; to "
                "ask it from here all the same, name its authority with --trust-store.",
                untrusted=True,
            )
        reason = found.verify_message if found else _reason(error)
        return CertificateError(
            f"{host} was asked over TLS, and it can't be verified ({reason}). See what answers at that address."
        )


def _unchanged(request: Any) -> Any:
    return request


def _verification(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    """The verification's own error inside what the libraries wrap around it."""
    open_, seen = [error], set()
    while open_:
        one = open_.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, ssl.SSLCertVerificationError):
            return one
        nested = [each for each in getattr(one, "args", ()) if isinstance(each, BaseException)]
        open_ += [one.__cause__, one.__context__, getattr(one, "reason", None), *nested]
        open_ = [each for each in open_ if isinstance(each, BaseException)]
    return None


def _reason(error: BaseException) -> str:
    """The innermost words: `Connection refused`, `Name or service not known`."""
    text = str(error)
    for words in ("Connection refused", "Name or service not known", "timed out", "No route to host", "unreachable"):
        if words in text:
            return words
    return type(error).__name__


def _shown(url: str) -> str:
    """An address without its query, which may hold a signature."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"
