"""Reading a command line by the rules of Pulumi's own command (cobra and pflag).

argparse can't: it takes an argument after `--` for an option, lets a flag with an optional value swallow the next word,
and wants global flags before the command. Here flags may stand anywhere, `--flag=value` and `--flag value` are the
same, a switch takes a value only after `=`, and a flag or command that isn't there is a gap, named.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from rehearsal.command.errors import UsageError

Kind = Literal["switch", "text", "number", "each", "list", "optional"]
TRUTH = {"true": True, "1": True, "t": True, "false": False, "0": False, "f": False}


@dataclass(frozen=True)
class Flag:
    """One option.

    `kind`: switch (no value), text, number (whole), each (repeatable), list (repeatable, commas separate), optional (a
    value only after `=`, otherwise `bare`). `names` are its long names, the first the one it is known by.
    """

    names: tuple[str, ...]
    kind: Kind
    about: str
    short: str = ""
    bare: str = "true"
    hidden: bool = False

    @property
    def name(self) -> str:
        """The name under which the value is kept."""
        return self.names[0]

    def read(self, value: str, before: Any) -> Any:
        """The value after this occurrence. Raises UsageError when it isn't of the flag's kind."""
        if self.kind == "switch":
            if value.lower() not in TRUTH:
                raise UsageError(f"--{self.name} is a switch: {value!r} is neither true nor false")
            return TRUTH[value.lower()]
        if self.kind == "number":
            try:
                return int(value)
            except ValueError:
                raise UsageError(f"--{self.name} takes a whole number, not {value!r}") from None
        if self.kind == "each":
            return [*(before or []), value]
        if self.kind == "list":
            return [*(before or []), *[part for part in value.split(",") if part]]
        return value


@dataclass(frozen=True)
class Command:
    """A command or a group of them.

    `run` is `<module>:<function>` (the module without its `_commands`); `takes` the least and the most arguments.
    """

    words: tuple[str, ...]
    about: str
    run: str = ""
    usage: str = ""
    takes: tuple[int, int] = (0, 0)
    flags: tuple[Flag, ...] = ()
    aliases: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The words a person types."""
        return " ".join(self.words)


@dataclass
class Invocation:
    """A command line, read: the command, the options given (by name) and the arguments."""

    command: Command
    options: dict[str, Any] = field(default_factory=dict)
    arguments: list[str] = field(default_factory=list)
    order: list[tuple[str, Any]] = field(default_factory=list)
    """Options in the order in which they stood, for commands to which it matters."""
    help: bool = False

    def get(self, name: str, default: Any = None) -> Any:
        """The value of an option, or `default`."""
        return self.options.get(name, default)

    def given(self, name: str) -> bool:
        """Whether a switch is on."""
        return bool(self.options.get(name))

    def argument(self, index: int) -> str | None:
        """The argument at `index`, or None."""
        return self.arguments[index] if index < len(self.arguments) else None


class Reader:
    """Reads command lines for a set of commands."""

    def __init__(self, commands: tuple[Command, ...], everywhere: tuple[Flag, ...]) -> None:
        self._commands = {command.words: command for command in commands}
        for command in commands:
            for alias in command.aliases:
                self._commands[(*command.words[:-1], alias)] = command
        self._everywhere = everywhere

    def flags(self, command: Command) -> tuple[Flag, ...]:
        """All flags that a command takes."""
        return (*command.flags, *self._everywhere)

    def read(self, words: list[str]) -> Invocation:
        """Read a command line. Raises UsageError that names the gap or the fault."""
        found = Invocation(self._commands[()])
        waiting = list(reversed(words))
        while waiting:
            word = waiting.pop()
            if word == "--":
                found.arguments.extend(reversed(waiting))
                break
            if word.startswith("--"):
                self._long(found, word[2:], waiting)
            elif word.startswith("-") and word != "-":
                self._short(found, word[1:], waiting)
            else:
                self._word(found, word)
        if not found.help:
            self._check(found)
        return found

    def _word(self, found: Invocation, word: str) -> None:
        child = self._commands.get((*found.command.words, word)) if not found.arguments else None
        if child:
            found.command = child
        elif not found.command.run:
            known = [c.words[-1] for w, c in self._commands.items() if w and w[:-1] == found.command.words]
            what = f"{found.command.name} {word}".strip()
            raise UsageError(
                f"the rehearsal has no command {what!r}.{_nearest(word, known)} `pulumi --help` lists them."
            )
        else:
            found.arguments.append(word)

    def _long(self, found: Invocation, text: str, waiting: list[str]) -> None:
        name, has_value, value = text.partition("=")
        if name == "help":
            found.help = True
            return
        flag = next((f for f in self.flags(found.command) if name in f.names), None)
        if not flag:
            raise self._unknown(found.command, f"--{name}")
        self._take(found, flag, value if has_value else None, waiting)

    def _short(self, found: Invocation, text: str, waiting: list[str]) -> None:
        while text:
            letter, text = text[0], text[1:]
            if letter == "h":
                found.help = True
                continue
            flag = next((f for f in self.flags(found.command) if f.short == letter), None)
            if not flag:
                raise self._unknown(found.command, f"-{letter}")
            value = None
            if text.startswith("=") or (text and flag.kind not in ("switch", "optional")):
                value, text = text.removeprefix("="), ""
            self._take(found, flag, value, waiting)

    def _take(self, found: Invocation, flag: Flag, value: str | None, waiting: list[str]) -> None:
        if value is None and flag.kind in ("switch", "optional"):
            value = flag.bare
        elif value is None:
            if not waiting:
                raise UsageError(f"--{flag.name} of `pulumi {found.command.name}` needs a value")
            value = waiting.pop()
        found.options[flag.name] = flag.read(value, found.options.get(flag.name))
        found.order.append((flag.name, value))

    def _unknown(self, command: Command, written: str) -> UsageError:
        known = [f"--{name}" for flag in self.flags(command) for name in flag.names]
        return UsageError(
            f"the rehearsal has no option {written} for `pulumi {command.name}`.{_nearest(written, known)}"
            f" `pulumi {command.name} --help` lists those it has; the Pulumi CLI may have more."
        )

    def _check(self, found: Invocation) -> None:
        command = found.command
        least, most = command.takes
        if not command.run:
            found.help = True
        elif not least <= len(found.arguments) <= most:
            wanted = str(least) if least == most else f"{least} to {most}"
            raise UsageError(
                f"`pulumi {command.name} {command.usage}` takes {wanted} arguments, not {len(found.arguments)}"
            )

    def help_text(self, command: Command) -> str:
        """What `--help` prints."""
        lines = [command.about, "", f"Usage: pulumi {command.name} {command.usage}".rstrip() + " [flags]"]
        below = {c.words: c for w, c in self._commands.items() if w and w[:-1] == command.words}
        if below:
            lines += ["", "Commands:", *[f"  {' '.join(w):<18} {c.about.splitlines()[0]}" for w, c in below.items()]]
        for title, flags in (("Flags:", command.flags), ("Everywhere:", self._everywhere)):
            shown = [flag for flag in flags if not flag.hidden]
            if shown:
                lines += ["", title, *[f"  {_written(flag):<34} {flag.about}" for flag in shown]]
        return "\n".join(lines)


def _written(flag: Flag) -> str:
    value = {"switch": "", "number": " N", "optional": "[=VALUE]"}.get(flag.kind, " VALUE")
    return f"{f'-{flag.short}, ' if flag.short else '    '}--{flag.name}{value}"


def _nearest(word: str, known: list[str]) -> str:
    import difflib  # only for a mistake

    near = difflib.get_close_matches(word, known, 1)
    return f" Did you mean {near[0]!r}?" if near else ""
