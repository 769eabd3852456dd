"""Steps: what the engine does to one resource, and the table of what each kind of step means.

Source: pulumi/pulumi, pkg/resource/deploy/step.go and pkg/backend/snapshot.go.
"""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rehearsal import urns

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.goal import Goal, ReadGoal
    from rehearsal.state import ResourceState
    from rehearsal.wire.registration import Registered


@dataclass(frozen=True)
class Kind:
    """One kind of step. `logical`: counts as a change. `pending`: the operation noted before it begins.

    `retires`: what of the old state leaves the snapshot when it succeeds: `old` always, `replaced` when it was pending
    replacement, `deleted` unless it is pending replacement now, or nothing. `appends`: the new state enters it.
    """

    logical: bool
    pending: str
    retires: str
    appends: bool


KINDS = {
    #                            logical  pending     retires     appends
    "same":                  Kind(True,  "",         "old",      True),
    "create":                Kind(True,  "creating", "replaced", True),
    "create-replacement":    Kind(False, "creating", "replaced", True),
    "update":                Kind(True,  "updating", "old",      True),
    "replace":               Kind(True,  "",         "",         False),
    "delete":                Kind(True,  "deleting", "deleted",  False),
    "delete-replaced":       Kind(False, "deleting", "deleted",  False),
    "discard":               Kind(True,  "deleting", "deleted",  False),
    "discard-replaced":      Kind(False, "deleting", "deleted",  False),
    "read":                  Kind(True,  "reading",  "old",      True),
    "read-replacement":      Kind(False, "reading",  "",         True),
    "refresh":               Kind(False, "",         "",         False),
    "import":                Kind(True,  "importing", "",        True),
    "import-replacement":    Kind(False, "importing", "",        True),
    "remove-pending-replace": Kind(False, "",        "old",      False),
}  # fmt: skip


@dataclass(eq=False)
class Registration:
    """A registration that somebody waits for."""

    goal: Goal | ReadGoal
    urn: str = ""
    done: Future[Registered] = field(default_factory=Future)

    def complete(self, registered: Registered) -> None:
        """Answer; only the first answer counts."""
        if not self.done.done():
            self.done.set_result(registered)

    def abort(self, error: BaseException) -> None:
        """Answer with an error, if there is no answer yet."""
        if not self.done.done():
            self.done.set_exception(error)


@dataclass(eq=False)
class Step:
    """One step. `keys` cause a replacement, `diffs` changed; `detailed`: path -> (kind of change, about inputs).

    `marks_pending_replacement`: a deletion before the replacement. `marks_delete`: the old one goes at the end.
    `skipped`: a creation that doesn't happen now. `untargeted`: not among the targets of the run.
    """

    kind: str
    urn: str
    old: ResourceState | None = None
    new: ResourceState | None = None
    registration: Registration | None = None
    keys: list[str] = field(default_factory=list)
    diffs: list[str] = field(default_factory=list)
    detailed: dict[str, tuple[str, bool]] | None = None
    marks_pending_replacement: bool = False
    marks_delete: bool = False
    skipped: bool = False
    untargeted: bool = False
    result: str = ""
    """What a refresh turned out to be: same, update or delete."""
    hidden: bool = False
    """A refresh of what can't be refreshed: the engine's own business."""
    then: Callable[[], list[Step]] | None = None
    """What is to be planned when it is done; whoever registered waits for that."""

    @property
    def state(self) -> ResourceState:
        """The state the step is about: the new one, or the old one if there is none."""
        found = self.new if self.new is not None else self.old
        if found is None:
            raise AssertionError(f"step {self.kind} of {self.urn} is about nothing")
        return found

    @property
    def logical(self) -> bool:
        """Whether it counts as a change of the program's."""
        return KINDS[self.kind].logical

    @property
    def internal(self) -> bool:
        """Whether it is the engine's own business: neither counted nor blamed on a resource."""
        return self.kind == "remove-pending-replace" or self.hidden or urns.is_default_provider(self.urn)

    @property
    def provider(self) -> str:
        """The reference of the provider that does it."""
        return self.state.provider


def property_diff(detailed: dict[str, tuple[str, bool]] | None) -> dict[str, Any] | None:
    """A detailed diff as events have it."""
    if detailed is None:
        return None
    return {path: {"diffKind": kind, "inputDiff": inputs} for path, (kind, inputs) in detailed.items()}
