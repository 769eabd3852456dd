"""The course of one registration through planning, which a refresh or an import may interrupt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rehearsal import urns
from rehearsal.state import ResourceState

if TYPE_CHECKING:
    from rehearsal.engine.steps import Registration
    from rehearsal.goal import Goal


@dataclass(eq=False)
class Course:
    """What is known of a registration so far.

    `old`: the state it goes on from; a refresh or an import puts another in its place. `provider`: what checks and
    makes it, None for components. `recreating`: it was deleted earlier in this run. `invalid`: something is wrong.
    """

    registration: Registration
    goal: Goal
    old: ResourceState | None
    new: ResourceState
    invalid: bool = False
    provider: Any = None
    recreating: bool = False
    seed: bytes = b""

    @property
    def urn(self) -> str:
        """The resource's URN."""
        return self.new.urn


def needed_by(new: ResourceState) -> set[str]:
    """URNs that a resource needs, its provider's among them."""
    return {*new.all_dependencies(), *([urns.provider_of(new.provider)[0]] if new.provider else [])}


def new_state(urn: str, goal: Goal, old: ResourceState | None, alias: str) -> ResourceState:
    """The state that a goal asks for; `alias` is the old URN, if it was another."""
    return ResourceState(
        urn=urn, type=goal.type, custom=goal.custom, inputs=goal.properties, parent=goal.parent, provider=goal.provider,
        dependencies=goal.dependencies, property_dependencies=goal.property_dependencies,
        protect=bool(goal.protect), retain_on_delete=bool(goal.retain_on_delete), deleted_with=goal.deleted_with,
        replace_with=goal.replace_with, aliases=[alias] if alias else [],
        additional_secret_outputs=goal.additional_secret_outputs, custom_timeouts=goal.custom_timeouts,
        ignore_changes=goal.ignore_changes, replace_on_changes=goal.replace_on_changes, hide_diff=goal.hide_diff,
        replacement_trigger=goal.replacement_trigger, import_id=goal.import_id, resource_hooks=goal.resource_hooks,
        created=old.created if old else "", modified=old.modified if old else "",
        refresh_before_update=old.refresh_before_update if old else False,
        source_position=goal.source_position, stack_trace=goal.stack_trace,
    )  # fmt: skip
