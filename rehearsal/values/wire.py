"""Property values on the wire: protobuf Struct, with signatures for what it hasn't.

Source: pulumi/pulumi, pkg/resource/plugin/rpc.go (MarshalPropertyValue, UnmarshalPropertyValue).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from google.protobuf import struct_pb2

from rehearsal.errors import RehearsalGap, StateError
from rehearsal.values import UNKNOWN, Archive, Asset, OutputValue, Properties, ResourceReference, Secret, assets
from rehearsal.values import signatures as sig

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Keep:
    """What the other side understands; the rest is reduced.

    Unknowns are dropped, secrets opened, references become ids, outputs their values.

    `elide`: send only the hashes of assets. `hash_from`: compute missing hashes, paths relative to this directory.
    """

    unknowns: bool = False
    secrets: bool = False
    resources: bool = False
    outputs: bool = False
    elide: bool = False
    hash_from: Path | None = None


EVERYTHING = Keep(unknowns=True, secrets=True, resources=True, outputs=True)
VALUES = Keep(unknowns=True, secrets=True, resources=True)
_DROPPED = object()


def to_struct(properties: Properties, keep: Keep) -> struct_pb2.Struct:
    """The message of a property bag."""
    message = struct_pb2.Struct()
    fields = message.fields
    for key, value in properties.items():
        made = reduce(value, keep)
        if made is not _DROPPED:
            _fill(fields[key], made)
    return message


def to_value(value: Any, keep: Keep) -> struct_pb2.Value:
    """The message of one value."""
    message = struct_pb2.Value()
    made = reduce(value, keep)
    _fill(message, None if made is _DROPPED else made)
    return message


def reduce(value: Any, keep: Keep) -> Any:
    """The value as plain JSON with signatures, or a marker when it has to be left out."""
    if isinstance(value, dict):
        pairs = ((k, reduce(v, keep)) for k, v in value.items())
        return {k: v for k, v in pairs if v is not _DROPPED}
    if isinstance(value, list):
        return [v for v in (reduce(v, keep) for v in value) if v is not _DROPPED]
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if value is UNKNOWN:
        return sig.UNKNOWN_STRING if keep.unknowns else _DROPPED
    if isinstance(value, Secret):
        inner = reduce(value.value, keep)
        return {sig.SIGNATURE: sig.SECRET, "value": inner} if keep.secrets and inner is not _DROPPED else inner
    return _reduce_special(value, keep)


def _reduce_special(value: Any, keep: Keep) -> Any:  # noqa: C901
    if isinstance(value, OutputValue):
        if not keep.outputs:
            return reduce(Secret(value.value) if value.secret else value.value, keep)
        row: dict[str, Any] = {sig.SIGNATURE: sig.OUTPUT}
        if value.value is not UNKNOWN:
            row["value"] = reduce(value.value, keep)
        if value.secret:
            row["secret"] = True
        if value.dependencies:
            row["dependencies"] = list(value.dependencies)
        return row
    if isinstance(value, ResourceReference):
        if keep.resources:
            row = {sig.SIGNATURE: sig.REFERENCE, "urn": value.urn}
            if value.id is not None:
                row["id"] = "" if value.id is UNKNOWN else value.id
            return {**row, "packageVersion": value.package_version} if value.package_version else row
        return value.urn if value.id is None else reduce(value.id, keep)
    if isinstance(value, Asset):
        shown = () if keep.elide else (("text", value.text), ("path", value.path), ("uri", value.uri))
        return {sig.SIGNATURE: sig.ASSET, "hash": value.hash, **{k: v for k, v in shown if v is not None}}
    if isinstance(value, Archive):
        row = {sig.SIGNATURE: sig.ARCHIVE, "hash": value.hash}
        if keep.elide:
            return row
        if value.assets is not None:
            row["assets"] = reduce(value.assets, keep)
        return {**row, **{k: v for k, v in (("path", value.path), ("uri", value.uri)) if v is not None}}
    raise StateError(f"a value of Python type {type(value).__name__} can't be sent")


def _fill(message: struct_pb2.Value, value: Any) -> None:
    if isinstance(value, str):
        message.string_value = value
    elif isinstance(value, bool):
        message.bool_value = value
    elif isinstance(value, (int, float)):
        message.number_value = value
    elif value is None:
        message.null_value = struct_pb2.NULL_VALUE
    elif isinstance(value, dict):
        message.struct_value.SetInParent()
        fields = message.struct_value.fields
        for k, v in value.items():
            _fill(fields[k], v)
    else:
        message.list_value.SetInParent()
        items = message.list_value.values
        for v in value:
            _fill(items.add(), v)


def from_struct(message: struct_pb2.Struct, keep: Keep = VALUES) -> Properties:
    """The property bag of a message; unknowns that aren't kept are left out."""
    pairs = ((k, from_value(v, keep)) for k, v in message.fields.items())
    return {k: v for k, v in pairs if v is not UNKNOWN or keep.unknowns}


def from_value(message: struct_pb2.Value, keep: Keep = VALUES) -> Any:
    """The value of a message; whole numbers become int."""
    kind = message.WhichOneof("kind")
    if kind == "string_value":
        text = message.string_value
        return UNKNOWN if text in sig.UNKNOWN_SENTINELS else text
    if kind == "struct_value":
        if sig.SIGNATURE in message.struct_value.fields:
            return _special(message.struct_value, keep)
        return from_struct(message.struct_value, keep)
    if kind == "list_value":
        values = [from_value(v, keep) for v in message.list_value.values]
        return values if keep.unknowns else [None if v is UNKNOWN else v for v in values]
    if kind == "number_value":
        number = message.number_value
        return int(number) if number.is_integer() and abs(number) < 2**53 else number
    return message.bool_value if kind == "bool_value" else None


def _special(message: struct_pb2.Struct, keep: Keep) -> Any:
    fields = message.fields
    kind = fields[sig.SIGNATURE].string_value
    text = {k: v.string_value for k, v in fields.items() if v.WhichOneof("kind") == "string_value"}
    if kind == sig.SECRET:
        inner = from_value(fields["value"], keep) if "value" in fields else None
        return Secret(inner) if keep.secrets else inner
    if kind == sig.OUTPUT:
        return _output(fields, keep)
    if kind == sig.REFERENCE:
        id_ = text.get("id")
        if id_ is not None and (not id_ or id_ in sig.UNKNOWN_SENTINELS):
            id_ = UNKNOWN
        reference = ResourceReference(text["urn"], id_, text.get("packageVersion", ""))
        return reference if keep.resources else (reference.urn if id_ is None else id_)
    if kind == sig.ASSET:
        asset = Asset(text.get("hash", ""), text.get("text"), text.get("path"), text.get("uri"))
        return assets.hashed(asset, keep.hash_from) if keep.hash_from and not asset.hash else asset
    if kind == sig.ARCHIVE:
        inner = from_struct(fields["assets"].struct_value, keep) if "assets" in fields else None
        archive = Archive(text.get("hash", ""), inner, text.get("path"), text.get("uri"))
        return assets.hashed(archive, keep.hash_from) if keep.hash_from and not archive.hash else archive
    if kind == sig.BYTES:
        raise RehearsalGap("byte strings")
    raise StateError(f"a value with the unknown signature {kind!r} was received")


def _output(fields: Any, keep: Keep) -> Any:
    value = from_value(fields["value"], keep) if "value" in fields else UNKNOWN
    secret = "secret" in fields and fields["secret"].bool_value
    if keep.outputs:
        urns = (
            tuple(v.string_value for v in fields["dependencies"].list_value.values) if "dependencies" in fields else ()
        )
        return OutputValue(value, secret, urns)
    return Secret(value) if secret and keep.secrets else value
