"""Comparing values: equality as Pulumi means it, and where two property bags differ."""

from __future__ import annotations

from typing import Any

from rehearsal.values import UNKNOWN, Archive, Asset, OutputValue, Properties, ResourceReference, Secret, paths

ADD, DELETE, UPDATE = "add", "delete", "update"


def equal(a: Any, b: Any) -> bool:
    """Deep equality: true isn't 1, assets are equal by hash, nothing unknown equals anything."""
    if a is UNKNOWN or b is UNKNOWN:
        return False
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(equal(v, b[k]) for k, v in a.items())
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(equal(x, y) for x, y in zip(a, b, strict=True))
    if type(a) is not type(b):
        return isinstance(a, (int, float)) and isinstance(b, (int, float)) and a == b
    if isinstance(a, (Asset, Archive)):
        return bool(a.hash == b.hash)
    if isinstance(a, (Secret, OutputValue)):
        return equal(a.value, b.value)
    if isinstance(a, ResourceReference):
        return a.urn == b.urn and equal(a.id, b.id)
    return bool(a == b)


def differences(old: Properties, new: Properties) -> dict[str, str]:
    """Where two property bags differ: path -> add, delete or update, secrets and outputs unwrapped."""
    found: dict[str, str] = {}
    _walk((), old, new, found)
    return found


def _open(value: Any) -> Any:
    while isinstance(value, (Secret, OutputValue)):
        value = value.value
    return value


def _walk(path: paths.Path, old: Any, new: Any, found: dict[str, str]) -> None:  # noqa: C901
    old, new = _open(old), _open(new)
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            if _absent(new, key):
                if not _absent(old, key):
                    found[paths.text((*path, key))] = DELETE
            elif _absent(old, key):
                found[paths.text((*path, key))] = ADD
            else:
                _walk((*path, key), old[key], new[key], found)
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            if index >= len(new):
                found[paths.text((*path, index))] = DELETE
            elif index >= len(old):
                found[paths.text((*path, index))] = ADD
            else:
                _walk((*path, index), old[index], new[index], found)
    elif not equal(old, new):
        found[paths.text(path)] = UPDATE


def _absent(bag: dict[str, Any], key: str) -> bool:
    return _open(bag.get(key)) is None


def changed_keys(differing: dict[str, str]) -> list[str]:
    """The top-level properties of some paths, each once, in order."""
    return list(dict.fromkeys(str(paths.parse(p)[0]) for p in differing))
