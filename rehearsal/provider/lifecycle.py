"""Create, read, update and delete, for every type alike: what surrounds a type's own calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.provider import names
from rehearsal.provider.differing import difference
from rehearsal.provider.documents import canonical, canonical_policy, canonical_set, nothing, without_defaults
from rehearsal.provider.refusals import AccountRefusal, HalfMade, InitFailed, ProviderRefusal
from rehearsal.values import UNKNOWN, Properties

if TYPE_CHECKING:
    from rehearsal.provider.account import Account
    from rehearsal.provider.described import Resource

MARK = "__defaults"


def preview_create(resource: Resource, account: Account, inputs: Properties) -> Properties:
    """What is known of the outputs before a creation."""
    made = _with_core(resource, account, without_defaults(inputs))
    for name in resource.outputs():
        if name not in made and (name in resource.computed or name in resource.optional_computed):
            made[name] = UNKNOWN
    for path in resource.optional_computed:
        parent, _, name = path.rpartition(".")
        if parent:
            _unknown_members(made, parent.split("."), name)
    return made | _planned(resource, account, inputs.get("region"), inputs)


def _planned(resource: Resource, account: Account, region: Any, inputs: Properties) -> Properties:
    return {} if region is UNKNOWN else resource.planned(account.in_region(region), inputs)


def _unknown_members(value: Any, path: list[str], name: str) -> None:
    if isinstance(value, list):
        for item in value:
            _unknown_members(item, path, name)
    elif isinstance(value, dict) and path:
        _unknown_members(value.get(path[0].removesuffix("[]")), path[1:], name)
    elif isinstance(value, dict):
        value.setdefault(name, UNKNOWN)


def create(resource: Resource, account: Account, inputs: Properties) -> tuple[str, Properties]:
    """Make the resource and read it back.

    Raises:
        InitFailed: it exists and something that belongs to its creation failed.

    """
    account = account.in_region(inputs.get("region"))
    plain = without_defaults(inputs)
    try:
        id_ = resource.create(account, plain)
    except HalfMade as half:
        raise InitFailed(str(half), half.id, _with_core(resource, account, plain), inputs) from half
    try:
        outputs = truth(resource, account, id_, plain)
    except ProviderRefusal as refusal:
        raise InitFailed(str(refusal), id_, _with_core(resource, account, plain), inputs) from refusal
    if outputs is None:
        message = f"{resource.noun} {id_} was created and is not there when it is read"
        raise InitFailed(message, id_, _with_core(resource, account, plain), inputs)
    return id_, outputs


def truth(resource: Resource, account: Account, id_: str, state: Properties) -> Properties | None:
    """The outputs as the account has them; what it doesn't tell is taken from the state. None: it doesn't exist."""
    try:
        found = resource.read(account, id_, state)
        if found is None:
            return None
        if resource.tagging and "tags" not in found:
            found["tags"] = resource.tagging.read(account, id_, {**state, **found})
    except AccountRefusal as refusal:
        if resource.gone(refusal):
            return None
        raise
    nodes = resource.outputs()
    kept = {
        name: value for name, value in state.items() if name not in found and name in nodes and value is not UNKNOWN
    }
    told = {name: settled(resource, name, nodes.get(name), state.get(name), value) for name, value in found.items()}
    outputs = kept | {name: value for name, value in told.items() if value is not None}
    return _with_core(resource, account, outputs)


def settled(resource: Resource, path: str, node: Any, state: Any, found: Any) -> Any:
    """The value found, in the state's words where both mean the same."""
    if state is None or found is None or state is UNKNOWN:
        return None if found in ({}, []) and state is None else found
    if nothing(state) and nothing(found):
        return state
    if path in resource.documents:
        return state if canonical_policy(state) == canonical_policy(found) else found
    if path in resource.sets:
        return state if canonical_set(state) == canonical_set(found) else found
    if "." not in path and "[" not in path and resource.same(path, state, found):
        return state
    if isinstance(state, dict) and isinstance(found, dict) and not isinstance(node, str):
        if isinstance(node, dict) and "map" in node:
            return state if canonical(state) == canonical(found) else found
        kept = {k: v for k, v in state.items() if k not in found and (nothing(v) or f"{path}.{k}" in resource.unread)}
        told = {k: settled(resource, f"{path}.{k}", names.inner(node, k), state.get(k), v) for k, v in found.items()}
        return kept | {k: v for k, v in told.items() if v is not None}
    if isinstance(state, list) and isinstance(found, list) and len(state) == len(found):
        below = names.element(node)
        return [settled(resource, f"{path}[]", below, s, f) for s, f in zip(state, found, strict=True)]
    if not isinstance(state, dict | list) and str(state) == str(found):
        return state
    return found


def _with_core(resource: Resource, account: Account, outputs: Properties) -> Properties:
    """Outputs with what every type of a kind has: tagsAll and region."""
    nodes = resource.outputs()
    made = dict(outputs)
    if "tagsAll" in nodes:
        made["tagsAll"] = made["tags"] if made.get("tags") is UNKNOWN else dict(made.get("tags") or {})
    if "region" in nodes:
        made["region"] = made.get("region") or account.region
    return made


def read(
    resource: Resource, account: Account, id_: str, state: Properties, inputs: Properties
) -> tuple[str, Properties, Properties]:
    """For refresh and import: the id ("" if it is gone), the outputs, and the inputs that would make them."""
    account = account.in_region(state.get("region") or inputs.get("region"))
    outputs = truth(
        resource, account, id_, {k: v for k, v in (state or resource.imported(account, id_)).items() if k != MARK}
    )
    if outputs is None:
        return "", {}, {}
    return id_, outputs, inputs_of(resource, account, outputs, inputs)


def inputs_of(resource: Resource, account: Account, outputs: Properties, old: Properties) -> Properties:
    """The inputs that outputs come from: those of the last run where they still hold, the account's where not."""
    made: Properties = {}
    for name, node in resource.inputs().items():
        value, before = outputs.get(name), old.get(name)
        if before is not None:
            kept = _projected(resource, name, node, before, value)
            if kept is not None:
                made[name] = kept
        elif (
            nothing(value)
            or (name == "region" and value == account.region)
            or (not old and (name in resource.lacks or _excluded(resource, name, made)))
        ):
            continue
        elif not old or name not in resource.optional_computed:
            made[name] = value
    made[MARK] = [name for name in old.get(MARK, ()) if name in made]
    return made


def _excluded(resource: Resource, name: str, made: Properties) -> bool:
    """Whether a property read in an import says again what one that excludes it has said."""
    return any(name in group and any(other in made for other in group) for group in resource.conflicts)


def _projected(resource: Resource, path: str, node: Any, before: Any, value: Any) -> Any:
    """An old input brought up to date: only what was given is looked at, marks of defaults stay."""
    if value is None:
        return before if nothing(before) or path in resource.unread else None
    if isinstance(before, dict) and isinstance(value, dict) and isinstance(node, dict) and "object" in node:
        made = {k: before[k] for k in (MARK,) if k in before}
        for name, item in before.items():
            if name != MARK:
                kept = _projected(resource, f"{path}.{name}", names.inner(node, name), item, value.get(name))
                if kept is not None:
                    made[name] = kept
        return made
    if isinstance(before, list) and isinstance(value, list) and len(before) == len(value):
        below = names.element(node)
        return [_projected(resource, f"{path}[]", below, b, v) for b, v in zip(before, value, strict=True)]
    return value


def preview_update(
    resource: Resource, account: Account, state: Properties, old_inputs: Properties, news: Properties
) -> Properties:
    """What is known of the outputs before an update."""
    changed = set(difference(resource, state, old_inputs, news, account.region).properties)
    made = _overlaid(resource, account, state, news)
    for name, causes in resource.recomputed.items():
        if changed & set(causes):
            made[name] = UNKNOWN
    return made | (_planned(resource, account, state.get("region"), news) if changed else {})


def _overlaid(resource: Resource, account: Account, state: Properties, news: Properties) -> Properties:
    nodes = resource.inputs()
    kept = {k: v for k, v in state.items() if k not in nodes or k in resource.optional_computed or k == "region"}
    return _with_core(resource, account, kept | without_defaults(news))


def update(
    resource: Resource, account: Account, id_: str, state: Properties, old_inputs: Properties, news: Properties
) -> Properties:
    """Bring the resource to the new inputs and read it back.

    Raises:
        InitFailed: anything failed. The new state is recorded, as the bridge does.

    """
    account = account.in_region(state.get("region"))
    changed = set(difference(resource, state, old_inputs, news, account.region).properties)
    wanted = _overlaid(resource, account, state, news)
    try:
        if resource.tagging and "tags" in changed:
            resource.tagging.change(account, id_, state, state.get("tags") or {}, news.get("tags") or {})
        if rest := changed - {"tags"}:
            resource.update(account, id_, state, without_defaults(news), rest)
        outputs = truth(resource, account, id_, wanted)
    except ProviderRefusal as refusal:
        raise InitFailed(str(refusal), id_, wanted, news) from refusal
    if outputs is None:
        message = (
            f"{resource.noun} {id_} is gone: something outside Pulumi deleted it. A refresh takes it out of the state"
        )
        raise InitFailed(message, id_, wanted, news)
    return outputs


def delete(resource: Resource, account: Account, id_: str, state: Properties) -> None:
    """Delete the resource; one that is gone already is no error."""
    account = account.in_region(state.get("region"))
    try:
        resource.delete(account, id_, state)
    except AccountRefusal as refusal:
        if not resource.gone(refusal):
            raise
