"""`pulumi preview`, `up`, `destroy`, `refresh`: from a command line to the engine, and from there to an exit status."""

from __future__ import annotations

import json
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

from rehearsal.command import configuration, run_options
from rehearsal.command.errors import EXIT_CANCELLED, EXIT_CHANGES_NOT_EXPECTED, EXIT_USAGE, CommandError
from rehearsal.command.event_log import Events, open_log
from rehearsal.command.interrupts import interruptible
from rehearsal.command.request import Session, request
from rehearsal.command.text import say, warn
from rehearsal.command.workspace import CurrentStack, Workspace
from rehearsal.state.files import now
from rehearsal.state.store import Run

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.command.arguments import Invocation
    from rehearsal.engine import Operation, Outcome
    from rehearsal.state import Snapshot

KINDS = {"up": "update", "destroy": "destroy", "refresh": "refresh", "preview": "preview"}


def preview(invocation: Invocation) -> int:
    """Show what `up` would do."""
    return _operate(invocation, "preview")


def up(invocation: Invocation) -> int:
    """Bring the account to what the program says."""
    return _operate(invocation, "up")


def destroy(invocation: Invocation) -> int:
    """Delete everything in the stack."""
    if invocation.given("exclude-protected") and _nothing_is_unprotected(invocation):
        return 0
    status = _operate(invocation, "destroy")
    if status == 0 and invocation.given("remove") and not invocation.given("preview-only"):
        from rehearsal.command.stack_commands import remove

        remove(invocation)
    return status


def _nothing_is_unprotected(invocation: Invocation) -> bool:
    from rehearsal import state
    from rehearsal.command.request import protected

    stack = Workspace(invocation).stack()
    document = stack.stored.document()
    snapshot = state.from_json(document, stack.crypter()) if document else None
    kept = protected(snapshot)
    if not kept or snapshot is None or len(kept) < len(snapshot.resources):
        return False
    say(
        f"There were no unprotected resources to destroy. There are still {len(kept)} protected resources "
        "associated with this stack."
    )
    return True


def refresh(invocation: Invocation) -> int:
    """Record what is really there."""
    return _operate(invocation, "refresh")


def _operate(invocation: Invocation, operation: Operation) -> int:
    workspace = Workspace(invocation)
    workspace.project.check_program()
    stack = workspace.stack()
    run_options.check(invocation)
    run_options.set_config(invocation, stack)
    verified = _Verified(stack)
    dry_run = operation == "preview" or invocation.given("preview-only")
    settings = configuration.merged(workspace.project, stack.settings)
    verified.done()
    for message in configuration.check(workspace.project, stack.settings, stack.name, stack.crypter):
        warn(message)
    session = Session(invocation, stack, settings)
    with interruptible(session.cancel, session.abandon):
        return _dry_run(session, operation) if dry_run else _real_run(session, operation)


class _Verified:
    """Checks the passphrase beside the loading of the engine: both take a third of a second."""

    def __init__(self, stack: CurrentStack) -> None:
        self._error: BaseException | None = None
        crypter = stack.crypter()

        def verify() -> None:
            try:
                crypter.verify()
            except Exception as error:  # noqa: BLE001  # raised again in done()
                self._error = error

        self._thread = threading.Thread(target=verify)
        self._thread.start()

    def done(self) -> None:
        """Wait for it. Raises what the check raised."""
        import rehearsal.engine.running  # noqa: F401  # loads gRPC meanwhile

        self._thread.join()
        if self._error:
            raise self._error


def _dry_run(session: Session, operation: Operation) -> int:
    outcome = _run(session, operation, dry_run=True, save=None)
    return _status(session, outcome)


def _real_run(session: Session, operation: Operation) -> int:
    invocation, stack = session.invocation, session.stack
    interactive = sys.stdin.isatty() and not invocation.given("non-interactive")
    if not invocation.given("yes") and not interactive:
        raise CommandError(
            "--yes or --skip-preview with --yes must be passed in to proceed when running in non-interactive mode",
            EXIT_USAGE,
        )
    with stack.stored.lock.held(f"pulumi {operation}"):
        if not invocation.given("skip-preview"):
            outcome = _run(session, operation, dry_run=True, save=None)
            if not outcome.succeeded or session.cancel.is_set():
                return _status(session, outcome)
            if not invocation.given("yes") and not _agreed(operation):
                raise CommandError(f"{operation} canceled: nothing was changed", EXIT_CANCELLED)
        stack.stored.back_up()
        start = now()
        outcome = _run(session, operation, dry_run=False, save=_saver(stack))
        _record(session, operation, outcome, start)
    return _status(session, outcome)


def _agreed(operation: str) -> bool:
    """Ask the person; Ctrl-C and the end of the input are a no."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return input(f"Do you want to perform this {KINDS[operation]}? [y/N] ").strip().lower() in ("y", "yes")
    except (EOFError, KeyboardInterrupt):
        return False
    finally:
        signal.signal(signal.SIGINT, before)


def _saver(stack: CurrentStack) -> Callable[[Snapshot], None]:
    from rehearsal import state

    crypter = stack.crypter()

    def save(snapshot: Snapshot) -> None:
        stack.stored.write(state.to_text(snapshot, crypter))

    return save


def _run(session: Session, operation: Operation, *, dry_run: bool, save: Callable[[Snapshot], None] | None) -> Outcome:
    from rehearsal import engine
    from rehearsal.command.display import Display
    from rehearsal.command.preview_json import PreviewDocument

    invocation = session.invocation
    effective: Operation = "preview" if operation == "up" and dry_run else operation
    display = document = None
    displays: list[Callable[[dict[str, Any]], None]] = []
    wishes = run_options.wishes(invocation)
    if not invocation.given("json"):
        display = Display(operation, session.stack.name, wishes, dry_run=dry_run)
        display.head()
        displays.append(display.take)
    elif operation == "preview":
        document = PreviewDocument()
        displays.append(document.take)
    else:
        displays.append(lambda event: say(json.dumps(event, ensure_ascii=False, separators=(",", ":"))))
    log = open_log(invocation.get("event-log"))
    try:
        events = Events(log, displays)
        asked = request(session, effective, events, save, preview_only=dry_run and effective != "preview")
        outcome = engine.run(asked)
        if not events.cancelled:
            events.emit({"cancelEvent": {}})
    finally:
        if log:
            log.close()
    if display:
        if invocation.given("show-secrets") and not dry_run:
            wishes.shown_outputs = _outputs_in_clear(outcome)
        display.tail(succeeded=outcome.succeeded)
    if document:
        document.tail()
    return outcome


def _outputs_in_clear(outcome: Outcome) -> dict[str, Any]:
    from rehearsal.values import masked, plain

    resource = outcome.snapshot.stack_resource()
    return {key: masked(plain(value)) for key, value in resource.outputs.items()} if resource else {}


def _record(session: Session, operation: Operation, outcome: Outcome, start: str) -> None:
    from rehearsal.command.stack_settings import keeping
    from rehearsal.version import ENGINE_VERSION

    stack, invocation = session.stack, session.invocation
    stack.stored.record(
        Run(
            version=stack.stored.next_version(),
            kind=KINDS[operation],
            start=start,
            end=now(),
            message=invocation.get("message") or "",
            result="succeeded" if outcome.succeeded else "failed",
            changes=outcome.changes,
            environment={"exec.kind": invocation.get("exec-kind") or "cli", "pulumi.version": ENGINE_VERSION},
            config={key: keeping(value) for key, value in session.configuration.values.items()},
        )
    )


def _status(session: Session, outcome: Outcome) -> int:
    """The exit status, and a last word on standard error when the run didn't end well."""
    if session.cancel.is_set() or outcome.cancelled:
        raise CommandError("the run was interrupted; its state is kept, and the next run carries on", EXIT_CANCELLED)
    if not outcome.succeeded:
        return 1
    changes = {op: count for op, count in outcome.changes.items() if op not in ("same", "read") and count}
    if session.invocation.given("expect-no-changes") and changes:
        raise CommandError(
            f"no changes were expected, and there are some: {', '.join(f'{n} {op}' for op, n in changes.items())}",
            EXIT_CHANGES_NOT_EXPECTED,
        )
    return 0
