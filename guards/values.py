"""Pulumi's property bags as plain Python: what a registration or a hook carries, with unknowns marked.

Source: the engine's wire format (pulumi/sdk/proto, `plugin.MarshalProperties`): unknowns are sentinel strings, special
objects carry a signature key. Secrets are unwrapped in memory: guards compare identities, they never print values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from google.protobuf.struct_pb2 import Struct

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a marker of the protocol, no password
_RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
_OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_UNKNOWNS = frozenset(
    {
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)


@dataclass(frozen=True)
class Unknown:
    """A value that isn't known yet (only in a preview); `dependencies` are the URNs it is made from, where told."""

    dependencies: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return False


UNKNOWN = Unknown()


def plain(bag: Struct) -> dict[str, Any]:
    """The bag as dictionaries, lists and scalars; unknown values are `Unknown`, secrets are unwrapped.

    By hand and not by protobuf's MessageToDict: every registration of a program passes here.
    """
    return {key: _value(value) for key, value in bag.fields.items()}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        text = value.string_value
        return UNKNOWN if text in _UNKNOWNS else text
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "bool_value":
        return value.bool_value
    if kind == "list_value":
        return [_value(item) for item in value.list_value.values]
    if kind != "struct_value":
        return None
    fields = value.struct_value.fields
    if _SIGNATURE in fields:
        return _special(fields)
    return {key: _value(item) for key, item in fields.items()}


def _special(fields: Any) -> Any:
    """A secret, a resource or an output value by what it stands for."""
    signature = fields[_SIGNATURE].string_value
    if signature == _SECRET:
        return _value(fields["value"]) if "value" in fields else None
    if signature == _RESOURCE:
        urn = fields["urn"].string_value if "urn" in fields else ""
        known = _value(fields["id"]) if "id" in fields else urn
        return known or Unknown(frozenset({urn}))
    if signature == _OUTPUT:
        if "value" not in fields:
            told = _value(fields["dependencies"]) if "dependencies" in fields else []
            return Unknown(frozenset(told))
        return _value(fields["value"])
    return {key: _value(item) for key, item in fields.items() if key != _SIGNATURE}


def get(item: Any, *path: str) -> Any:
    """The value below `path`, in Pulumi's spelling (`modelDataUrl`) or the API's (`ModelDataUrl`); None when absent.

    An Unknown on the way is the answer.
    """
    for step in path:
        if isinstance(item, Unknown):
            return item
        if not hasattr(item, "get"):
            return None
        found = item.get(step)
        item = found if found is not None else item.get(step[:1].upper() + step[1:])
    return item


def items(value: Any) -> Iterator[Any]:
    """The members of a list; a single object counts as a list of one, nothing as none."""
    if value is None or value == "":
        return
    if isinstance(value, list | tuple):
        yield from value
    else:
        yield value


def has_unknown(value: Any) -> bool:
    """Whether some part of `value` isn't known yet."""
    if isinstance(value, Unknown):
        return True
    if isinstance(value, dict):
        return any(has_unknown(item) for item in value.values())
    return isinstance(value, list) and any(has_unknown(item) for item in value)


def differs(old: Mapping[str, Any], new: Mapping[str, Any], *keys: str) -> bool:
    """Whether one of `keys` has another value in `new` than in `old`."""
    return any(old.get(key) != new.get(key) for key in keys)
