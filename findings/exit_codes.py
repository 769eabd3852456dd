"""
The exit codes of everything here that is a command; `docs/exit-codes.md` explains them.

Place: one table for the `holdfast` command and its `--json` reports. A number keeps its meaning for ever: pipelines
branch on it.
"""

from __future__ import annotations

from typing import Final

OK: Final = 0
REFUSED: Final = 1
BAD_INPUT: Final = 2
FAILED: Final = 3
UNKNOWN: Final = 4
INTERRUPTED: Final = 130

MEANINGS: Final[dict[int, str]] = {
    OK: "Done, or nothing to do; what was found is advisory, undecided or exempted.",
    REFUSED: "A policy or a guard refused. In a preview nothing was touched.",
    BAD_INPUT: "The command, a setting, an exemption or a file given can't be used as it is. Nothing was touched.",
    FAILED: "The program, the engine, a provider or AWS failed; steps may have been done, and the state says which.",
    UNKNOWN: "Something that had to be known could not be found out, so nothing was decided.",
    INTERRUPTED: "Stopped by the user (Ctrl-C). Steps already begun were brought to an end.",
}
