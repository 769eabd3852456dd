"""The command's entry: reads the line, runs the command, turns every refusal into one sentence and an exit status."""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING

from rehearsal.command import catalogue
from rehearsal.command.errors import EXIT_CANCELLED, EXIT_ERROR, EXIT_INTERNAL, CommandError
from rehearsal.command.text import harmless, say
from rehearsal.errors import RehearsalError

if TYPE_CHECKING:
    from rehearsal.command.arguments import Invocation


def main(words: list[str]) -> int:
    """Run one command line; the result is the exit status."""
    try:
        status = _run(words)
        sys.stdout.flush()
    except CommandError as error:
        return _refused(str(error), error.exit_status)
    except RehearsalError as error:
        return _refused(str(error), EXIT_ERROR)
    except BrokenPipeError:
        # Whoever read our output has gone (`pulumi ... | head`); Python would complain again while shutting down.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_ERROR
    except KeyboardInterrupt:
        return _refused("interrupted; nothing was changed", EXIT_CANCELLED)
    except Exception as error:  # noqa: BLE001  # whatever is left is a defect of ours
        # The trace is what mending it needs; the exit status is Pulumi's for a defect of its own.
        import traceback

        traceback.print_exc()
        what = f"{type(error).__name__}: {error}"
        return _refused(f"the rehearsal itself is at fault, not your project ({what}); please report it", EXIT_INTERNAL)
    return status


def _run(words: list[str]) -> int:
    reader = catalogue.reader()
    invocation = reader.read(words)
    if invocation.help:
        say(reader.help_text(invocation.command))
        return 0
    _go_to(invocation)
    module, _, function = invocation.command.run.partition(":")
    run = getattr(importlib.import_module(f"rehearsal.command.{module}_commands"), function)
    return int(run(invocation) or 0)


def _go_to(invocation: Invocation) -> None:
    folder = invocation.get("cwd")
    if not folder:
        return
    try:
        os.chdir(folder)
    except OSError as error:
        raise CommandError(f"--cwd {folder}: {error.strerror}") from None


def _refused(message: str, status: int) -> int:
    sys.stdout.flush()
    sys.stderr.write(f"error: {harmless(message)}\n")
    return status
