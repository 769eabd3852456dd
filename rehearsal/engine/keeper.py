"""Keeping the state while it changes: each step is noted before it begins and written down when it ends.

The snapshot is what the steps added, in the order in which they ended, and behind it what is left of the old one. A
resource ends after all it depends on, so the order needs no sorting. Source: pulumi/pulumi, pkg/backend/snapshot.go.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from rehearsal.engine.refreshing import without_what_is_gone
from rehearsal.engine.steps import KINDS, Step
from rehearsal.state import ENGINE_VERSION, Manifest, PendingOperation, ResourceState, Snapshot
from rehearsal.state.snapshot import now

if TYPE_CHECKING:
    from collections.abc import Callable

_PASSING = frozenset({"written", "inputs_from", "stack_trace", "source_position", "aliases"})


class Keeper:
    """The snapshot of a run. `save` None: a dry run, nothing is written."""

    def __init__(self, base: Snapshot, save: Callable[[Snapshot], None] | None) -> None:
        self._metadata = base.metadata
        self._plugins = base.manifest.plugins
        self._save = save
        self._lock = threading.Lock()
        self._saving = threading.Lock()
        self._version = self._saved = 0
        self.base = base.resources
        self._added: list[ResourceState] = []
        self._retired: set[int] = set()
        self._pending: list[PendingOperation] = [p for p in base.pending_operations if p.type == "creating"]
        self._begun: dict[int, PendingOperation] = {}
        self._refreshed = False
        """Whether resources were refreshed one by one: then some may be gone that others refer to."""

    def begin(self, step: Step) -> None:
        """Note an operation before its first call."""
        pending = KINDS[step.kind].pending
        if not pending or self._save is None or step.skipped:
            return
        with self._lock:
            self._begun[id(step)] = PendingOperation(step.state, pending)
            self._version += 1
        self._write()

    def end(self, step: Step, *, succeeded: bool) -> None:
        """Write down how it ended."""
        kind, old, new = KINDS[step.kind], step.old, step.new
        with self._lock:
            self._begun.pop(id(step), None)
            if step.skipped:
                return
            if succeeded:
                gone = old is not None and {
                    "old": True, "replaced": old.pending_replacement, "deleted": not old.pending_replacement, "": False,
                }[kind.retires]  # fmt: skip
                if gone:
                    self._retired.add(id(old))
                if kind.appends and new is not None:
                    self._added.append(new)
                if step.kind == "refresh" and step.then:
                    self._refreshed = True
                    self._retired.add(id(old))
                    self._added += [new] if new is not None else []
            self._version += 1
        if step.kind == "same" and old is not None and new is not None and alike(old, new):
            return  # the next write takes it along
        if step.kind == "refresh" and not step.then:
            return  # the base is put in place as a whole
        self._write()

    def changed(self) -> None:
        """Something in a kept state changed in place."""
        with self._lock:
            self._version += 1
        self._write()

    def rebase(self, resources: list[ResourceState]) -> None:
        """Put another base in place of the old one, after a refresh."""
        with self._lock:
            self.base = resources
            self._version += 1
        self._write()

    def abandon(self) -> None:
        """Write nothing more: the run was killed, and what is noted as begun may or may not have happened."""
        self._save = None

    def close(self) -> None:
        """Write what isn't written yet."""
        if self._version != self._saved:
            self._write()

    def snapshot(self) -> Snapshot:
        """The state as it is now."""
        with self._lock:
            kept = [s for s in self._added if id(s) not in self._retired]
            kept += [s for s in self.base if id(s) not in self._retired]
            pending = [*self._pending, *self._begun.values()]
        manifest = Manifest(now(), ENGINE_VERSION, None, self._plugins)
        kept = normalized(kept)
        if self._refreshed:
            kept = without_what_is_gone(kept)
        return Snapshot(kept, pending, manifest, self._metadata)

    def _write(self) -> None:
        """Save; whoever waited while somebody else saved a later state has nothing left to do."""
        if self._save is None:
            return
        wanted = self._version
        with self._saving:
            if self._saved >= wanted:
                return
            version = self._version
            self._save(self.snapshot())
            self._saved = version


def normalized(resources: list[ResourceState]) -> list[ResourceState]:
    """References to old URNs replaced by the new ones, and aliases dropped, as they are only needed to do so."""
    renamed = {alias: r.urn for r in resources for alias in r.aliases if alias != r.urn}
    if not renamed:
        return resources
    return [_renamed(r, renamed) for r in resources]


def _renamed(state: ResourceState, renamed: dict[str, str]) -> ResourceState:
    def new(urn: str) -> str:
        return renamed.get(urn, urn)

    def reference(text: str) -> str:
        urn, _, id_ = text.rpartition("::")
        return f"{new(urn)}::{id_}" if urn in renamed else text

    changes = {
        "parent": new(state.parent), "provider": reference(state.provider), "deleted_with": new(state.deleted_with),
        "dependencies": [new(u) for u in state.dependencies], "replace_with": [new(u) for u in state.replace_with],
        "property_dependencies": {k: [new(u) for u in v] for k, v in state.property_dependencies.items()},
        "aliases": [],
    }  # fmt: skip
    return state if all(getattr(state, k) == v for k, v in changes.items()) else state.copy(**changes)


def alike(old: ResourceState, new: ResourceState) -> bool:
    """Whether nothing that matters differs, so that writing can wait."""
    return all(
        getattr(old, name) == getattr(new, name)
        for name in old.__dataclass_fields__
        if name not in _PASSING and name not in ("created", "modified")
    )
