"""`pulumi stack` and `pulumi cancel`: make, select, list, show, move and remove stacks; state out and in; history; tags."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rehearsal.command.errors import EXIT_USAGE, CommandError, StackNotFoundError
from rehearsal.command.stack_settings import Secure
from rehearsal.command.text import harmless, say, table, warn
from rehearsal.command.workspace import ORGANIZATION, CurrentStack, Workspace

if TYPE_CHECKING:
    from rehearsal.command.arguments import Invocation
    from rehearsal.state.store import Run


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
                "updateInProgress": stored.holder() is not None,
                "resourceCount": count,
            }
        )
    if invocation.given("json"):
        say(json.dumps(rows, indent=2))
        return
    shown = [
        (f"{r['name']}{'*' if r['current'] else ''}", _ago(str(r["lastUpdate"])), str(r["resourceCount"])) for r in rows
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
    say(f"    Last updated: {_ago(stack.stored.last_change())} ({stack.stored.last_change()})")
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
    outputs = _outputs(stack, show_secrets=invocation.given("show-secrets"))
    if outputs:
        _say_outputs(outputs)


def _say_outputs(outputs: dict[str, Any]) -> None:
    say(f"Current stack outputs ({len(outputs)}):")
    if outputs:
        say(table(("OUTPUT", "VALUE"), [(harmless(k), harmless(_text(v))) for k, v in sorted(outputs.items())], "    "))
    else:
        say("    No output values currently in this stack")


def output(invocation: Invocation) -> None:
    """Show the stack's outputs, or one of them (a single one is shown in clear, as with Pulumi)."""
    stack = Workspace(invocation).stack()
    name = invocation.argument(0)
    outputs = _outputs(stack, show_secrets=invocation.given("show-secrets") or name is not None)
    if name is not None and name not in outputs:
        raise CommandError(f"current stack does not have output property {name!r}")
    if invocation.given("json"):
        say(json.dumps(outputs if name is None else outputs[name], indent=2, ensure_ascii=False))
    elif name is not None:
        say(_text(outputs[name]))
    else:
        _say_outputs(outputs)


def _outputs(stack: CurrentStack, *, show_secrets: bool) -> dict[str, Any]:
    from rehearsal.state.properties import read
    from rehearsal.values import contains_secrets, masked, plain

    document = stack.stored.document() or {}
    for row in document.get("deployment", {}).get("resources") or []:
        if row.get("type") == "pulumi:pulumi:Stack" and not row.get("delete"):
            if not show_secrets:
                return {key: _blinded(value) for key, value in (row.get("outputs") or {}).items()}
            values = read(row.get("outputs") or {}, _Late(stack))
            return {key: masked(plain(v)) if contains_secrets(v) else masked(v) for key, v in values.items()}
    return {}


class _Late:
    """The stack's crypter, made when the first secret comes: most states hold none."""

    type = "passphrase"
    state: dict[str, Any] = {}  # noqa: RUF012  # never written

    def __init__(self, stack: CurrentStack) -> None:
        self._stack = stack

    def encrypt(self, text: str) -> str:
        return self._stack.crypter().encrypt(text)

    def decrypt(self, text: str) -> str:
        return self._stack.crypter().decrypt(text)


def _blinded(value: Any) -> Any:
    """An output as it lies in state, with `[secret]` for what is encrypted; nothing is decrypted for it."""
    from rehearsal.state.properties import read
    from rehearsal.values import masked
    from rehearsal.values.signatures import SECRET, SIGNATURE

    if isinstance(value, dict) and value.get(SIGNATURE) == SECRET:
        return "[secret]"
    if isinstance(value, dict) and SIGNATURE not in value:
        return {key: _blinded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_blinded(inner) for inner in value]
    return masked(read(value, None))


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
    with stack.stored.lock("pulumi stack rm"):
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
    with stack.stored.lock("pulumi stack rename"):
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


def export(invocation: Invocation) -> None:
    """Print the state, as `stack import` takes it; --show-secrets has secrets in clear."""
    from rehearsal import state

    stack = Workspace(invocation).stack()
    document = stack.stored.document()
    if document is None:
        document = {
            "version": 3,
            "deployment": {"manifest": {"time": "0001-01-01T00:00:00Z", "magic": "", "version": ""}, "metadata": {}},
        }
    elif invocation.given("show-secrets"):
        shown = state.to_json(state.from_json(document, _Late(stack)), state.PlaintextCrypter())
        shown["deployment"]["secrets_providers"] = document["deployment"].get("secrets_providers")
        document = shown
    text = json.dumps(document, indent=4, ensure_ascii=False)
    file = invocation.get("file")
    if not file:
        say(text)
        return
    try:
        Path(file).write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{file} can't be written: {error.strerror}") from None


def import_(invocation: Invocation) -> None:
    """Take a state in: checked as Pulumi checks it, secrets encrypted for this stack."""
    from rehearsal import state
    from rehearsal.errors import StateError

    stack = Workspace(invocation).stack()
    document = _imported(invocation.get("file"))
    foreign = sorted({urn for urn in _urns(document) if not urn.startswith(f"urn:pulumi:{stack.name}::")})
    if foreign and not invocation.given("force"):
        raise CommandError(
            f"the state isn't this stack's: {foreign[0]} doesn't belong to {stack.name!r}. Nothing was changed; "
            "--force takes it in all the same."
        )
    snapshot = state.from_json(document, _importing(stack, document))
    try:
        state.verify(snapshot)
    except StateError as error:
        if not invocation.given("force"):
            raise CommandError(f"{error}. Nothing was changed; --force takes the state in all the same.") from None
        warn(str(error))
    if snapshot.pending_operations:
        for pending in snapshot.pending_operations:
            warn(f"removing pending operation {pending.type!r} on {pending.resource.urn!r} from the state")
        snapshot.pending_operations.clear()
    for resource in snapshot.resources:
        resource.written = None
    with stack.stored.lock("pulumi stack import"):
        stack.stored.back_up()
        stack.stored.write(state.to_text(snapshot, stack.crypter()))
    say("Import complete.")


def _imported(file: str | None) -> dict[str, Any]:
    name = file or "standard input"
    try:
        text = Path(file).read_text(encoding="utf-8") if file else sys.stdin.read()
        document = json.loads(text)
    except OSError as error:
        raise CommandError(f"{name} can't be read: {error.strerror}") from None
    except ValueError as error:
        raise CommandError(f"{name} isn't JSON: {error}. Nothing was changed.") from None
    if not isinstance(document, dict) or "version" not in document:
        raise CommandError(
            f"{name} isn't a state: it has no `version`. `pulumi stack export` makes one. Nothing was changed."
        )
    if not isinstance(document.get("deployment") or {}, dict):
        raise CommandError(f"{name}: `deployment` must be an object. Nothing was changed.")
    return document


def _urns(document: dict[str, Any]) -> list[str]:
    rows = (document.get("deployment") or {}).get("resources") or []
    return [str(row.get("urn", "")) for row in rows if isinstance(row, dict)]


def _importing(stack: CurrentStack, document: dict[str, Any]) -> Any:
    """What opens the imported secrets: this stack's passphrase with the salt that the state names."""
    from rehearsal.environment import passphrase
    from rehearsal.state.passphrase import Passphrase

    block = (document.get("deployment") or {}).get("secrets_providers") or {}
    if block and block.get("type") != "passphrase":
        raise CommandError(
            f"the rehearsal has no secrets provider {block.get('type')!r}: export the state with --show-secrets and import that."
        )
    salt = (block.get("state") or {}).get("salt")
    return Passphrase(passphrase(), str(salt)) if salt else _Late(stack)


def history(invocation: Invocation) -> None:
    """List the stack's runs, newest first."""
    from rehearsal.command.stack_settings import shown

    stack = Workspace(invocation).stack()
    size, page = invocation.get("page-size", 10), invocation.get("page", 1)
    if size < 1 or page < 1:
        raise CommandError("--page-size and --page count from 1")
    runs = stack.stored.history()[size * (page - 1) : size * page]
    crypter = stack.crypter if invocation.given("show-secrets") else None
    if invocation.given("json"):
        rows = [_run_json(run, lambda value: shown(value, crypter), in_clear=crypter is not None) for run in runs]
        say(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    for run in runs:
        _say_run(run)


def _run_json(run: Run, show_: Any, *, in_clear: bool) -> dict[str, Any]:
    from rehearsal.command.config_commands import as_json

    return {
        "version": run.version,
        "kind": run.kind,
        "startTime": run.start,
        "message": run.message,
        "environment": run.environment,
        "config": {key: as_json(show_(from_json(row)), show_secrets=in_clear) for key, row in run.config.items()},
        "result": run.result,
        "endTime": run.end,
        "resourceChanges": run.changes,
    }


def to_json(value: Any) -> Any:
    """A setting for the history, secrets as ciphertext."""
    if isinstance(value, Secure):
        return {"secure": value.ciphertext}
    if isinstance(value, dict):
        return {key: to_json(inner) for key, inner in value.items()}
    return [to_json(inner) for inner in value] if isinstance(value, list) else value


def from_json(value: Any) -> Any:
    """A setting out of the history."""
    if isinstance(value, dict):
        return Secure(value["secure"]) if set(value) == {"secure"} else {k: from_json(v) for k, v in value.items()}
    return [from_json(inner) for inner in value] if isinstance(value, list) else value


def _say_run(run: Run) -> None:
    changes = run.changes
    say(f"Version: {run.version}")
    say(f"UpdateKind: {run.kind}")
    say(f"Status: {run.result}")
    say(f"Message: {harmless(run.message)}")
    counts = (
        f"+{changes.get('create', 0)}-{changes.get('delete', 0)}~{changes.get('update', 0)} {changes.get('replace', 0)}"
    )
    say(f"{counts} Updated {_ago(run.end)}")
    for name, value in sorted(run.environment.items()):
        say(f"    {name}: {harmless(value)}")
    say()


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
    holder = stack.stored.holder()
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


def _ago(moment: str) -> str:
    try:
        seconds = int((datetime.now(UTC) - datetime.fromisoformat(moment.replace("Z", "+00:00"))).total_seconds())
    except ValueError:
        return moment
    for size, word in ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {word}{'s' if count > 1 else ''} ago"
    return "now"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)
