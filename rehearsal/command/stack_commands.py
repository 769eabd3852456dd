"""`pulumi stack` and `pulumi cancel`: make, select, list, show, rename and remove stacks; tags; stop a run."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from typing import TYPE_CHECKING, Any

from rehearsal.command.errors import EXIT_USAGE, CommandError, StackNotFoundError
from rehearsal.command.stack_settings import Secure
from rehearsal.command.state_commands import say_outputs, stack_outputs
from rehearsal.command.text import ago, harmless, say, table
from rehearsal.command.workspace import ORGANIZATION, CurrentStack, Workspace

if TYPE_CHECKING:
    from rehearsal.command.arguments import Invocation


def init(invocation: Invocation) -> None:
    """Make a stack, with a salt in its settings, and select it."""
    workspace = Workspace(invocation)
    given = invocation.argument(0) or invocation.get("stack")
    if not given:
        raise CommandError("`stack init` needs a name for the stack", EXIT_USAGE)
    name = workspace.short_name(given)
    _check_provider(invocation)
    stored = workspace.store.stack(name)
    if stored.exists:
        raise CommandError(f"stack '{ORGANIZATION}/{workspace.project.name}/{name}' already exists")
    current = CurrentStack(workspace, stored)
    if source := invocation.get("copy-config-from"):
        _copy_settings(workspace, source, current)
    current.crypter().verify()
    stored.create()
    if not invocation.given("no-select"):
        workspace.store.select(name)
    say(f"Created stack '{name}'")


def _check_provider(invocation: Invocation) -> None:
    wanted = invocation.get("secrets-provider")
    if wanted not in (None, "default", "passphrase"):
        raise CommandError(f"the rehearsal has no secrets provider {wanted!r}, only passphrase")


def _copy_settings(workspace: Workspace, source: str, target: CurrentStack) -> None:
    other = workspace.stack(source)
    edit = target.settings.edit()
    crypter = target.crypter()
    edit.salt(crypter.salt)

    def again(value: Any) -> Any:
        if isinstance(value, Secure):
            return Secure(crypter.encrypt(other.crypter().decrypt(value.ciphertext)))
        if isinstance(value, dict):
            return {key: again(inner) for key, inner in value.items()}
        return [again(inner) for inner in value] if isinstance(value, list) else value

    for key, value in other.settings.values.items():
        edit.set(key, again(value))
    edit.save()


def select(invocation: Invocation) -> None:
    """Select a stack, with --create making it."""
    workspace = Workspace(invocation)
    given = invocation.argument(0) or invocation.get("stack")
    if not given:
        raise CommandError("`stack select` needs the name of a stack: `pulumi stack ls` lists them", EXIT_USAGE)
    name = workspace.short_name(given)
    if not workspace.store.stack(name).exists and invocation.given("create"):
        invocation.arguments[:] = [name]
        init(invocation)
        return
    try:
        workspace.stack(name)
    except StackNotFoundError:
        raise StackNotFoundError(f"no stack named '{name}' found") from None
    workspace.store.select(name)


def listing(invocation: Invocation) -> None:
    """List the project's stacks."""
    workspace = Workspace(invocation)
    selected = workspace.store.selected()
    rows = []
    for name in workspace.store.names():
        stored = workspace.store.stack(name)
        count = len((stored.document() or {}).get("deployment", {}).get("resources") or [])
        rows.append(
            {
                "name": name,
                "current": name == selected,
                "lastUpdate": stored.last_change(),
                "updateInProgress": stored.lock.holder() is not None,
                "resourceCount": count,
            }
        )
    if invocation.given("json"):
        say(json.dumps(rows, indent=2))
        return
    shown = [
        (f"{r['name']}{'*' if r['current'] else ''}", ago(str(r["lastUpdate"])), str(r["resourceCount"])) for r in rows
    ]
    say(table(("NAME", "LAST UPDATE", "RESOURCE COUNT"), shown))


def show(invocation: Invocation) -> None:
    """Show the stack that is selected: when it was changed, its resources, its outputs."""
    stack = Workspace(invocation).stack()
    if invocation.given("show-name"):
        say(stack.name)
        return
    document = stack.stored.document() or {}
    resources = document.get("deployment", {}).get("resources") or []
    say(f"Current stack is {stack.name}:")
    say(f"    A rehearsal: its state is in {stack.stored.directory}")
    say(f"    Last updated: {ago(stack.stored.last_change())} ({stack.stored.last_change()})")
    say(f"Current stack resources ({len(resources)}):")
    for resource in resources:
        type_, name = str(resource.get("type")), str(resource.get("urn", "")).rsplit("::", 1)[-1]
        marks = " (to be deleted)" if resource.get("delete") else ""
        say(f"    {harmless(type_)}  {harmless(name)}{marks}")
        if invocation.given("show-urns"):
            say(f"        URN: {harmless(str(resource.get('urn')))}")
        if invocation.given("show-ids") and resource.get("id"):
            say(f"        ID: {harmless(str(resource['id']))}")
    if not resources:
        say("    No resources currently in this stack")
    outputs = stack_outputs(stack, show_secrets=invocation.given("show-secrets"))
    if outputs:
        say_outputs(outputs)


def remove(invocation: Invocation) -> None:
    """Remove a stack that holds nothing any more (or, with --force, whatever it holds)."""
    workspace = Workspace(invocation)
    stack = workspace.stack(invocation.argument(0))
    if not invocation.given("yes") and not _agreed(
        invocation, f"This removes the stack {stack.name!r} and its history. Go on?"
    ):
        raise CommandError(
            "not removed: `--yes` must be passed in to proceed when running in non-interactive mode", EXIT_USAGE
        )
    with stack.stored.lock.held("pulumi stack rm"):
        resources = (stack.stored.document() or {}).get("deployment", {}).get("resources") or []
        if resources and not invocation.given("force"):
            raise CommandError(
                f"'{stack.name}' still has resources; removal rejected. Possible actions:\n"
                f"- Make sure that '{stack.name}' is the stack that you want to destroy\n"
                "- Run `pulumi destroy` to delete the resources, then run `pulumi stack rm`\n"
                "- Run `pulumi stack rm --force` to override this error"
            )
    stack.stored.remove()
    if not invocation.given("preserve-config"):
        stack.settings_file.unlink(missing_ok=True)
    if workspace.store.selected() == stack.name:
        workspace.store.select(None)
    say(f"Stack '{stack.name}' has been removed!")


def _agreed(invocation: Invocation, question: str) -> bool:
    if invocation.given("non-interactive") or not sys.stdin.isatty():
        return False
    return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")


def rename(invocation: Invocation) -> None:
    """Rename a stack: its folder, its settings file, and the stack's name in every URN."""
    workspace = Workspace(invocation)
    stack = workspace.stack()
    name = workspace.short_name(invocation.arguments[0])
    if workspace.store.stack(name).exists:
        raise CommandError(f"stack '{ORGANIZATION}/{workspace.project.name}/{name}' already exists")
    with stack.stored.lock.held("pulumi stack rename"):
        document = stack.stored.document()
        old_file, new_file = stack.settings_file, workspace.project.settings_file(name)
        if new_file.exists():
            raise CommandError(f"{new_file} is there already: move it out of the way first")
        renamed = stack.stored.rename(name)
        if document:
            renamed.write(json.dumps(_renamed(document, stack.name, name, stack.project.name), indent=1))
        if old_file.exists():
            old_file.rename(new_file)
        workspace.store.select(name)
    say(f"Renamed {stack.name} to {name}")


def _renamed(value: Any, old: str, new: str, project: str) -> Any:
    """URNs of the stack, wherever they stand, under its new name; so is the name of the root resource."""
    if isinstance(value, dict):
        return {_renamed(k, old, new, project): _renamed(v, old, new, project) for k, v in value.items()}
    if isinstance(value, list):
        return [_renamed(inner, old, new, project) for inner in value]
    if isinstance(value, str) and value.startswith(f"urn:pulumi:{old}::{project}::"):
        moved = f"urn:pulumi:{new}::{project}::{value.removeprefix(f'urn:pulumi:{old}::{project}::')}"
        return re.sub(rf"(pulumi:pulumi:Stack::{re.escape(project)})-{re.escape(old)}$", rf"\1-{new}", moved)
    return value


def tags(invocation: Invocation) -> None:
    """List the stack's tags."""
    found = Workspace(invocation).stack().stored.tags()
    if invocation.given("json"):
        say(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        say(table(("NAME", "VALUE"), [(harmless(k), harmless(v)) for k, v in sorted(found.items())]))


def tag_get(invocation: Invocation) -> None:
    """Show one tag."""
    stack = Workspace(invocation).stack()
    name = invocation.arguments[0]
    found = stack.stored.tags()
    if name not in found:
        raise CommandError(f"stack tag {name!r} not found for stack {stack.name!r}")
    say(found[name])


def tag_set(invocation: Invocation) -> None:
    """Set a tag."""
    Workspace(invocation).stack().stored.tag(invocation.arguments[0], invocation.arguments[1])


def tag_remove(invocation: Invocation) -> None:
    """Remove a tag."""
    Workspace(invocation).stack().stored.tag(invocation.arguments[0], None)


def cancel(invocation: Invocation) -> None:
    """Stop the run that holds the stack, as Ctrl-C would: it finishes what is under way and keeps its state."""
    stack = Workspace(invocation).stack(invocation.argument(0))
    holder = stack.stored.lock.holder()
    if holder is None:
        say(f"No run of '{stack.name}' is under way: there is nothing to cancel.")
        return
    pid = holder.get("pid")
    if not isinstance(pid, int):
        raise CommandError("the stack is held, and its holder hasn't said yet who it is: try again in a moment")
    try:
        os.kill(pid, signal.SIGINT)
    except ProcessLookupError:
        say(f"The run of '{stack.name}' has just ended.")
    except PermissionError:
        raise CommandError(f"the run belongs to somebody else: process {pid} can't be stopped from here") from None
    else:
        say(f"The currently running update for '{stack.name}' has been canceled!")
