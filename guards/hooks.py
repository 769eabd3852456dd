"""The hooks: what the engine asks before and after each act on a guarded resource, and what is answered.

Place: between the engine's callbacks and the guards of `guards.dispatch`, which judge.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

from guards import kinds
from guards.errors import AccountUnknown
from guards.judge import Judge
from guards.live import Account
from guards.plan import Operation, Plan
from guards.registering import Registering
from guards.report import Refused, Report
from guards.values import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_FAILED = "guards-work"
_UNKNOWN = "account-is-known"


class Guards:
    """The guards of one run of one program.

    Arguments:
        dry_run: a preview.
        project, stack: for the URNs of what is being registered.
        report: takes the findings.
        verify: whether updates of endpoints are verified.
        account: the account to read; None takes boto3's default chain.
        regions: other Regions to read.
        program_done: whether the program has made all its registrations.

    Attributes:
        registering: what every registration goes through.

    """

    def __init__(  # noqa: PLR0913 - what a run consists of
        self,
        *,
        dry_run: bool,
        project: str,
        stack: str,
        report: Report,
        verify: bool = True,
        account: Account | None = None,
        regions: Sequence[str] = (),
        program_done: Callable[[], bool],
    ) -> None:
        self.dry_run = dry_run
        self.report = report
        self.plan = Plan()
        self.registering = Registering(self.plan, project=project, stack=stack, dry_run=dry_run)
        self._verify = verify
        self._account = account
        self._lock = threading.Lock()
        self._rights_judged = threading.Lock()
        self.judge = Judge(
            self.plan,
            self.account,
            dry_run=dry_run,
            program_done=program_done,
            elsewhere=lambda: [self.account().in_region(one) for one in regions if one != self.account().region],
        )

    def account(self) -> Account:
        """The account as boto3 reaches it, made when first needed."""
        with self._lock:
            if self._account is None:
                self._account = Account()
            return self._account

    def before_create(self, request: Any) -> None:
        """Note the chosen name; a model must refer to what exists, an endpoint's name must be free."""
        self._creation(operation_of(request))

    def _creation(self, operation: Operation) -> None:
        with self._failing_closed(operation):
            self.plan.create(operation)
            self._changes(operation, str(operation.new_inputs.get("name", "")))
            from guards import dispatch

            dispatch.judge(operation, dispatch.CREATIONS, self.judge, self.report)

    def creation_in_preview(self, token: str, inputs: dict[str, Any], answer: Any) -> None:
        """Judge a creation by what a preview's engine answered about it; raises RunError, which ends the program.

        Arguments:
            token: the resource's type.
            inputs: what the program registered.
            answer: the RegisterResourceResponse. With an id the resource is there already; without any property a run
                with targets leaves it out (seen with Pulumi CLI 3.260).

        """
        if answer.id or not answer.object.fields:
            return
        from pulumi import RunError

        by = kinds.named_by(token)
        name = plain(answer.object).get(by)
        chosen = {by: name} if isinstance(name, str) else {}
        operation = Operation(urn=answer.urn, type=token, new_inputs={**inputs, **chosen})
        try:
            self._creation(operation)
        except Refused as refused:
            raise RunError(str(refused)) from None

    def before_update(self, request: Any) -> None:
        """Note the update; refuse one that takes something from an endpoint."""
        operation = operation_of(request)
        with self._failing_closed(operation):
            self.plan.update(operation)
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
        """Say where the endpoint is after its update failed in the provider; clear away what a failed creation left."""
        from guards.failed_creation import clear_away
        from guards.verified_update import tell_failure

        operation, errors = operation_of(request), list(request.errors)
        try:
            after = tell_failure if operation.id else clear_away
            after(operation, errors, self.account(), self.report)
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
