"""The pages docs/seeds/*.md: each says of an AWS page, sentence by sentence, what covers it and which test proves that.

A page has one Markdown table, `| sentence | covered by | test |`:

- *sentence*: its number in the AWS page, a dot, and what it says in our own words: `7. The registry speaks API V2.`
  Several that say one thing share a row: `7-9.` The numbers run from 1 without a gap.
- *covered by*: names in backquotes, each an importable object (`components.model.Model`), the name of a rule or that of
  a guard; or `nothing: <why it says nothing that could be broken>`, and then the test is `-`.
- *test*: ids in backquotes, as pytest collects them (`tests/seeds/test_x.py::test_name[parameter]`; without its
  parameters a test stands for all of them).
"""

from __future__ import annotations

import functools
import importlib
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDER = REPOSITORY / "docs" / "seeds"
HEAD = ["sentence", "covered by", "test"]
NOTHING = "nothing: "
_NUMBERS = re.compile(r"^(\d+)(?:-(\d+))?\. (.+)$")
_CODE = re.compile(r"`([^`]+)`")
_LONGEST_QUOTE = 25  # words in quotation marks in one row: short quotes only


@dataclass(frozen=True)
class Row:
    """One row: the sentences' numbers and words, what covers them, the ids of the tests."""

    first: int
    last: int
    words: str
    covered: str
    names: tuple[str, ...]
    tests: tuple[str, ...]
    test_cell: str

    @property
    def covers_nothing(self) -> bool:
        return self.covered.startswith(NOTHING)


def pages() -> list[Path]:
    return sorted(FOLDER.glob("*.md"))


def rows(text: str) -> list[Row]:
    """The rows of a page's table; raises ValueError with the line that isn't one."""
    found: list[Row] = []
    table = [line.strip() for line in text.splitlines() if line.startswith("|")]
    if not table or _cells(table[0]) != HEAD:
        raise ValueError(f"the page has no table | {' | '.join(HEAD)} |")
    for line in table[2:]:
        cells = _cells(line)
        matched = _NUMBERS.match(cells[0])
        if len(cells) != len(HEAD) or matched is None or not all(cells):
            raise ValueError(f"no row of number and sentence, covered by, test: {line}")
        first, last, words = matched.groups()
        found.append(
            Row(
                int(first),
                int(last or first),
                words,
                cells[1],
                tuple(_CODE.findall(cells[1])),
                tuple(_CODE.findall(cells[2])),
                cells[2],
            )
        )
    return found


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def problems(found: list[Row]) -> list[str]:
    """What is wrong with a page's rows, apart from what they name."""
    said = []
    expected = 1
    for row in found:
        if row.first != expected or row.last < row.first:
            said.append(f"row {row.first}: sentence {expected} is expected here")
        expected = row.last + 1
        if row.covers_nothing:
            if row.test_cell != "-":
                said.append(f"row {row.first}: what nothing covers has no test")
        elif not row.names or not row.tests:
            said.append(f"row {row.first}: names neither what covers it nor a test")
        quoted = sum(len(quote.split()) for quote in re.findall(r'"([^"]*)"', row.words))
        if quoted > _LONGEST_QUOTE:
            said.append(f"row {row.first}: quotes {quoted} words; {_LONGEST_QUOTE} are the most")
    return said


def unknown_names(names: set[str]) -> list[str]:
    """Those that are neither importable nor a rule nor a guard."""
    return sorted(name for name in names if name not in rule_names() | guard_names() and not _importable(name))


def _importable(name: str) -> bool:
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        try:
            for attribute in parts[end:]:
                found = _member(found, attribute)
        except AttributeError:
            return False
        return True
    return False


def _member(found: object, name: str) -> object:
    """An attribute, or what only an annotation declares (a component's output, a TypedDict's key, a setting)."""
    if name in getattr(found, "__annotations__", {}):
        return found
    return getattr(found, name)


@functools.cache
def rule_names() -> frozenset[str]:
    from policies.rules import RULES

    return frozenset(rule.name for rule in RULES)


@functools.cache
def guard_names() -> frozenset[str]:
    """Every guard's name, in the code and on docs/guards.md (tests/guards/test_page.py holds the two together)."""
    page = (REPOSITORY / "docs" / "guards.md").read_text(encoding="utf-8").partition("## When a change is judged")[0]
    first = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    return frozenset(name for cell in first for name in re.findall(r"`([a-z]+(?:-[a-z]+)+)`", cell))


def not_collected(ids: set[str], collected: set[str]) -> list[str]:
    """Those of `ids` that pytest doesn't collect; `collected` are the ones this session has collected anyway."""
    missing = _missing(ids, collected)
    files = sorted({name.partition("::")[0] for name in missing if (REPOSITORY / name.partition("::")[0]).is_file()})
    if not files:
        return missing
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-o", "addopts=", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "--import-mode=importlib", *files], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    return _missing(set(missing), set(done.stdout.splitlines()))


def _missing(ids: set[str], collected: set[str]) -> list[str]:
    whole = collected | {name.partition("[")[0] for name in collected}
    return sorted(ids - whole)
