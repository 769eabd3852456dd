"""Property values in state: JSON with signatures for what JSON hasn't, secrets encrypted.

Source: pulumi/pulumi, pkg/resource/stack/deployment.go (SerializePropertyValue, DeserializePropertyValue).
"""

from __future__ import annotations

import json
import math
import struct
from typing import TYPE_CHECKING, Any

from rehearsal.errors import RehearsalGap, StateError
from rehearsal.state.crypter import PlaintextCrypter
from rehearsal.values import UNKNOWN, Archive, Asset, OutputValue, ResourceReference, Secret
from rehearsal.values import signatures as sig

if TYPE_CHECKING:
    from rehearsal.state.crypter import Crypter


def write(value: Any, crypter: Crypter | None) -> Any:
    """JSON of a value; `crypter` None writes secrets plain and unmarked further in (they are inside another secret)."""
    if isinstance(value, dict):
        return {k: write(v, crypter) for k, v in value.items()}
    if isinstance(value, list):
        return [write(v, crypter) for v in value]
    if isinstance(value, float):
        return _write_float(value)
    if value is None or isinstance(value, (str, int)):
        return value
    return _write_special(value, crypter)


def _write_special(value: Any, crypter: Crypter | None) -> Any:
    if value is UNKNOWN:
        return sig.UNKNOWN_STRING
    if isinstance(value, OutputValue):
        return write(Secret(value.value) if value.secret else value.value, crypter)
    if isinstance(value, Secret):
        text = json.dumps(write(value.value, None), separators=(",", ":"), ensure_ascii=False)
        if crypter is None:
            return {sig.SIGNATURE: sig.SECRET, "ciphertext": text}
        if isinstance(crypter, PlaintextCrypter):
            return {sig.SIGNATURE: sig.SECRET, "plaintext": text}
        return {sig.SIGNATURE: sig.SECRET, "ciphertext": crypter.encrypt(text)}
    if isinstance(value, ResourceReference):
        id_ = {} if value.id is None else {"id": "" if value.id is UNKNOWN else value.id}
        return {sig.SIGNATURE: sig.REFERENCE, "urn": value.urn, "packageVersion": value.package_version, **id_}
    if isinstance(value, Asset):
        kinds = (("text", value.text), ("path", value.path), ("uri", value.uri))
        return {sig.SIGNATURE: sig.ASSET, "hash": value.hash, **{k: v for k, v in kinds if v is not None}}
    if isinstance(value, Archive):
        row: dict[str, Any] = {sig.SIGNATURE: sig.ARCHIVE, "hash": value.hash}
        if value.assets is not None:
            row["assets"] = write(value.assets, crypter)
        return {**row, **{k: v for k, v in (("path", value.path), ("uri", value.uri)) if v is not None}}
    raise StateError(f"a value of Python type {type(value).__name__} can't be written to state")


def _write_float(value: float) -> Any:
    if math.isfinite(value):
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    return {sig.SIGNATURE: sig.FLOAT, "value": struct.pack(">d", value).hex()}


def read(value: Any, crypter: Crypter | None) -> Any:
    """The value of its JSON; `crypter` None: inside a secret, where nested ones aren't encrypted again."""
    if isinstance(value, dict):
        if sig.SIGNATURE in value:
            return _read_special(value, crypter)
        return {k: read(v, crypter) for k, v in value.items()}
    if isinstance(value, list):
        return [read(v, crypter) for v in value]
    if value == sig.UNKNOWN_STRING:
        return UNKNOWN
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value


def _read_special(value: dict[str, Any], crypter: Crypter | None) -> Any:
    kind = value[sig.SIGNATURE]
    if kind == sig.SECRET:
        return Secret(read(_secret_json(value, crypter), None))
    if kind == sig.REFERENCE:
        id_ = value.get("id")
        return ResourceReference(value["urn"], UNKNOWN if id_ == "" else id_, value.get("packageVersion", ""))
    if kind == sig.ASSET:
        return Asset(value.get("hash", ""), value.get("text"), value.get("path"), value.get("uri"))
    if kind == sig.ARCHIVE:
        assets = value.get("assets")
        inner = read(assets, crypter) if assets is not None else None
        return Archive(value.get("hash", ""), inner, value.get("path"), value.get("uri"))
    if kind == sig.FLOAT:
        return struct.unpack(">d", bytes.fromhex(value["value"]))[0]
    if kind == sig.BYTES:
        raise RehearsalGap("byte strings in state")
    raise StateError(f"the state holds a value with the unknown signature {kind!r}")


def _secret_json(value: dict[str, Any], crypter: Crypter | None) -> Any:
    plaintext, ciphertext = value.get("plaintext"), value.get("ciphertext")
    if bool(plaintext) == bool(ciphertext):
        raise StateError("malformed secret in state: exactly one of ciphertext and plaintext is needed")
    text = plaintext or (ciphertext if crypter is None else crypter.decrypt(str(ciphertext)))
    try:
        return json.loads(str(text))
    except ValueError as e:
        raise StateError("a secret in state doesn't hold JSON once decrypted: was it edited?") from e
