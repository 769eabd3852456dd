"""`pulumi stack export`, `import`, `output`, `history`: what a stack holds, in and out."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rehearsal.command.errors import CommandError
from rehearsal.command.stack_settings import kept
from rehearsal.command.text import ago, harmless, say, table, warn
from rehearsal.command.workspace import CurrentStack, Workspace

if TYPE_CHECKING:
    from rehearsal.command.arguments import Invocation
    from rehearsal.state.store import Run


def output(invocation: Invocation) -> None:
    """Show the stack's outputs, or one of them (a single one is shown in clear, as with Pulumi)."""
    stack = Workspace(invocation).stack()
    name = invocation.argument(0)
    outputs = stack_outputs(stack, show_secrets=invocation.given("show-secrets") or name is not None)
    if name is not None and name not in outputs:
        raise CommandError(f"current stack does not have output property {name!r}")
    if invocation.given("json"):
        say(json.dumps(outputs if name is None else outputs[name], indent=2, ensure_ascii=False))
    elif name is not None:
        say(_text(outputs[name]))
    else:
        say_outputs(outputs)


def stack_outputs(stack: CurrentStack, *, show_secrets: bool) -> dict[str, Any]:
    """The outputs of the stack, as plain JSON."""
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


def say_outputs(outputs: dict[str, Any]) -> None:
    """Show outputs as a table."""
    say(f"Current stack outputs ({len(outputs)}):")
    if outputs:
        say(table(("OUTPUT", "VALUE"), [(harmless(k), harmless(_text(v))) for k, v in sorted(outputs.items())], "    "))
    else:
        say("    No output values currently in this stack")


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
    urns = _urns(document)
    foreign = sorted({urn for urn in urns if not urn.startswith(f"urn:pulumi:{stack.name}::")})
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
    with stack.stored.lock.held("pulumi stack import"):
        stack.stored.back_up()
        stack.stored.write(state.to_text(snapshot, stack.crypter()))
        if strangers := stack.stored.strangers(urns):
            stack.stored.take(strangers)
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
    return [str(row["urn"]) for row in rows if isinstance(row, dict) and row.get("urn")]


def _importing(stack: CurrentStack, document: dict[str, Any]) -> Any:
    """What opens the imported secrets: this stack's passphrase with the salt that the state names."""
    from rehearsal.environment import passphrase
    from rehearsal.state.passphrase import Passphrase

    block = (document.get("deployment") or {}).get("secrets_providers") or {}
    if block and block.get("type") != "passphrase":
        raise CommandError(
            f"the rehearsal has no secrets provider {block.get('type')!r}: "
            "export the state with --show-secrets and import that."
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
        "config": {key: as_json(show_(kept(row)), show_secrets=in_clear) for key, row in run.config.items()},
        "result": run.result,
        "endTime": run.end,
        "resourceChanges": run.changes,
    }


def _say_run(run: Run) -> None:
    changes = run.changes
    say(f"Version: {run.version}")
    say(f"UpdateKind: {run.kind}")
    say(f"Status: {run.result}")
    say(f"Message: {harmless(run.message)}")
    counts = (
        f"+{changes.get('create', 0)}-{changes.get('delete', 0)}~{changes.get('update', 0)} {changes.get('replace', 0)}"
    )
    say(f"{counts} Updated {ago(run.end)}")
    for name, value in sorted(run.environment.items()):
        say(f"    {name}: {harmless(value)}")
    say()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)
