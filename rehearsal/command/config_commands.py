"""`pulumi config`: show, get, set, set-all, rm, rm-all, refresh."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Any

from rehearsal.command import configuration
from rehearsal.command.errors import CommandError, ConfigurationError
from rehearsal.command.stack_settings import Secure, full_key, kept, shown
from rehearsal.command.text import harmless, say, table
from rehearsal.command.workspace import CurrentStack, Workspace
from rehearsal.errors import ProgramError
from rehearsal.values import paths

if TYPE_CHECKING:
    from rehearsal.command.arguments import Invocation
    from rehearsal.command.stack_settings import Edit, Shown

WHOLE = re.compile(r"-?(0|[1-9][0-9]*)")
KINDS = {"string": str, "bool": bool, "int": int, "float": float}


def show(invocation: Invocation) -> None:
    """Show all settings, the project's defaults among them."""
    stack = Workspace(invocation).stack()
    crypter = stack.crypter if invocation.given("show-secrets") else None
    settings = configuration.merged(stack.project, stack.settings).shown(crypter)
    if invocation.given("json"):
        rows = {key: as_json(one, show_secrets=crypter is not None) for key, one in settings.items()}
        say(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    own = f"{stack.project.name}:"
    say(
        table(
            ("KEY", "VALUE"),
            [
                (key.removeprefix(own), harmless(one.text))
                for key, one in sorted(settings.items(), key=lambda item: item[0].removeprefix(own))
            ],
        )
    )


def get(invocation: Invocation) -> None:
    """Show one setting, decrypted."""
    stack = Workspace(invocation).stack()
    written = invocation.arguments[0]
    key, path = _place(written, stack, as_path=invocation.given("path"))
    value: Any = configuration.merged(stack.project, stack.settings).values.get(key)
    for step in path:
        value = _below(value, step)
    if value is None:
        raise ConfigurationError(f"configuration key {written!r} not found for stack {stack.name!r}")
    one = shown(value, stack.crypter)
    say(
        json.dumps(as_json(one, show_secrets=True), indent=2, ensure_ascii=False)
        if invocation.given("json")
        else one.text
    )


def set_(invocation: Invocation) -> None:
    """Keep one setting; without a value it is read from standard input."""
    stack = Workspace(invocation).stack()
    value = invocation.argument(1)
    if value is None:
        if sys.stdin.isatty():
            raise CommandError(
                f"no value for {invocation.arguments[0]!r}: give it as the second argument or on standard input"
            )
        value = sys.stdin.read().rstrip("\n")
    edit = stack.settings.edit()
    _keep(stack, edit, invocation.arguments[0], value, invocation)
    edit.save()


def _keep(stack: CurrentStack, edit: Edit, written: str, value: str, invocation: Invocation) -> None:
    secret = invocation.given("secret")
    if not secret and not invocation.given("plaintext") and _looks_secret(written, value):
        raise CommandError(
            f"the value of {written!r} looks like a secret: pass --secret to encrypt it, or --plaintext if it is none."
        )
    put(stack, edit, written, value, secret=secret, as_path=invocation.given("path"), kind=invocation.get("type"))


def put(  # noqa: PLR0913  # what the options of `config set` say
    stack: CurrentStack,
    edit: Edit,
    written: str,
    value: Any,
    *,
    secret: bool = False,
    as_path: bool = False,
    kind: str | None = None,
) -> None:
    """Put a value as it was written into an edit: encrypted, placed at its path, or of the type that is wished."""
    key, path = _place(written, stack, as_path=as_path)
    if kind and kind not in KINDS:
        raise CommandError(f"--type is one of {', '.join(KINDS)}, not {kind!r}")
    if kind:
        try:
            value = value == "true" if kind == "bool" else KINDS[kind](value)
        except ValueError:
            raise CommandError(f"{value!r} isn't of the type {kind}") from None
    if secret:
        value = Secure(stack.crypter().encrypt(str(value)))
        edit.salt(stack.settings.salt)  # it may be new, and `edit` was begun before
    elif path and isinstance(value, str):
        value = _guessed(value)
    old = stack.settings.values.get(key)
    whole = old if isinstance(old, (dict, list)) else None  # text makes way for an object, as with the CLI
    edit.set(key, _placed(whole, path, value, written))


def set_all(invocation: Invocation) -> None:
    """Keep several settings at once, in the order in which they were given."""
    stack = Workspace(invocation).stack()
    edit = stack.settings.edit()
    as_path = invocation.given("path")
    for name, text in invocation.order:
        if name in ("plaintext", "secret"):
            key, equals, value = text.partition("=")
            if not equals:
                raise CommandError(f"--{name} takes key=value, not {text!r}")
            put(stack, edit, key, value, secret=name == "secret", as_path=as_path)
    for key, row in _rows(invocation.get("json")).items():
        value = row.get("objectValue", row.get("value"))
        if value is None:
            raise CommandError(
                f"--json: {key} has neither value nor objectValue (secrets need `config --show-secrets --json`)"
            )
        structured = isinstance(value, (dict, list))
        text = json.dumps(value) if structured and row.get("secret") else value
        put(stack, edit, key, text, secret=bool(row.get("secret")), as_path=False)
    edit.save()


def _rows(text: str | None) -> dict[str, dict[str, Any]]:
    if text is None:
        return {}
    try:
        rows = json.loads(text)
    except ValueError as error:
        raise CommandError(f"--json isn't JSON: {error}") from None
    if not isinstance(rows, dict) or not all(isinstance(row, dict) for row in rows.values()):
        raise CommandError("--json takes an object of settings, as `pulumi config --json` prints it")
    return rows


def remove(invocation: Invocation) -> None:
    """Remove settings; one that isn't there is no mistake."""
    stack = Workspace(invocation).stack()
    edit = stack.settings.edit()
    for written in invocation.arguments:
        key, path = _place(written, stack, as_path=invocation.given("path"))
        if not path:
            edit.remove(key)
        elif key in stack.settings.values:
            edit.set(key, _without(stack.settings.values[key], path))
    edit.save()


def refresh(invocation: Invocation) -> None:
    """Take the settings of the last run."""
    stack = Workspace(invocation).stack()
    runs = stack.stored.history()
    if not runs:
        raise CommandError(f"stack {stack.name!r} has no runs yet: there are no settings to take")
    if stack.settings_file.exists() and not invocation.given("force"):
        raise CommandError(
            f"{stack.settings_file} may hold settings that aren't in the last run: pass --force to overwrite them"
        )
    edit = stack.settings.edit()
    for key in list(stack.settings.values):
        if key not in runs[0].config:
            edit.remove(key)
    for key, row in runs[0].config.items():
        edit.set(key, kept(row))
    edit.save()


def as_json(one: Shown, *, show_secrets: bool) -> dict[str, Any]:
    """A setting as `pulumi config --json` shows it: a secret without its value unless asked for."""
    row: dict[str, Any] = {}
    if show_secrets or not one.secret:
        row["value"] = one.text
        if not one.plain:
            row["objectValue"] = one.structure
    row["secret"] = one.secret
    return row


def _place(written: str, stack: CurrentStack, *, as_path: bool) -> tuple[str, paths.Path]:
    """The full key and the path below it."""
    if not as_path:
        return full_key(written, stack.project.name), ()
    namespace, colon, rest = (
        written.rpartition(":")
        if ":" in written.split(".", maxsplit=1)[0].split("[", maxsplit=1)[0]
        else ("", "", written)
    )
    try:
        steps = paths.parse(rest)
    except ProgramError as error:
        raise ConfigurationError(str(error)) from None
    if not steps or not isinstance(steps[0], str):
        raise ConfigurationError(f"{written!r} isn't a path: it begins with the name of a setting")
    return full_key(f"{namespace}{colon}{steps[0]}", stack.project.name), steps[1:]


def _below(value: Any, step: str | int) -> Any:
    if isinstance(value, dict) and isinstance(step, str):
        return value.get(step)
    if isinstance(value, list) and isinstance(step, int):
        return value[step] if step < len(value) else None
    return None


def _placed(old: Any, path: paths.Path, value: Any, written: str) -> Any:
    """`old` with `value` at `path`; objects and lists on the way are made."""
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(step, str):
        if old is not None and not isinstance(old, dict):
            raise ConfigurationError(f"could not set config: {written}: what is there is no object")
        below = dict(old or {})
        below[step] = _placed(below.get(step), rest, value, written)
        return below
    if old is not None and not isinstance(old, list):
        raise ConfigurationError(f"could not set config: {written}: what is there is no list")
    items = list(old or [])
    if step > len(items):
        raise ConfigurationError(
            f"could not set config: {written}: array index out of range (it has {len(items)} items)"
        )
    items[step : step + 1] = [_placed(items[step] if step < len(items) else None, rest, value, written)]
    return items


def _without(old: Any, path: paths.Path) -> Any:
    step, rest = path[0], path[1:]
    if _below(old, step) is None:
        return old
    copy: Any = dict(old) if isinstance(old, dict) else list(old)
    if rest:
        copy[step] = _without(copy[step], rest)
    else:
        del copy[step]
    return copy


def _guessed(value: str) -> Any:
    """What a value at a path is kept as: truth values and whole numbers as themselves, anything else as text."""
    if value in ("true", "false"):
        return value == "true"
    return int(value) if WHOLE.fullmatch(value) else value


def _looks_secret(key: str, value: str) -> bool:
    """Long random text under a key that speaks of a secret: Pulumi's command refuses to guess, and so does this one."""
    return bool(re.search(r"(password|secret|token|private_?key)", key, re.IGNORECASE)) and bool(
        re.fullmatch(r"[A-Za-z0-9+/=_-]{20,}", value)
    )
