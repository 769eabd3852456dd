"""Property bags on the provider's wire: protobuf Structs to Python values and back.

The provider accepts neither secrets nor outputs nor references (its Handshake says so), hence only unknowns, assets
and archives are special here.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import struct_pb2

from rehearsal.values import UNKNOWN, Archive, Asset, Properties
from rehearsal.values.signatures import (
    ARCHIVE,
    ASSET,
    OUTPUT,
    REFERENCE,
    SECRET,
    SIGNATURE,
    UNKNOWN_SENTINELS,
    UNKNOWN_STRING,
)


def read(struct: struct_pb2.Struct | None) -> Properties:
    """The values of a Struct; nulls are left out, as Terraform knows no difference between null and absent."""
    if struct is None:
        return {}
    made = {name: _value(value) for name, value in struct.fields.items()}
    return {name: value for name, value in made.items() if value is not None}


def _value(value: struct_pb2.Value) -> Any:
    match value.WhichOneof("kind"):
        case "bool_value":
            return value.bool_value
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "string_value":
            return UNKNOWN if value.string_value in UNKNOWN_SENTINELS else value.string_value
        case "list_value":
            return [_value(item) for item in value.list_value.values]
        case "struct_value":
            return _special(read(value.struct_value))
    return None


def _special(found: Properties) -> Any:
    signature = found.get(SIGNATURE)
    if signature is None:
        return found
    if signature == ASSET:
        return Asset(found.get("hash", ""), found.get("text"), found.get("path"), found.get("uri"))
    if signature == ARCHIVE:
        return Archive(found.get("hash", ""), found.get("assets"), found.get("path"), found.get("uri"))
    if signature == SECRET:
        return found.get("value")
    if signature == OUTPUT:
        return found.get("value", UNKNOWN)
    if signature == REFERENCE:
        return found.get("id") or found.get("urn")
    raise ValueError(f"a value came with the signature {signature}, which this provider said it doesn't accept")


def write(values: Properties) -> struct_pb2.Struct:
    """The Struct of values."""
    made = struct_pb2.Struct()
    for name, value in values.items():
        _put(made.fields[name], value)
    return made


def _put(place: struct_pb2.Value, value: Any) -> None:  # noqa: C901  # one branch a kind of value
    if value is None:
        place.null_value = struct_pb2.NULL_VALUE
    elif value is UNKNOWN:
        place.string_value = UNKNOWN_STRING
    elif isinstance(value, bool):
        place.bool_value = value
    elif isinstance(value, int | float):
        place.number_value = value
    elif isinstance(value, str):
        place.string_value = value
    elif isinstance(value, dict):
        place.struct_value.SetInParent()
        for name, item in value.items():
            _put(place.struct_value.fields[name], item)
    elif isinstance(value, list | tuple):
        place.list_value.SetInParent()
        for item in value:
            _put(place.list_value.values.add(), item)
    elif isinstance(value, Asset | Archive):
        _put(place, {SIGNATURE: ASSET if isinstance(value, Asset) else ARCHIVE, **_file(value)})
    else:
        raise TypeError(f"a {type(value).__name__} can't be sent as a property value")


def _file(value: Asset | Archive) -> Properties:
    parts: Properties = {"hash": value.hash, "path": value.path, "uri": value.uri}
    parts |= {"text": value.text} if isinstance(value, Asset) else {"assets": value.assets}
    return {name: part for name, part in parts.items() if part not in (None, "")} or {"hash": ""}
