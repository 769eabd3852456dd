"""Putting the guards on: one transform that adds the hooks to every resource of a guarded type, and the hooks.

The hooks' names live in state: an older program's names must stay registered, so there are few and they never change.
"""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from guards import kinds
from guards.errors import AccountUnknown
from guards.judge import Judge
from guards.live import Account
from guards.plan import Operation, Plan, Registration
from guards.report import Refused, Report
from guards.values import Unknown, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from guards.callbacks import Callbacks

HOOK_BEFORE_CREATE = "holdfast-before-create"
HOOK_AFTER_CREATE = "holdfast-after-create"
HOOK_BEFORE_UPDATE = "holdfast-before-update"
HOOK_AFTER_UPDATE = "holdfast-after-update"
HOOK_BEFORE_DELETE = "holdfast-before-delete"
HOOK_AFTER_DELETE = "holdfast-after-delete"
HOOK_AFTER_FAILURE = "holdfast-after-failure"
MARK = "holdfast:guarded"
UNKNOWN_VARIABLE = "HOLDFAST_UNKNOWN_IN_PREVIEWS"
_FAILED = "guards-work"
_UNKNOWN = "account-is-known"


class Guards:
    """The guards of one run of one program.

    Arguments:
        callbacks: where the engine calls back.
        dry_run: a preview.
        project, stack: for the URNs of what is being registered.
        report: takes the findings.
        verify: whether updates of endpoints are verified.
        account: the account to read; None takes boto3's default chain.
        regions: other Regions to read.

    """

    def __init__(  # noqa: PLR0913 - what a run consists of
        self,
        callbacks: Callbacks,
        *,
        dry_run: bool,
        project: str,
        stack: str,
        report: Report,
        verify: bool = True,
        account: Account | None = None,
        regions: Sequence[str] = (),
    ) -> None:
        self.dry_run = dry_run
        self.report = report
        self.plan = Plan()
        self._project = project
        self._stack = stack
        self._verify = verify
        self._account = account
        self._lock = threading.Lock()
        self._rights_judged = threading.Lock()
        self.judge = Judge(
            self.plan,
            self.account,
            dry_run=dry_run,
            program_done=lambda: callbacks.program_done,
            elsewhere=lambda: [Account(region=one) for one in regions if one != self.account().region],
        )

    def account(self) -> Account:
        """The account as boto3 reaches it, made when first needed."""
        with self._lock:
            if self._account is None:
                self._account = Account()
            return self._account

    # --- registrations ------------------------------------------------------------------------------------------

    def transform(self, request: Any) -> Any:
        """Note the registration, put hooks, order of replacement and mark on it; everything else stays untouched."""
        from pulumi.runtime.proto import resource_pb2

        kind = kinds.GUARDED.get(request.type)
        response = resource_pb2.TransformResponse()
        if kind is None:
            return response
        inputs = plain(request.properties)
        urn = kinds.urn_of(self._stack, self._project, request.parent, request.type, request.name)
        self.plan.register(Registration(urn, request.type, inputs, frozenset(request.options.depends_on)))
        options = response.options
        options.CopyFrom(request.options)
        _add_hooks(options.hooks, request.type, inputs)
        if request.type == kinds.ENDPOINT:
            # A replacement then begins with the old endpoint's deletion, which is refused before anything is touched.
            options.delete_before_replace = True
        elif kind.side_by_side and not options.HasField("delete_before_replace"):
            options.delete_before_replace = False
        if kind.tagged:
            _mark(request.properties, inputs, response.properties)
        return response

    # --- hooks --------------------------------------------------------------------------------------------------

    def before_create(self, request: Any) -> None:
        """Note the chosen name; a model must refer to what exists, an endpoint's name must be free."""
        operation = operation_of(request)
        with self._failing_closed(operation):
            with self.plan.lock:
                self.plan.created[operation.urn] = operation
            self._changes(operation, str(operation.new_inputs.get("name", "")))
            from guards import dispatch

            dispatch.judge(operation, dispatch.CREATIONS, self.judge, self.report)

    def before_update(self, request: Any) -> None:
        """Note the update; refuse one that takes something from an endpoint."""
        operation = operation_of(request)
        with self._failing_closed(operation):
            with self.plan.lock:
                self.plan.updated[operation.urn] = operation
            from guards import dispatch

            dispatch.judge(operation, dispatch.CHANGES, self.judge, self.report)

    def before_delete(self, request: Any) -> None:
        """Refuse the deletion of what is used, and any deletion that is part of an endpoint's replacement."""
        operation = operation_of(request)
        with self._failing_closed(operation), contextlib.ExitStack() as one_by_one:
            if not operation.retained:
                from guards import dispatch

                if operation.type in dispatch.ONE_BY_ONE:
                    one_by_one.enter_context(self._rights_judged)
                found = len(self.report.found)
                if operation.type != kinds.CLOUD_CONTROL or operation.old("typeName") == kinds.MODEL_PACKAGE:
                    dispatch.judge(operation, dispatch.DELETIONS, self.judge, self.report)
                if any(one.refuses and one.urn == operation.urn for one in self.report.found[found:]):
                    return  # a preview that collects: it stays, as far as the rest is concerned
            with self.plan.lock:
                self.plan.leaving[operation.urn, operation.id] = operation
            self._changes(operation, operation.id)

    def _changes(self, operation: Operation, name: str) -> None:
        """What was read of a configuration or model under this name no longer holds."""
        if self._account is not None:
            self._account.forget_one(kinds.GUARDED[operation.type].node, name)

    def after_change(self, request: Any) -> None:
        """Verify that the endpoint runs what was asked for."""
        if self._verify:
            from guards.verified_update import verify

            operation = operation_of(request)
            with self._failing_closed(operation):
                verify(operation, self.account(), self.report)

    def after_failure(self, request: Any) -> None:
        """Say where the endpoint is after its update failed in the provider. Nothing is decided here."""
        from guards.verified_update import tell_failure

        operation = operation_of(request)
        try:
            tell_failure(operation, list(request.errors), self.account(), self.report)
        except AccountUnknown as error:
            self.report.say("warning", f"Where endpoint {operation.name} is could not be read. {error}", operation.urn)

    def after_delete(self, request: Any) -> None:
        """Wait until the endpoint is really gone: what it uses is deleted next."""
        operation = operation_of(request)
        with self._failing_closed(operation):
            if not operation.retained:
                from guards.endpoint import wait_until_gone

                wait_until_gone(operation, self.account())

    @contextlib.contextmanager
    def _failing_closed(self, operation: Operation) -> Any:
        """Unknown is refused; so is everything while a guard itself is broken."""
        from findings.exemptions import ExemptionsError
        from guards.deletions import finding, give_unknown

        try:
            yield
        except (Refused, ExemptionsError):
            raise
        except AccountUnknown as error:
            node = kinds.GUARDED[operation.type].node
            label = node or operation.type.rsplit(":", 1)[-1]
            give_unknown(operation, label, self.report, str(error), "" if node else _UNKNOWN)
        except Exception as error:  # noqa: BLE001 - a guard that fails must never let a change pass
            self.report.give(
                finding(
                    operation,
                    _FAILED,
                    f"A guard failed at {operation.name}, so the change is refused: {type(error).__name__}: {error}. "
                    "This is a fault of Holdfast, not of the program; please report it.",
                    outcome="unknown",
                )
            )


def operation_of(request: Any) -> Operation:
    """A hook's request in the guards' words."""

    def bag(name: str) -> dict[str, Any]:
        known = name in request.DESCRIPTOR.fields_by_name and request.HasField(name)
        return plain(getattr(request, name)) if known else {}

    return Operation(
        urn=request.urn,
        type=request.type,
        id=request.id,
        old_inputs=bag("old_inputs"),
        new_inputs=bag("new_inputs"),
        old_outputs=bag("old_outputs"),
        new_outputs=bag("new_outputs"),
        retained=hasattr(request, "old_options") and bool(request.old_options.retain_on_delete),
    )


def _add_hooks(hooks: Any, token: str, inputs: dict[str, Any]) -> None:
    """The guards come before the user's own hooks of the same moment, once."""

    def first(names: Any, name: str) -> None:
        others = [one for one in names if one != name]
        del names[:]
        names.extend([name, *others])

    # An endpoint whose name the program gives is known by it without a call; nothing else is asked of its creation.
    named = token == kinds.ENDPOINT and isinstance(inputs.get("name"), str) and inputs["name"]
    elsewhere = token == kinds.CLOUD_CONTROL and inputs.get("typeName") != kinds.MODEL_PACKAGE  # none of our business
    if kinds.GUARDED[token].announced and not named and not elsewhere:
        first(hooks.before_create, HOOK_BEFORE_CREATE)
    first(hooks.before_update, HOOK_BEFORE_UPDATE)
    first(hooks.before_delete, HOOK_BEFORE_DELETE)
    if token == kinds.ENDPOINT:
        first(hooks.after_create, HOOK_AFTER_CREATE)
        first(hooks.after_update, HOOK_AFTER_UPDATE)
        first(hooks.after_delete, HOOK_AFTER_DELETE)
        first(hooks.on_error, HOOK_AFTER_FAILURE)


def _mark(given: Any, inputs: dict[str, Any], properties: Any) -> None:
    """Tag the resource, so that a policy pack (which can't see hooks) knows that it is guarded."""
    if isinstance(inputs.get("tags"), Unknown):
        return
    properties.CopyFrom(given)
    tags = properties.fields["tags"]
    if tags.WhichOneof("kind") != "struct_value":
        tags.struct_value.Clear()
    target = tags.struct_value
    marker = target.fields.get("value") if "4dabf18193072939515e22adb298388d" in target.fields else None
    if marker is not None and marker.WhichOneof("kind") == "struct_value":  # tags that are secret or an output value
        target = marker.struct_value
    target.fields[MARK].string_value = "true"


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
        ValueError: unknown_in_previews is neither.
        RuntimeError: outside a Pulumi program, or with an engine that has no transforms or hooks.

    """
    unknown = unknown_in_previews or os.environ.get(UNKNOWN_VARIABLE) or "refuse"
    if unknown not in {"refuse", "warn"}:
        raise ValueError(
            f"guards.install(unknown_in_previews=...), or {UNKNOWN_VARIABLE}, is refuse or warn, not {unknown!r}."
        )
    from pulumi.runtime import settings
    from pulumi.runtime.mocks import MockMonitor
    from pulumi.runtime.proto import engine_pb2, resource_pb2

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
            raise RuntimeError(f"This Pulumi engine has no {name}, which the guards need. Update the Pulumi CLI.")

    from guards.callbacks import Callbacks

    callbacks = Callbacks(monitor)
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
    report.exemptions  # noqa: B018 - a file that can't be used is said now, not at the first finding
    guards = Guards(
        callbacks,
        dry_run=dry_run,
        project=settings.get_project(),
        stack=settings.get_stack(),
        report=report,
        verify=verify,
        regions=regions,
    )
    _installed[id(monitor)] = guards
    for name, function, on_dry_run in (
        (HOOK_BEFORE_CREATE, guards.before_create, True),
        (HOOK_AFTER_CREATE, guards.after_change, False),
        (HOOK_BEFORE_UPDATE, guards.before_update, True),
        (HOOK_AFTER_UPDATE, guards.after_change, False),
        (HOOK_BEFORE_DELETE, guards.before_delete, True),
        (HOOK_AFTER_DELETE, guards.after_delete, False),
    ):
        callbacks.add_hook(name, function, on_dry_run=on_dry_run)
    callbacks.add_error_hook(HOOK_AFTER_FAILURE, guards.after_failure)
    callbacks.add_transform(guards.transform)


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
