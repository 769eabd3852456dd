"""Property values: what inputs and outputs are made of.

Plain values are Python's own: None, bool, int, float, str, list, dict with string keys. The rest are the classes below.
Whole numbers are int, whatever the wire made of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Properties = dict[str, Any]


class Unknown:
    """A value that isn't known before the update; one object, `UNKNOWN`, stands for all."""

    _only: Unknown | None = None

    def __new__(cls) -> Unknown:  # noqa: PYI034  # there is only this one class
        """The one object."""
        if cls._only is None:
            cls._only = super().__new__(cls)
        return cls._only

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __reduce__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that must not be seen: in state it is encrypted, on display it is `[secret]`."""

    value: Any


@dataclass(frozen=True, slots=True)
class OutputValue:
    """A value with the URNs it depends on; `value` is UNKNOWN while it isn't known."""

    value: Any
    secret: bool = False
    dependencies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ResourceReference:
    """A resource as a value. `id` is None for components, UNKNOWN before the resource exists."""

    urn: str
    id: Any = None
    package_version: str = ""


@dataclass(frozen=True, slots=True)
class Asset:
    """A file: exactly one of text, path, uri; `hash` is the SHA-256 of its bytes, in hex."""

    hash: str = ""
    text: str | None = None
    path: str | None = None
    uri: str | None = None


@dataclass(frozen=True, slots=True)
class Archive:
    """A tree of files: exactly one of assets, path, uri; `hash` as Pulumi computes it."""

    hash: str = ""
    assets: dict[str, Any] | None = field(default=None, hash=False)
    path: str | None = None
    uri: str | None = None


_PLAIN = frozenset({str, bool, int, float, type(None)})


def transform(value: Any, leaf: Any) -> Any:
    """Rebuild a value; `leaf` is asked for each that isn't plain, and may answer NotImplemented: "go on inside"."""
    if type(value) in _PLAIN:  # most are, and the rest of the questions take five times as long
        return value
    if isinstance(value, dict):
        return {k: transform(v, leaf) for k, v in value.items()}
    if isinstance(value, list):
        return [transform(v, leaf) for v in value]
    if isinstance(value, (Secret, OutputValue, Unknown, ResourceReference, Asset, Archive)):
        made = leaf(value)
        if made is not NotImplemented:
            return made
        if isinstance(value, Secret):
            return Secret(transform(value.value, leaf))
        if isinstance(value, OutputValue):
            return OutputValue(transform(value.value, leaf), value.secret, value.dependencies)
    return value


def plain(value: Any) -> Any:
    """The value without secrets' and outputs' wrappers."""
    return transform(value, lambda v: plain(v.value) if isinstance(v, (Secret, OutputValue)) else NotImplemented)


def contains_unknowns(value: Any) -> bool:
    """Whether anything inside isn't known yet."""
    if value is UNKNOWN:
        return True
    if isinstance(value, dict):
        return any(contains_unknowns(v) for v in value.values())
    if isinstance(value, list):
        return any(contains_unknowns(v) for v in value)
    if isinstance(value, (Secret, OutputValue)):
        return contains_unknowns(value.value)
    return isinstance(value, ResourceReference) and value.id is UNKNOWN


def contains_secrets(value: Any) -> bool:
    """Whether anything inside is secret."""
    if isinstance(value, dict):
        return any(contains_secrets(v) for v in value.values())
    if isinstance(value, list):
        return any(contains_secrets(v) for v in value)
    if isinstance(value, OutputValue):
        return value.secret or contains_secrets(value.value)
    return isinstance(value, Secret)


def masked(value: Any) -> Any:
    """The value as it may be shown: secrets as `[secret]`, unknowns as Pulumi's sentinel, the rest as plain JSON."""
    from rehearsal.values.signatures import UNKNOWN_STRING

    def leaf(v: Any) -> Any:
        if isinstance(v, Secret) or (isinstance(v, OutputValue) and v.secret):
            return "[secret]"
        if v is UNKNOWN:
            return UNKNOWN_STRING
        if isinstance(v, OutputValue):
            return masked(v.value)
        if isinstance(v, ResourceReference):
            return masked(v.id) if v.id is not None else v.urn
        if isinstance(v, Asset):
            return {
                "hash": v.hash,
                **{k: x for k, x in (("text", v.text), ("path", v.path), ("uri", v.uri)) if x is not None},
            }
        return {"hash": v.hash, **{k: x for k, x in (("path", v.path), ("uri", v.uri)) if x is not None}}

    return transform(value, leaf)
