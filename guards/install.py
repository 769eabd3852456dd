"""Putting the guards on: the program's registrations get hooks, and the engine is told where to call them.

The hooks' names live in state: an older program's names must stay registered, so there are few and they never change.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from findings.exemptions import ExemptionsError
from guards import registering
from guards.hooks import Guards
from guards.report import Report

if TYPE_CHECKING:
    from collections.abc import Sequence

UNKNOWN_VARIABLE = "HOLDFAST_UNKNOWN_IN_PREVIEWS"

_installed: dict[int, Guards] = {}


def install(
    *,
    exemptions: Path | None = None,
    verify: bool = True,
    unknown_in_previews: Literal["refuse", "warn"] | None = None,
    regions: Sequence[str] = (),
) -> None:
    """Guard every resource of this program that an endpoint may depend on. Call it once, before the first resource.

    A stack is guarded after its first `pulumi up` with this call: hooks live in its state, and `pulumi destroy` then
    wants `--run-program`. Calling it again does nothing.

    Arguments:
        exemptions: path of exemptions.yaml; None takes HOLDFAST_EXEMPTIONS, else the file beside Pulumi.yaml.
        verify: whether creations and updates of endpoints are verified before anything old is deleted.
        unknown_in_previews: `warn` makes what could not be known a visible warning in previews; `up` refuses it always.
            None takes HOLDFAST_UNKNOWN_IN_PREVIEWS, else `refuse`.
        regions: other Regions of the account whose endpoints may use this stack's roles, buckets and artifacts
            (`["eu-west-1"]`); they are read when one of these is to go.

    Raises:
        pulumi.RunError: unknown_in_previews is neither, the exemptions can't be read, or the engine has no transforms
            or hooks. Pulumi shows its message without a traceback.
        RuntimeError: outside a Pulumi program.

    """
    unknown = unknown_in_previews or os.environ.get(UNKNOWN_VARIABLE) or "refuse"
    import pulumi
    from pulumi.runtime import settings
    from pulumi.runtime.mocks import MockMonitor
    from pulumi.runtime.proto import engine_pb2, resource_pb2

    if unknown not in {"refuse", "warn"}:
        raise pulumi.RunError(
            f"guards.install(unknown_in_previews=...), or {UNKNOWN_VARIABLE}, is refuse or warn, not {unknown!r}."
        )
    monitor = settings.get_monitor()
    if monitor is None:
        raise RuntimeError("guards.install() works inside a Pulumi program only (pulumi preview, up, destroy).")
    if isinstance(monitor, MockMonitor) or id(monitor) in _installed:
        return  # mocks have no engine that could be held back
    for feature, name in (
        (resource_pb2.RESOURCE_MONITOR_FEATURE_TRANSFORMS, "resource transforms"),
        (resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS, "resource hooks"),
        (resource_pb2.RESOURCE_MONITOR_FEATURE_ERROR_HOOKS, "error hooks"),
    ):
        if not settings.monitor_supports_feature(feature):
            raise pulumi.RunError(f"This Pulumi engine has no {name}, which the guards need. Update the Pulumi CLI.")

    from guards.callbacks import Callbacks
    from guards.monitor import Monitor

    callbacks = Callbacks(monitor)
    watched = Monitor(monitor, callbacks)
    dry_run = settings.is_dry_run()
    engine: Any = settings.get_engine()

    def say(severity: str, text: str, urn: str) -> None:
        number = getattr(engine_pb2, severity.upper())
        engine.Log(engine_pb2.LogRequest(severity=number, message=text, urn=urn))

    directory = Path(settings.get_root_directory() or ".")
    report = Report(
        dry_run=dry_run,
        exemptions=exemptions,
        directory=directory,
        say=say,
        unknown_warns=unknown == "warn",
    )
    try:
        report.exemptions  # noqa: B018 - a file that can't be used is said now, not at the first finding
    except ExemptionsError as error:
        raise pulumi.RunError(str(error)) from None
    guards = Guards(
        dry_run=dry_run,
        project=settings.get_project(),
        stack=settings.get_stack(),
        report=report,
        verify=verify,
        regions=regions,
        program_done=lambda: watched.program_done,
    )
    _installed[id(monitor)] = guards
    for name, function, on_dry_run in (
        (registering.HOOK_BEFORE_CREATE, guards.before_create, True),
        (registering.HOOK_AFTER_CREATE, guards.after_change, False),
        (registering.HOOK_BEFORE_UPDATE, guards.before_update, True),
        (registering.HOOK_AFTER_UPDATE, guards.after_change, False),
        (registering.HOOK_BEFORE_DELETE, watched.unanswered.guarding(guards.before_delete), True),
        (registering.HOOK_AFTER_DELETE, guards.after_delete, False),
    ):
        callbacks.add_hook(name, function, on_dry_run=on_dry_run)
    callbacks.add_error_hook(registering.HOOK_AFTER_FAILURE, guards.after_failure)
    watched.watch(guards)


def exemptions_in_force() -> list[dict[str, str]]:
    """The exemptions in force today, for the stack's outputs: guard or rule, resource, reason, owner, expires."""
    from findings.exemptions import today

    found: list[dict[str, str]] = []
    for guards in _installed.values():
        found += [
            {
                entry.source: entry.name,
                "resource": entry.resource,
                "reason": entry.reason,
                "owner": entry.owner,
                "expires": entry.expires_text,
            }
            for entry in guards.report.exemptions.entries
            if not entry.expired(today())
        ]
    return found
