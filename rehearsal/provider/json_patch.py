"""The JSON Patch (RFC 6902) between two documents, in the pieces that pulumi-aws makes it of.

Source: mattbaird/jsonpatch, which Terraform's provider uses for Cloud Control: objects are compared member by member,
lists of one length element by element, everything else is replaced as a whole.
"""

from __future__ import annotations

from typing import Any

Operation = dict[str, Any]


def between(old: Any, new: Any, path: str = "") -> list[Operation]:
    """The operations that make `new` of `old`, each at the deepest path that differs."""
    if isinstance(old, dict) and isinstance(new, dict):
        return _members(old, new, path)
    if isinstance(old, list) and isinstance(new, list):
        return _elements(old, new, path)
    if type(old) is type(new) and old == new:
        return []
    return [{"op": "replace", "path": path, "value": new}]


def _members(old: dict[str, Any], new: dict[str, Any], path: str) -> list[Operation]:
    made: list[Operation] = []
    for name in sorted(set(old) | set(new)):
        here = f"{path}/{name.replace('~', '~0').replace('/', '~1')}"
        if name not in new:
            made.append({"op": "remove", "path": here})
        elif name not in old:
            made.append({"op": "add", "path": here, "value": new[name]})
        else:
            made += between(old[name], new[name], here)
    return made


def _elements(old: list[Any], new: list[Any], path: str) -> list[Operation]:
    shared = min(len(old), len(new))
    made = [piece for index in range(shared) for piece in between(old[index], new[index], f"{path}/{index}")]
    made += [{"op": "remove", "path": f"{path}/{index}"} for index in reversed(range(shared, len(old)))]
    return made + [{"op": "add", "path": f"{path}/{index}", "value": new[index]} for index in range(shared, len(new))]
