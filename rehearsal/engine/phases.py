"""What a run does before its program runs, and when that has registered everything.

Source: pulumi/pulumi, pkg/resource/deploy/deployment_executor.go (Execute, checkTargets, performPostSteps).
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from rehearsal.engine import beforehand
from rehearsal.engine.deleting import delete_all
from rehearsal.engine.refreshing import refresh_all, refresh_some
from rehearsal.engine.targets import Targets, unknown_targets

if TYPE_CHECKING:
    from collections.abc import Collection

    from rehearsal.engine.deployment import Deployment
    from rehearsal.engine.executor import Executor
    from rehearsal.engine.planner import Planner


class Begin(Enum):
    """How a run goes on after its beginning."""

    GOES_ON = "goes on"
    ENDS = "ends"
    BAILS = "bails"


def begin(planner: Planner, executor: Executor) -> Begin:
    """Refresh what is to be refreshed before anything else."""
    d, scope = planner.d, planner.scope
    request = d.request
    everything = (request.refresh or request.operation == "refresh") and not d.refreshing
    if everything or (not d.refreshing and any(s.refresh_before_update for s in d.base.resources)):
        if d.base.resources:
            if _say_unknown(d, scope.targets) or _say_unknown(d, scope.excludes):
                return Begin.BAILS
            refresh_all(d, executor, scope, lambda s: everything or s.refresh_before_update)
        if d.step_failed or (request.operation == "refresh" and not d.only_refreshing):
            return Begin.ENDS
    else:
        beforehand.warn_of_pending(d)
    return Begin.BAILS if _say_unknown(d, scope.replaced) else Begin.GOES_ON


def finish(planner: Planner, executor: Executor) -> bool:
    """Delete what is to go, or refresh what nobody registered; whether all targets were there."""
    d, scope = planner.d, planner.scope
    unknown = _say_unknown(d, scope.targets, planner.urns)
    if d.stopped.is_set():
        return not unknown
    if d.only_refreshing:
        rest = [s for s in d.base.resources if not planner.operated_on(s.urn)]
        refresh_some(d, executor, scope.refreshed(rest))
        d.keeper.rebase(d.base.resources)
    else:
        delete_all(planner, executor)
    return not unknown


def _say_unknown(d: Deployment, targets: Targets, registered: Collection[str] = ()) -> bool:
    """Name the targets that nobody knows; whether there are any."""
    unknown = unknown_targets(targets, {s.urn for s in d.base.resources} | set(registered))
    for text in unknown:
        d.events.error(text)
    return bool(unknown)
