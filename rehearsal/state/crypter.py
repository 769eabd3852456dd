"""How secrets get in and out of state."""

from __future__ import annotations

from typing import Any, Protocol

from rehearsal.errors import StateError


class Crypter(Protocol):
    """Encrypts and decrypts the JSON text of a secret.

    `type` and `state` are what the deployment records under `secrets_providers`, to find the same key again.
    """

    type: str
    state: dict[str, Any]

    def encrypt(self, text: str) -> str:
        """The ciphertext of `text`, never empty."""
        ...

    def decrypt(self, text: str) -> str:
        """The plain text of a ciphertext. Raises StateError when the key doesn't fit."""
        ...


class PlaintextCrypter:
    """No encryption, for showing secrets (`--show-secrets`) and for tests: reads nothing encrypted."""

    type = ""
    state: dict[str, Any] = {}  # noqa: RUF012  # a constant of the protocol

    def encrypt(self, text: str) -> str:
        """The text itself."""
        return text

    def decrypt(self, text: str) -> str:
        """Always refused: there is no key."""
        raise StateError(
            f"the state holds an encrypted secret ({text[:12]}...) but no secrets provider was given to read it"
        )
