"""Diff: what of the recorded state isn't as the inputs want it, and what of that replaces the resource.

As in Terraform, the recorded outputs are compared with the new inputs, so that what a refresh found is a difference.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rehearsal.provider import names
from rehearsal.provider.checking import MARK
from rehearsal.provider.documents import canonical, canonical_policy, canonical_set, nothing
from rehearsal.values import UNKNOWN, Archive, Asset, Properties

if TYPE_CHECKING:
    from rehearsal.provider.described import Resource

INDEX = re.compile(r"\[[^\]]*\]")


@dataclass(frozen=True)
class Change:
    """One difference: its path (`productionVariants[0].modelName`), add/delete/update, and whether it replaces."""

    path: str
    kind: str
    replaces: bool = False

    @property
    def top(self) -> str:
        """The property it is in."""
        return re.split(r"[.\[]", self.path, maxsplit=1)[0]


@dataclass
class Difference:
    """All differences of a resource."""

    changes: list[Change] = field(default_factory=list)
    delete_before_replace: bool = False

    @property
    def properties(self) -> list[str]:
        """The top-level properties that differ."""
        return sorted({c.top for c in self.changes})

    @property
    def replaces(self) -> list[str]:
        """The top-level properties that replace."""
        return sorted({c.top for c in self.changes if c.replaces})


def difference(
    resource: Resource, state: Properties, old_inputs: Properties, news: Properties, region: str = ""
) -> Difference:
    """Compare.

    Args:
        resource: the type.
        state: the outputs recorded.
        old_inputs: the inputs recorded.
        news: the inputs wanted, checked.
        region: the provider's region.

    """
    made = Difference()
    nodes = resource.inputs()
    for name in sorted(nodes):
        new, before = news.get(name), old_inputs.get(name)
        old = state.get(name, before)
        if new is None and (name in resource.optional_computed or (before is None and name in resource.unread)):
            continue
        if name == "region":
            changed = new is not UNKNOWN and (new or region) != (old or region)
            made.changes += [Change("region", "update", replaces=True)] if changed else []
            continue
        if resource.same(name, old, new):
            continue
        made.changes += _changes(resource, name, nodes[name], old, new, before)
    made.changes = [c for c in made.changes if not resource.suppressed(c.path, state, news)]
    made.changes = [
        Change(c.path, c.kind, c.replaces or resource.replaced_by(c.path, state, news)) for c in made.changes
    ]
    if made.replaces:
        made.delete_before_replace = resource.delete_before_replace or named_by_hand(resource, news)
    return made


def named_by_hand(resource: Resource, news: Properties) -> bool:
    """Whether a property that could have been named automatically was set: then two of it can't exist side by side."""
    rule = resource.auto_name
    return (
        rule is not None
        and news.get(rule.property) is not None
        and rule.property not in news.get(MARK, (rule.property,))
    )


def _changes(resource: Resource, path: str, node: Any, old: Any, new: Any, before: Any) -> list[Change]:
    """The changes at and below a path."""
    plain = INDEX.sub("[]", path)
    if new is UNKNOWN:
        return [Change(path, "add" if nothing(old) else "update", _unknown_replaces(resource, plain, node))]
    if _same(resource, plain, old, new):
        return []
    block = names.is_block(node)
    if nothing(old) or nothing(new):
        kind = "add" if nothing(old) else "delete"
        present = new if nothing(old) else old
        return [Change(path, kind, _any_leaf_replaces(resource, plain, node, present))]
    if isinstance(old, dict) and isinstance(new, dict) and not isinstance(node, str):
        return _members(resource, path, node, old, new, before if isinstance(before, dict) else {})
    if isinstance(old, list) and isinstance(new, list) and block and plain not in resource.sets:
        return _elements(resource, path, node, old, new, before if isinstance(before, list) else [])
    if block and plain in resource.sets:
        leaves = _any_leaf_replaces(resource, f"{plain}[]", names.element(node), (new or old)[0])
        return [Change(path, "update", _replaces(resource, plain) or leaves)]
    return [Change(path, "update", _replaces(resource, plain))]


def _members(
    resource: Resource, path: str, node: Any, old: Properties, new: Properties, before: Properties
) -> list[Change]:
    made: list[Change] = []
    is_map = isinstance(node, dict) and "map" in node
    for name in sorted(set(old) | set(new)):
        here = f"{path}.{name}"
        if name == MARK:
            continue
        if (
            not is_map
            and name not in new
            and (name not in before or INDEX.sub("[]", here) in resource.optional_computed)
        ):
            continue
        if is_map and name in old and name not in new:
            made.append(Change(here, "delete", _replaces(resource, INDEX.sub("[]", path))))
            continue
        made += _changes(resource, here, names.inner(node, name), old.get(name), new.get(name), before.get(name))
    return made


def _elements(
    resource: Resource, path: str, node: Any, old: list[Any], new: list[Any], before: list[Any]
) -> list[Change]:
    made: list[Change] = []
    for index in range(max(len(old), len(new))):
        ours = [values[index] if index < len(values) else None for values in (old, new, before)]
        made += _changes(resource, f"{path}[{index}]", names.element(node), *ours)
    return made


def _same(resource: Resource, plain: str, old: Any, new: Any) -> bool:
    if nothing(old) and nothing(new):
        return True
    if isinstance(old, Asset | Archive) or isinstance(new, Asset | Archive):
        return bool(canonical(old) == canonical(new))
    if plain in resource.documents:
        return bool(canonical_policy(old) == canonical_policy(new))
    if plain in resource.sets:
        return bool(canonical_set(old) == canonical_set(new))
    if isinstance(old, dict | list) or isinstance(new, dict | list):
        return bool(canonical(old) == canonical(new))
    return bool(_text(old) == _text(new))


def _text(value: Any) -> Any:
    """A primitive as Terraform compares it: "5" and 5 are one."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def _replaces(resource: Resource, plain: str) -> bool:
    """Whether a change of a leaf, or of what is below it, replaces."""
    if resource.replaces_all_but is not None:
        return not any(plain == p or plain.startswith((f"{p}.", f"{p}[")) for p in resource.replaces_all_but)
    return any(
        plain in (p, f"{p}[]") or (plain.startswith((f"{p}.", f"{p}[")) and not _block_at(resource, p))
        for p in resource.replaces
    )


def _block_at(resource: Resource, path: str) -> bool:
    node: Any = {"object": resource.inputs()}
    for part in path.split("."):
        node = names.inner(node, part.removesuffix("[]"))
        if part.endswith("[]"):
            node = names.element(node)
    return names.is_block(node)


def _any_leaf_replaces(resource: Resource, plain: str, node: Any, value: Any) -> bool:
    """Whether adding or removing a value replaces: by itself, or by anything that it holds."""
    if _replaces(resource, plain):
        return True
    if isinstance(value, list) and names.element(node) is not None:
        return any(_any_leaf_replaces(resource, f"{plain}[]", names.element(node), item) for item in value)
    if isinstance(value, dict) and isinstance(node, dict) and "object" in node:
        given = {k: v for k, v in value.items() if k != MARK and not nothing(v)}
        return any(_any_leaf_replaces(resource, f"{plain}.{k}", names.inner(node, k), v) for k, v in given.items())
    return False


def _unknown_replaces(resource: Resource, plain: str, node: Any) -> bool:
    """Whether a value not known yet replaces: it does, or all that it can hold does."""
    if _replaces(resource, plain):
        return True
    if isinstance(node, dict) and "list" in node and names.is_block(node):
        return _unknown_replaces(resource, f"{plain}[]", node["list"])
    if isinstance(node, dict) and "object" in node:
        return all(_unknown_replaces(resource, f"{plain}.{name}", below) for name, below in node["object"].items())
    return False
