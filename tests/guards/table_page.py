"""The table "Cell by cell" of docs/guards.md, made of the cells that there are. Run it to write the page anew."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "engine" / "cells"))

from cell import REMOVED, Cell  # noqa: E402 - the cells lie with the program that makes them
from cells import cells  # noqa: E402

PAGE = HERE.parents[1] / "docs" / "guards.md"
BEGIN, END = "<!-- cells: made by tests/guards/table_page.py -->", "<!-- end of cells -->"
TESTS = {
    "preview": "test_the_preview_refuses_it_and_passes_its_twin",
    "up": "test_up_refuses_it_and_does_its_twin",
    "destroy preview": "test_the_preview_of_a_destruction_refuses_it",
    "destroy": "test_a_destruction_refuses_it_and_takes_its_twin",
    "off": "test_with_the_guards_switched_off_it_happens",
    "destroy off": "test_with_the_guards_switched_off_a_destruction_takes_it",
}
CODES = {"preview": "P", "up": "U", "destroy preview": "DP", "destroy": "D", "off": "O", "destroy off": "DO"}


class _Anything(dict):  # type: ignore[type-arg]
    """Any fact of the world: what cells there are doesn't depend on it."""

    def __missing__(self, key: str) -> Any:
        return _Anything() if key in {"keys", "networks", "packages", "readable"} or "-" in key else key


ALL: dict[str, Cell] = {cell.name: cell for cell in cells(_Anything())}


def lines() -> list[str]:
    """The rows: removed, replaced and narrowed as the cells are, destroyed for each that is removed."""
    made = ["| cell | guard | refused in the preview | refused at `up` | with the guard off |", "|---|---|---|---|---|"]
    for name, cell in ALL.items():
        row = [f"`{CODES[one]}[embedded-{name}]`" for one in ("preview", "up", "off")]
        made.append(f"| {words(name)} | `{cell.guard}` | {' | '.join(row)} |")
        if cell.refused.after is REMOVED:
            row = [f"`{CODES[one]}[embedded-{name}]`" for one in ("destroy preview", "destroy", "destroy off")]
            made.append(f"| {words(name.replace('removed', 'destroyed'))} | `{cell.guard}` | {' | '.join(row)} |")
    return made


def words(name: str) -> str:
    """`execution role: removed`."""
    thing, _, change = name.rpartition("-")
    return f"{thing.replace('-', ' ')}: {change}"


def page(text: str) -> str:
    """The page with the table in its place."""
    before, _, rest = text.partition(BEGIN)
    return "\n".join([before + BEGIN, "", *lines(), "", END]) + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
