"""What all parts of one run share."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from rehearsal import urns
from rehearsal.engine.graph import Graph
from rehearsal.errors import StateError
from rehearsal.state import ResourceState, Snapshot

if TYPE_CHECKING:
    from rehearsal.engine import Request
    from rehearsal.engine.events import Events
    from rehearsal.engine.hooks import Hooks
    from rehearsal.engine.keeper import Keeper
    from rehearsal.engine.policies import Policies
    from rehearsal.engine.providers import Providers
    from rehearsal.goal import Goal


class Bail(Exception):  # noqa: N818  # no error of its own: what went wrong has been said
    """The run can't go on, and why has been said already."""


class Deployment:
    """The state of one run. `olds`: what was there, `news`: what was brought about, `reads`: what was only read."""

    events: Events
    hooks: Hooks
    keeper: Keeper
    providers: Providers
    policies: Policies

    def __init__(self, request: Request) -> None:
        self.request = request
        self.dry_run = request.operation == "preview" or request.preview_only
        self.destroying = request.operation == "destroy" and request.run_program
        self.only_refreshing = request.operation == "refresh" and request.run_program
        """Whether the program runs only so that its resources are refreshed."""
        self.refreshing = self.only_refreshing or (
            request.refresh and request.run_program and request.operation in ("preview", "up")
        )
        """Whether resources are refreshed when the program registers them, and not before."""
        base = request.snapshot or Snapshot()
        self.base = Snapshot([_own(r) for r in base.resources], base.pending_operations, base.manifest, base.metadata)
        self.news: dict[str, ResourceState] = {}
        self.reads: dict[str, ResourceState] = {}
        self.goals: dict[str, Goal] = {}
        self.stopped = threading.Event()
        """Set when no further step may begin."""
        self.saw_error = False
        """Something was found that fails the run at its end."""
        self.step_failed = False
        self.hook_failed = False
        """A hook failed after its step was done."""
        self.corrupt = False
        self.rebase()

    def rebase(self) -> None:
        """Take stock of the base anew."""
        self.graph = Graph(self.base.resources)
        self.olds: dict[str, ResourceState] = {}
        for state in self.base.resources:
            if not state.delete:
                if state.urn in self.olds:
                    raise StateError(f"the state holds {state.urn} twice", urn=state.urn)
                self.olds[state.urn] = state

    def find(self, urn: str) -> ResourceState | None:
        """A resource of this run, managed or read."""
        return self.news.get(urn) or self.reads.get(urn)

    def ensure_provider(self, reference: str) -> None:
        """Have the provider ready that an old resource refers to. Raises StateError when the state doesn't hold it."""
        if not reference or self.providers.get(reference) is not None:
            return
        urn, id_ = urns.provider_of(reference)
        for state in self.base.resources:
            if state.urn == urn and state.id == id_:
                self.providers.ensure(state)
                return
        raise StateError(f"the state refers to the provider {reference} but doesn't hold it")


def _own(state: ResourceState) -> ResourceState:
    """A copy: planning marks states, and those of the caller are the caller's."""
    copy = state.copy()
    copy.written = state.written
    return copy
