"""Whether a resource changes, and whether it has to be replaced.

Source: pulumi/pulumi, pkg/resource/deploy/step_generator.go (diff, providerChanged, applyReplaceOnChanges).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rehearsal import urns
from rehearsal.engine.providers import filtered
from rehearsal.errors import ProviderError
from rehearsal.values import Properties, contains_unknowns, paths, plain
from rehearsal.values.compare import changed_keys, differences, equal

if TYPE_CHECKING:
    from rehearsal.engine.deployment import Deployment
    from rehearsal.engine.events import Events
    from rehearsal.goal import Diff
    from rehearsal.state import ResourceState

INIT_ERROR = "#initerror"


def ignoring_changes(events: Events, urn: str, inputs: Properties, olds: Properties, ignored: list[str]) -> Properties:
    """Inputs with the values of the ignored paths taken from the old inputs."""
    impossible: list[str] = []
    result: Any = inputs
    for text in ignored:
        result, done = paths.reset(paths.parse(text), olds, result)
        if not done:
            impossible.append(text)
    if impossible:
        text = f'cannot ignore changes in added or removed elements of the path: "{", ".join(impossible)}"'
        events.diagnostic("info", text, urn)
    return result  # type: ignore[no-any-return]


def compare(  # noqa: PLR0913
    d: Deployment, old: ResourceState, inputs: Properties, provider: Any, ignored: list[str], *, unknowns: bool
) -> Diff:
    """The provider's opinion; where it has none, the inputs decide."""
    diff: Diff = provider.diff(old.urn, old.id, old.inputs, old.outputs, inputs, ignored, unknowns=unknowns)
    if diff.changes != "unknown":
        return diff
    found = differences(old.inputs, ignoring_changes(d.events, old.urn, inputs, old.inputs, ignored))
    if not found:
        return replace(diff, changes="none")
    return replace(diff, changes="some", diffs=changed_keys(found), detailed={p: (k, True) for p, k in found.items()})


def provider_changed(d: Deployment, old: ResourceState, new: ResourceState, renamed: dict[str, str]) -> bool:
    """Whether the change of provider, if any, asks for a new resource."""
    if old.provider == new.provider:
        return False
    if not old.provider or not new.provider:
        return True
    old_urn, _ = urns.provider_of(old.provider)
    new_urn, _ = urns.provider_of(new.provider)
    if renamed.get(old_urn) == new_urn:
        return False
    before, after = d.olds.get(old_urn), d.news.get(new_urn)
    client = d.providers.need(new.provider, new.urn)
    if before is None or after is None:
        raise ProviderError(f"the providers {old_urn} and {new_urn} can't be compared: one isn't known", urn=new.urn)
    diff = client.diff_config(new_urn, filtered(before.inputs), before.outputs, filtered(after.inputs))
    return diff.replace


def trigger_fired(old: Any, new: Any) -> bool:
    """Whether the replacement trigger changed; none on either side is no trigger, an unknown one counts as changed."""
    if old is None or new is None:
        return False
    return contains_unknowns(new) or not equal(plain(old), plain(new))


def with_replace_on_changes(diff: Diff, wanted: list[str], *, init_errors: bool) -> Diff:
    """The diff with those changes turned to replacements that the resource asks to have replaced."""
    if not wanted or (diff.changes != "some" and not init_errors):
        return diff
    wished = [paths.parse(w) for w in wanted]

    def asked(path: str) -> bool:
        inner = paths.parse(path)
        return any(paths.contains(w, inner) for w in wished)

    detailed = diff.detailed
    if detailed is not None:
        detailed = {
            p: (f"{k.removesuffix('-replace')}-replace" if asked(p) else k, i) for p, (k, i) in detailed.items()
        }
    replaces = list(dict.fromkeys([*diff.replaces, *(k for k in diff.diffs if asked(k))]))
    changes = diff.changes
    if init_errors and asked(INIT_ERROR):
        replaces.append(INIT_ERROR)
        changes = "some"
        if detailed is not None:
            detailed[INIT_ERROR] = ("update-replace", False)
    return replace(diff, changes=changes, replaces=replaces, detailed=detailed)
