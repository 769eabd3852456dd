"""Trust stores and credentials: by which authorities a registry is believed, and as whom it is asked."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.errors import PipelineError


@dataclass(frozen=True)
class TrustStore:
    """A file of certificate authorities (PEM), with the name by which reports call it."""

    name: str
    path: Path
    public: bool = False
    """Whether SageMaker trusts these authorities too: it takes certificates of well-known public ones only."""


def public() -> TrustStore:
    """The public authorities: Mozilla's list, as the certifi package brings it."""
    import certifi

    return TrustStore("the public certificate authorities", Path(certifi.where()), public=True)


def given(path: Path, *, public: bool = False) -> TrustStore:
    """
    A trust store that the user names.

    Raises:
        PipelineError: there is no certificate in that file.

    """
    from cryptography.x509 import load_pem_x509_certificates

    try:
        load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        message = (
            f"the trust store {path} was to hold certificates of authorities (PEM), and can't be used: {error}. "
            "Name a file with at least one."
        )
        raise PipelineError(message) from error
    return TrustStore(f"trust store {path.name}", path, public=public)


@dataclass(frozen=True)
class Credentials:
    """User name and password for a registry. Neither is ever shown."""

    username: str = field(repr=False)
    password: str = field(repr=False)

    @property
    def basic(self) -> str:
        """The value of the header `Authorization` (RFC 7617)."""
        return f"Basic {base64.b64encode(f'{self.username}:{self.password}'.encode()).decode()}"

    def scrub(self, text: str) -> str:
        """What a registry said, without our password in it, however it is written."""
        quoted = self.password.replace("\\", "\\\\").replace('"', '\\"')
        written = (self.basic.removeprefix("Basic "), base64.b64encode(self.password.encode()).decode())
        for secret in (*written, quoted, self.password):
            if secret:
                text = text.replace(secret, "[hidden]")
        return text
