"""One resource as state records it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.values import Properties


class Written(NamedTuple):
    """The JSON text of a state, and the features that a document needs to hold it."""

    text: str
    features: list[str]


@dataclass(eq=False)
class ResourceState:
    """A resource: identity, inputs, outputs, what it depends on, and the options that outlive a run.

    Names are those of Pulumi's ResourceV3 in Python's spelling. `delete`: replaced, to be deleted.
    `pending_replacement`: already deleted, to be created again. `resource_hooks`: kind (`BeforeDelete`, ...) -> names.
    Times are RFC 3339.
    Two states are the same only when they are one object; use `copy` for changed ones.
    """

    urn: str
    type: str
    custom: bool
    id: str = ""
    inputs: Properties = field(default_factory=dict)
    outputs: Properties = field(default_factory=dict)
    parent: str = ""
    provider: str = ""
    dependencies: list[str] = field(default_factory=list)
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    protect: bool = False
    delete: bool = False
    external: bool = False
    taint: bool = False
    pending_replacement: bool = False
    retain_on_delete: bool = False
    deleted_with: str = ""
    replace_with: list[str] = field(default_factory=list)
    init_errors: list[str] = field(default_factory=list)
    aliases: list[str] = field(default_factory=list)
    additional_secret_outputs: list[str] = field(default_factory=list)
    custom_timeouts: dict[str, float] = field(default_factory=dict)
    ignore_changes: list[str] = field(default_factory=list)
    replace_on_changes: list[str] = field(default_factory=list)
    hide_diff: list[str] = field(default_factory=list)
    replacement_trigger: Any = None
    import_id: str = ""
    refresh_before_update: bool = False
    resource_hooks: dict[str, list[str]] = field(default_factory=dict)
    created: str = ""
    modified: str = ""
    source_position: str = ""
    stack_trace: list[str] = field(default_factory=list)
    written: Written | None = field(default=None, init=False, repr=False)
    """This state as last written; None once anything changed."""

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        if name != "written":
            object.__setattr__(self, "written", None)

    def copy(self, **changes: Any) -> ResourceState:
        """A state like this one but for `changes`."""
        return replace(self, **changes)

    def all_dependencies(self) -> Iterator[str]:
        """URNs this resource needs: parent, dependencies, deletedWith, replaceWith; not its provider."""
        if self.parent:
            yield self.parent
        yield from self.dependencies
        for urns in self.property_dependencies.values():
            yield from urns
        if self.deleted_with:
            yield self.deleted_with
        yield from self.replace_with


@dataclass(eq=False)
class PendingOperation:
    """An operation that was begun: `type` is creating, updating, deleting, reading or importing."""

    resource: ResourceState
    type: str
