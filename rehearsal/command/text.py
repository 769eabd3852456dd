"""Text as a terminal may be shown it: no control characters of somebody else's, colour only where it is wanted."""

from __future__ import annotations

import os
import re
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Sequence

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
MARKUP = re.compile(r"<\{%[^%]*%\}>")
COLOURS = {"green": "32", "yellow": "33", "red": "31", "magenta": "35", "cyan": "36", "bold": "1", "dim": "2"}


def say(line: str = "") -> None:
    """Print a line to standard output: what a command answers."""
    sys.stdout.write(f"{line}\n")


def warn(message: str) -> None:
    """Print a warning to standard error."""
    sys.stdout.flush()
    sys.stderr.write(f"warning: {harmless(message)}\n")


def harmless(text: str) -> str:
    """The text with control characters written out, so that it can't move a cursor or hide a line."""
    return CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def without_markup(text: str) -> str:
    """The text without Pulumi's colour marks (`<{%fg 1%}>`)."""
    return MARKUP.sub("", text)


def colourful(wish: str | None, stream: TextIO) -> bool:
    """Whether to colour: what --color says, by default only a terminal, and never under NO_COLOR."""
    if wish in ("always", "never"):
        return wish == "always"
    return stream.isatty() and not os.environ.get("NO_COLOR")


def table(head: Sequence[str], rows: Sequence[Sequence[str]], indent: str = "") -> str:
    """Columns as wide as their longest cell, two spaces between."""
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        indent + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def ago(moment: str) -> str:
    """How long ago a moment (RFC 3339) was, in words."""
    try:
        seconds = int((datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds())
    except ValueError:
        return moment
    for size, word in ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {word}{'s' if count > 1 else ''} ago"
    return "now"
