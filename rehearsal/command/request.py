"""A request for the engine, out of project, stack, settings and options."""

from __future__ import annotations

import os
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rehearsal import environment

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.command.arguments import Invocation
    from rehearsal.command.configuration import Configuration
    from rehearsal.command.event_log import Events
    from rehearsal.command.workspace import CurrentStack
    from rehearsal.engine import Operation, Request
    from rehearsal.state import Snapshot
    from rehearsal.state.store import StoredStack

PARALLEL = 16


@dataclass
class Session:
    """One command line's way to the engine: what its preview and its run have in common."""

    invocation: Invocation
    stack: CurrentStack
    configuration: Configuration
    cancel: threading.Event = field(default_factory=threading.Event)
    abandon: threading.Event = field(default_factory=threading.Event)


def request(
    session: Session,
    operation: Operation,
    events: Events,
    save: Callable[[Snapshot], None] | None,
    *,
    preview_only: bool,
) -> Request:
    """The request for one operation: state read and checked, settings decrypted, the account there if it is needed."""
    from rehearsal import engine, state

    invocation, stack, project = session.invocation, session.stack, session.stack.project
    document = stack.stored.document()
    snapshot = state.from_json(document, stack.crypter()) if document else None
    if snapshot:
        _verify(snapshot, stack.stored)
    left = protected(snapshot) if invocation.given("exclude-protected") else []
    packs = [Path(pack).resolve() for pack in invocation.get("policy-pack", [])]
    configs: list[Path | None] = [Path(config).resolve() for config in invocation.get("policy-pack-config", [])]
    configs += [None] * (len(packs) - len(configs))
    return engine.Request(
        operation=operation,
        project=engine.Project(project.name, project.directory, project.main or ".", project.options, project.plugins),
        stack=stack.name,
        snapshot=snapshot,
        save=save or _never_save,
        emit=events.emit,
        config=session.configuration.texts(stack.crypter),
        secret_keys=session.configuration.secret_keys(),
        policy_packs=list(zip(packs, configs, strict=True)),
        parallel=invocation.get("parallel", PARALLEL),
        continue_on_error=invocation.given("continue-on-error"),
        run_program=invocation.given("run-program"),
        refresh=invocation.get("refresh", "false") == "true",
        preview_only=preview_only,
        targets=[*invocation.get("target", []), *invocation.get("target-replace", [])],
        target_dependents=invocation.given("target-dependents"),
        excludes=[*invocation.get("exclude", []), *left],
        exclude_dependents=invocation.given("exclude-dependents"),
        replace=[*invocation.get("replace", []), *invocation.get("target-replace", [])],
        ignore_protect=invocation.given("ignore-protect"),
        tags=stack.stored.tags(),
        outputs_of=stack.workspace.outputs_of,
        environment=_environment(session, snapshot, arm=save is not None),
        cancel=session.cancel,
        abandon=session.abandon,
    )


def _verify(snapshot: Snapshot, stored: StoredStack) -> None:
    """Raise StateError when the state can't be worked with, or is another stack's: a run would delete what is there."""
    from rehearsal import state
    from rehearsal.errors import StateError
    from rehearsal.state.store import RESCUE

    file = stored.state_file
    try:
        state.verify(snapshot)
    except StateError as error:
        raise StateError(f"{file}: {error}. Nothing was overwritten. {RESCUE}", urn=error.urn) from None
    if strangers := stored.strangers(resource.urn for resource in snapshot.resources):
        raise StateError(
            f"{file} isn't the state of stack {stored.name!r} of project {stored.project!r}: it holds {strangers[0]}. "
            f"Nothing was changed. {RESCUE} With --force it takes in another stack's.",
            urn=strangers[0],
        )


def protected(snapshot: Snapshot | None) -> list[str]:
    """The protected resources of a state and all that they need."""
    from rehearsal.engine.graph import Graph

    resources = snapshot.resources if snapshot else []
    graph, own = Graph(resources), [resource for resource in resources if resource.protect]
    kept = graph.all_dependencies_of(own) | {graph.position[id(resource)] for resource in own}
    return [resources[index].urn for index in sorted(kept)]


def _never_save(_: Snapshot) -> None:
    """A preview changes no state; the engine doesn't ask."""
    raise AssertionError("a dry run asked to save the state")


def _environment(session: Session, snapshot: Snapshot | None, *, arm: bool) -> dict[str, str]:
    """The children's environment; the emulated account is started for projects that could need AWS, no others."""
    stack = session.stack
    types = [resource.type for resource in snapshot.resources] if snapshot else []
    folder = stack.project.directory
    own = {"PATH": _path(), "PULUMI_CONFIG_PASSPHRASE": environment.passphrase()}
    if not ("AWS_ENDPOINT_URL" in os.environ or environment.needs_account(folder, session.configuration.values, types)):
        return {**os.environ, **own}
    prepared = environment.prepare(folder, stack.name)
    if arm:
        environment.arm_faults(folder)
    return {**os.environ, **own, **prepared}


def _path() -> str:
    """PATH with this interpreter first, as in a virtual environment: plug-ins that are Python scripts want it."""
    here = str(Path(sys.executable).parent)
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join([here, *(folder for folder in folders if folder != here)])
