"""Check: whether these inputs are ones the type can have.

Fills in names and defaults, and marks both in `__defaults` as the bridge does.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rehearsal.provider import names
from rehearsal.provider.described import Limit, matches
from rehearsal.values import UNKNOWN, Archive, Asset, Properties

if TYPE_CHECKING:
    from rehearsal.provider.described import Resource

MARK = "__defaults"
DIGITS = 7
LACKING = "the rehearsal's provider doesn't carry this property out; try this part with pulumi-aws on a real account"


@dataclass(frozen=True)
class Naming:
    """What Check may use for an automatic name.

    Args:
        logical_name: the resource's name in the program.
        seed: the engine's random bytes for this registration.
        proposed: a name the engine proposes by `pulumi:autonaming`, or empty.
        disabled: whether the engine forbids automatic names.

    """

    logical_name: str
    seed: bytes = b""
    proposed: str = ""
    disabled: bool = False


@dataclass
class Checked:
    """The inputs as they will be used, and what is wrong with them: (property, reason)."""

    inputs: Properties
    failures: list[tuple[str, str]] = field(default_factory=list)


def check(
    resource: Resource, news: Properties, olds: Properties, naming: Naming, default_tags: dict[str, str]
) -> Checked:
    """Check the inputs of one resource.

    Args:
        resource: its type.
        news: what the program gave.
        olds: the inputs of the previous run, or {}.
        naming: for an automatic name.
        default_tags: tags of the provider's configuration.

    """
    checked = Checked({name: value for name, value in news.items() if name != MARK})
    _shape({"object": resource.inputs(), "required": []}, checked.inputs, "", checked.failures)
    if resource.tagging and default_tags and checked.inputs.get("tags") is not UNKNOWN:
        checked.inputs["tags"] = {**default_tags, **(checked.inputs.get("tags") or {})}
    filled = _defaults(resource, checked.inputs)
    for name, value in resource.named(checked.inputs, naming.logical_name).items():
        if checked.inputs.get(name) is None:
            checked.inputs[name] = value
            filled.append(name)
    filled += _name(resource, checked, olds, naming)
    checked.failures += [(name, LACKING) for name in resource.lacks if checked.inputs.get(name) is not None]
    missing = (name for name in names.required(resource.token) if checked.inputs.get(name) is None)
    checked.failures += [(name, f'Missing required property "{name}" of {resource.token}') for name in missing]
    checked.inputs = _marked({"object": resource.inputs()}, checked.inputs)
    checked.inputs[MARK] = sorted(filled)
    for path, limit in resource.limits.items():
        checked.failures += [(at, why) for at, value in find(checked.inputs, path) if (why := broken(limit, value))]
    checked.failures += _groups(resource, checked.inputs)
    if not checked.failures:
        checked.failures += resource.check(checked.inputs)
    return checked


def _shape(node: Any, value: Any, path: str, failures: list[tuple[str, str]]) -> None:  # noqa: C901  # one branch a kind of value
    """Unknown names and values of the wrong kind."""
    if value is UNKNOWN or value is None or node is None:
        return
    if isinstance(node, str):
        if node in ("string", "integer", "number", "boolean") and isinstance(value, dict | list | Asset | Archive):
            failures.append((path, f"must be a {node}, and is a {_kind(value)}"))
        return
    if "list" in node:
        if not isinstance(value, list):
            failures.append((path, f"must be a list, and is a {_kind(value)}"))
            return
        for index, item in enumerate(value):
            _shape(node["list"], item, f"{path}[{index}]", failures)
        return
    if not isinstance(value, dict):
        failures.append((path, f"must be an object, and is a {_kind(value)}"))
        return
    for name, item in value.items():
        if name == MARK:
            continue
        here = f"{path}.{name}" if path else name
        if "object" in node and name not in node["object"]:
            allowed = ", ".join(sorted(node["object"]))
            failures.append((here, f'there is no property "{name}" here. The properties are: {allowed}'))
            continue
        _shape(names.inner(node, name), item, here, failures)
    absent = [name for name in node.get("required", ()) if value.get(name) is None]
    failures.extend((f"{path}.{name}", f'Missing required property "{name}" of {path}') for name in absent)


def _kind(value: Any) -> str:
    kinds = {dict: "object", list: "list", bool: "boolean", str: "string", Asset: "file", Archive: "archive"}
    return kinds.get(type(value), "number")


def _defaults(resource: Resource, inputs: Properties) -> list[str]:
    """Fill in defaults; returns the names of the top-level ones."""
    filled = []
    for path, default in resource.defaults.items():
        parent, _, name = path.rpartition(".")
        if not parent and any(inputs.get(other) is not None for other in _rivals(resource, name)):
            continue
        holders = [value for _, value in find(inputs, parent)] if parent else [inputs]
        for holder in holders:
            if isinstance(holder, dict) and holder.get(name) is None:
                holder[name] = default
                holder.setdefault(MARK, []).append(name) if parent else filled.append(name)
    return filled


def _rivals(resource: Resource, name: str) -> set[str]:
    return {other for group in (*resource.one_of, *resource.conflicts) if name in group for other in group} - {name}


def _name(resource: Resource, checked: Checked, olds: Properties, naming: Naming) -> list[str]:
    """Give an automatic name where one is due; returns the property's name in a list if it did."""
    rule, inputs = resource.auto_name, checked.inputs
    if rule is None or inputs.get(rule.property) is not None or any(inputs.get(p) is not None for p in rule.unless):
        return []
    if rule.property in olds.get(MARK, ()) and isinstance(olds.get(rule.property), str):
        inputs[rule.property] = olds[rule.property]
        return [rule.property]
    if naming.disabled:
        checked.failures.append(
            (rule.property, "automatic naming is switched off (pulumi:autonaming), so it must be set")
        )
        return []
    logical = naming.logical_name.lower() if rule.lower else naming.logical_name
    digits = hashlib.sha256(naming.seed).hexdigest()[:DIGITS] if naming.seed else secrets.token_hex(4)[:DIGITS]
    made = naming.proposed or f"{rule.prefix}{logical}-{digits}"
    if len(made) > rule.limit:
        room = rule.limit - len(rule.prefix) - DIGITS - 1
        why = (
            f'the automatic name "{made}" has {len(made)} characters, {resource.noun} names have at most {rule.limit}: '
            f'shorten the logical name "{naming.logical_name}" to {room} characters, or set "{rule.property}"'
        )
        checked.failures.append((rule.property, why))
    inputs[rule.property] = made
    return [rule.property]


def _marked(node: Any, value: Any) -> Any:
    """Every object that isn't a map gets its `__defaults`."""
    if isinstance(node, dict) and "object" in node and isinstance(value, dict):
        made = {name: _marked(node["object"].get(name), item) for name, item in value.items()}
        made[MARK] = sorted(value.get(MARK, ()))
        return made
    if isinstance(node, dict) and "list" in node and isinstance(value, list):
        return [_marked(node["list"], item) for item in value]
    return value


def find(values: Any, path: str) -> list[tuple[str, Any]]:
    """All known values at a path like `productionVariants[].modelName`: (path with indices, value)."""
    found = [("", values)]
    for part in path.split("."):
        name, many = part.removesuffix("[]"), part.endswith("[]")
        step = [(f"{at}.{name}" if at else name, v.get(name)) for at, v in found if isinstance(v, dict)]
        if many:
            step = [(f"{at}[{i}]", item) for at, v in step if isinstance(v, list) for i, item in enumerate(v)]
        found = [(at, v) for at, v in step if v is not None and v is not UNKNOWN]
    return found


def broken(limit: Limit, value: Any) -> str:
    """What is wrong with a value, or an empty text."""
    if isinstance(value, list):
        if limit.many is not None and len(value) > limit.many:
            return f"has {len(value)} entries, at most {limit.many} are allowed"
        if limit.few is not None and len(value) < limit.few:
            return f"has {len(value)} entries, at least {limit.few} are needed"
        return ""
    if limit.choices and value not in limit.choices:
        return f"is {value!r}, must be one of {', '.join(str(c) for c in limit.choices)}"
    if isinstance(value, str):
        if limit.longest is not None and len(value) > limit.longest:
            return f'"{value}" has {len(value)} characters, at most {limit.longest} are allowed'
        if limit.pattern and not matches(limit.pattern, value):
            return f'"{value}" {limit.says or "must match " + limit.pattern}'
        return ""
    least, most = limit.least, limit.most
    if isinstance(value, int | float) and (
        (least is not None and value < least) or (most is not None and value > most)
    ):
        bounds = " and ".join(f"{w} {b:g}" for w, b in (("at least", least), ("at most", most)) if b is not None)
        return f"is {value}, must be {bounds}"
    return ""


def _groups(resource: Resource, inputs: Properties) -> list[tuple[str, str]]:
    failures = []
    for group in resource.one_of:
        given = [name for name in group if inputs.get(name) is not None]
        if len(given) != 1:
            said = f"got {', '.join(given)}" if given else "got none"
            failures.append((group[0], f"exactly one of {', '.join(group)} must be set, {said}"))
    for group in resource.conflicts:
        given = [name for name in group if inputs.get(name) is not None]
        if len(given) > 1:
            failures.append((given[0], f"{' and '.join(given)} exclude each other; set one of them"))
    return failures
