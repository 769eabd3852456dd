"""Pulumi's property names to AWS's and back, by botocore's own description of each operation.

The rule is regular: `primaryContainer.modelDataUrl` is `PrimaryContainer.ModelDataUrl`; where Pulumi makes a plural
of a list that
AWS calls by a singular (`routingConfigs` and `RoutingConfig`), or unwraps a list of at most one, the shape tells.
What isn't regular (`name` and `ModelName`) is a rename in the type's description, keyed by the dotted path.
"""

from __future__ import annotations

from typing import Any

from rehearsal.provider import names

Renames = dict[str, str]


def fold(name: str) -> str:
    """A name without case and plural, for comparing."""
    name = name.lower()
    if name.endswith("ies"):
        return name[:-3] + "y"
    return name[:-1] if name.endswith("s") and not name.endswith("ss") else name


def member(wanted: str, available: Any) -> str | None:
    """The one of the available names that means the wanted one: exact but for case first, then but for the plural."""
    lowered = wanted.lower()
    for name in available:
        if name.lower() == lowered:
            return str(name)
    folded = fold(wanted)
    return next((str(name) for name in available if fold(name) == folded), None)


def request(shape: Any, values: dict[str, Any], renames: Renames, *, path: str = "") -> dict[str, Any]:
    """The members of a structure that Pulumi's values give; top-level values without a counterpart are left out."""
    made: dict[str, Any] = {}
    for name, value in values.items():
        if name == "__defaults" or value is None:
            continue
        here = f"{path}.{name}" if path else name
        target = renames.get(here) or member(name, shape.members)
        if target is not None and target in shape.members:
            made[target] = to_api(shape.members[target], value, renames, path=here)
        elif path:
            raise ValueError(f"{shape.name} of AWS's API has no member for {here}; the account can't be told about it")
    return made


def to_api(shape: Any, value: Any, renames: Renames, *, path: str) -> Any:
    """A Pulumi value as the shape wants it."""
    match shape.type_name:
        case "structure":
            if isinstance(value, list):
                value = value[0] if value else {}
            return request(shape, value, renames, path=path)
        case "list":
            items = value if isinstance(value, list) else [value]
            return [to_api(shape.member, item, renames, path=path) for item in items]
        case "map":
            return {k: to_api(shape.value, v, renames, path=path) for k, v in value.items()}
        case "string":
            if isinstance(value, bool):
                return "true" if value else "false"
            return value if isinstance(value, str) else str(value)
        case "integer" | "long":
            return int(value)
        case "float" | "double":
            return float(value)
        case "boolean":
            return value if isinstance(value, bool) else str(value).lower() == "true"
    return value


def response(nodes: dict[str, Any], values: dict[str, Any], renames: Renames, *, path: str = "") -> dict[str, Any]:
    """What a response says of each Pulumi name: its value, or None where AWS has the member and says nothing of it."""
    made: dict[str, Any] = {}
    for name, node in nodes.items():
        here = f"{path}.{name}" if path else name
        found = renames.get(here) or member(name, values)
        if found in values:
            made[name] = from_api(node, values[found], renames, path=here)
    return made


def from_api(node: Any, value: Any, renames: Renames, *, path: str) -> Any:
    """An AWS value as Pulumi's node wants it."""
    if value is None:
        return None
    if isinstance(node, dict) and "list" in node:
        items = value if isinstance(value, list) else [value]
        return [from_api(node["list"], item, renames, path=path) for item in items]
    if names.is_block(node):
        if isinstance(value, list):
            value = value[0] if value else None
        return None if value is None else response(node["object"], value, renames, path=path)
    if isinstance(node, dict) and "map" in node:
        return {k: from_api(node["map"], v, renames, path=path) for k, v in value.items()}
    if node == "string":
        if hasattr(value, "isoformat"):
            return value.strftime("%Y-%m-%dT%H:%M:%SZ")
        return ("true" if value else "false") if isinstance(value, bool) else str(value)
    return value
