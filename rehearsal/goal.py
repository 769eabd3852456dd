"""What a program asks for: a resource as it should be, a resource to read. The engine plans from these."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rehearsal.values import Properties

HOOK_KINDS = {
    "BeforeCreate": "before_create",
    "AfterCreate": "after_create",
    "BeforeUpdate": "before_update",
    "AfterUpdate": "after_update",
    "BeforeDelete": "before_delete",
    "AfterDelete": "after_delete",
    "OnError": "on_error",
}
"""Kinds of hooks: name in state -> name on the wire."""


@dataclass(frozen=True)
class Alias:
    """Another URN the resource may have had: whole (`urn`), or its parts where they differ from the present ones."""

    urn: str = ""
    name: str = ""
    type: str = ""
    stack: str = ""
    project: str = ""
    parent: str = ""
    no_parent: bool = False


@dataclass
class Goal:
    """A resource as it should be; `protect` and the like are None where nothing was said."""

    type: str
    name: str
    custom: bool
    properties: Properties
    parent: str = ""
    provider: str = ""
    dependencies: list[str] = field(default_factory=list)
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    protect: bool | None = None
    retain_on_delete: bool | None = None
    delete_before_replace: bool | None = None
    ignore_changes: list[str] = field(default_factory=list)
    replace_on_changes: list[str] = field(default_factory=list)
    hide_diff: list[str] = field(default_factory=list)
    additional_secret_outputs: list[str] = field(default_factory=list)
    aliases: list[Alias] = field(default_factory=list)
    import_id: str = ""
    custom_timeouts: dict[str, float] = field(default_factory=dict)
    deleted_with: str = ""
    replace_with: list[str] = field(default_factory=list)
    replacement_trigger: Any = None
    resource_hooks: dict[str, list[str]] = field(default_factory=dict)
    source_position: str = ""
    stack_trace: list[str] = field(default_factory=list)


@dataclass
class ReadGoal:
    """An existing resource to be read, not managed."""

    type: str
    name: str
    id: Any
    properties: Properties
    parent: str = ""
    provider: str = ""
    dependencies: list[str] = field(default_factory=list)
    additional_secret_outputs: list[str] = field(default_factory=list)
    source_position: str = ""


@dataclass(frozen=True)
class PackageRequest:
    """Which provider package is wanted."""

    name: str
    version: str = ""
    url: str = ""


@dataclass(frozen=True)
class Diff:
    """What a provider says of a change. `changes`: some, none or unknown. `detailed`: path -> (kind, about inputs)."""

    changes: str
    replaces: list[str] = field(default_factory=list)
    diffs: list[str] = field(default_factory=list)
    detailed: dict[str, tuple[str, bool]] | None = None
    delete_before_replace: bool = False

    @property
    def replace(self) -> bool:
        """Whether the change can only be made by a new resource."""
        return bool(self.replaces) or any(kind.endswith("-replace") for kind, _ in (self.detailed or {}).values())


@dataclass(frozen=True)
class Made:
    """What a provider returns for a resource it made, changed or read; a read resource that's gone has an empty id."""

    id: str
    outputs: Properties
    inputs: Properties | None = None
    refresh_before_update: bool = False


@dataclass(frozen=True)
class Failure:
    """One thing a provider finds wrong with inputs."""

    property: str
    reason: str
