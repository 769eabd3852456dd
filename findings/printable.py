"""
Text that is safe to show.

Place: every report passes what users, programs and AWS wrote through here: a resource's name may hold terminal control
sequences, line breaks or characters that turn the reading direction.
"""

from __future__ import annotations

import unicodedata


def printable(text: str) -> str:
    r"""One line: white space runs become one space, other control and format characters are written as `\\x1b`."""
    return " ".join("".join(map(_shown, text)).split())


def indented(line: str) -> str:
    """The same, with the spaces that the line begins with."""
    return line[: len(line) - len(line.lstrip(" "))] + printable(line)


def _shown(character: str) -> str:
    if character.isspace():
        return " "
    # control, format (turns the reading direction, zero width), half of a surrogate pair, private use, unassigned
    if unicodedata.category(character).startswith("C"):
        return character.encode("unicode_escape", "surrogatepass").decode("ascii")
    return character
