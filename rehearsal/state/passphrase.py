"""Secrets under a passphrase, byte for byte in the form of Pulumi's own `passphrase` provider.

The key is PBKDF2-HMAC-SHA256 of the passphrase (1,000,000 iterations, 32 bytes); a value is
`v1:<base64 nonce>:<base64 AES-256-GCM ciphertext and tag>`; the salt that stacks and states carry is
`v1:<base64 salt>:<the word "pulumi", encrypted>`, which tells a wrong passphrase at once.
Deriving the key takes a third of a second, so it is put off until the first use and kept for the process.

Source: pulumi/pulumi, pkg/secrets/passphrase/manager.go and sdk/go/common/resource/config/crypt.go.
"""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
import os
from typing import Any

from rehearsal.environment import DEFAULT_PASSPHRASE
from rehearsal.errors import StateError

ITERATIONS = 1_000_000
KEY_BYTES = 32
SALT_BYTES = 8
NONCE_BYTES = 12
WITNESS = "pulumi"


class WrongPassphraseError(StateError):
    """Raised when the passphrase isn't the one that the secrets were encrypted with."""

    fault = "user"


# The passphrase of rehearsals to which nobody gave one is written down for everybody: no salt makes its key a secret.
# So their stacks share one salt, whose key needs no deriving.
_PUBLIC_SALT = b"in clear"
_PUBLIC_KEY = bytes.fromhex("762a81a5a3b4d3699d09092b2e569708e3dbaf5f98e81da6faf4f107de6ca201")


@functools.lru_cache(maxsize=8)
def _derived_key(phrase: str, salt: bytes) -> bytes:
    if (phrase, salt) == (DEFAULT_PASSPHRASE, _PUBLIC_SALT):
        return _PUBLIC_KEY
    return hashlib.pbkdf2_hmac("sha256", phrase.encode(), salt, ITERATIONS, KEY_BYTES)


class Passphrase:
    """The crypter of one stack; `type` and `state` are what a deployment records under `secrets_providers`.

    Args:
        phrase: the passphrase (PULUMI_CONFIG_PASSPHRASE).
        salt: `encryptionsalt` of the stack settings, the same as `secrets_providers.state.salt` of a state.

    Raises:
        StateError: the salt isn't one of the passphrase provider's.

    """

    def __init__(self, phrase: str, salt: str) -> None:
        version, _, rest = salt.partition(":")
        encoded, _, witness = rest.partition(":")
        if version != "v1" or not encoded or not witness:
            raise StateError(
                f"the encryption salt {salt[:40]!r} isn't one of Pulumi's passphrase provider (v1:<salt>:<check>). "
                "Restore `encryptionsalt` in the stack's settings file from version control."
            )
        self.salt = salt
        self.type = "passphrase"
        self.state: dict[str, Any] = {"salt": salt}
        self._phrase = phrase
        self._salt = _decoded(encoded)
        self._witness = witness
        self._verified = False

    @classmethod
    def create(cls, phrase: str) -> Passphrase:
        """A crypter with a new random salt, for a stack that has no secrets yet."""
        salt = _PUBLIC_SALT if phrase == DEFAULT_PASSPHRASE else os.urandom(SALT_BYTES)
        witness = _seal(_derived_key(phrase, salt), WITNESS)
        crypter = cls(phrase, f"v1:{base64.b64encode(salt).decode()}:{witness}")
        crypter._verified = True  # sealed with this very key a line above
        return crypter

    def verify(self) -> None:
        """Raise WrongPassphraseError unless the passphrase opens the salt's check."""
        if self._verified:
            return
        if _opened(_derived_key(self._phrase, self._salt), self._witness) != WITNESS:
            raise WrongPassphraseError(
                "incorrect passphrase: it isn't the one this stack's secrets were encrypted with. "
                "Set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE to that one; nothing was changed."
            )
        self._verified = True

    def encrypt(self, plaintext: str) -> str:
        """The ciphertext of a text. Raises WrongPassphraseError."""
        self.verify()
        return _seal(_derived_key(self._phrase, self._salt), plaintext)

    def decrypt(self, ciphertext: str) -> str:
        """The text of a ciphertext. Raises WrongPassphraseError, or StateError for a damaged ciphertext."""
        self.verify()
        plaintext = _opened(_derived_key(self._phrase, self._salt), ciphertext)
        if plaintext is None:
            raise StateError(
                f"the secret {ciphertext[:24]!r}... is damaged, or was encrypted for another stack: "
                "this stack's passphrase is right and doesn't open it. Set the value again with `config set --secret`."
            )
        return plaintext


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise StateError(
            "the encryption salt isn't base64. Restore `encryptionsalt` in the stack's settings file."
        ) from None


def _seal(key: bytes, plaintext: str) -> str:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # 20 ms no other path should pay

    nonce = os.urandom(NONCE_BYTES)
    sealed = AESGCM(key).encrypt(nonce, plaintext.encode(), None)
    return f"v1:{base64.b64encode(nonce).decode()}:{base64.b64encode(sealed).decode()}"


def _opened(key: bytes, ciphertext: str) -> str | None:
    """The text, or None when the key doesn't open it or it isn't a ciphertext at all."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    parts = ciphertext.split(":")
    if len(parts) != 3 or parts[0] != "v1":  # noqa: PLR2004  # version, nonce, ciphertext
        return None
    try:
        nonce, sealed = (base64.b64decode(part, validate=True) for part in parts[1:])
        return AESGCM(key).decrypt(nonce, sealed, None).decode()
    except (binascii.Error, ValueError, InvalidTag):
        return None
