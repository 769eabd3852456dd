"""The page docs/guards.md names every guard that the code can name, and only tests that there are."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from guards import kinds
from guards.deletions import guard_name

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = REPOSITORY / "docs" / "guards.md"


def test_every_guard_is_on_the_page() -> None:
    """Names in the code, whole or built of a kind."""
    page = PAGE.read_text()
    code = "\n".join(path.read_text() for path in (REPOSITORY / "guards").glob("*.py"))
    names = set(re.findall(r'"([a-z]+(?:-[a-z]+)*-(?:stays|is|keeps|refers|in-use)-[a-z-]+)"', code)) | {"guards-work"}
    names |= {guard_name(kind.node) for kind in kinds.GUARDED.values() if kind.node not in {"", "endpoint"}}

    assert len(names) > 15
    assert [name for name in sorted(names) if f"`{name}`" not in page] == []


def cells() -> list[list[str]]:
    """The rows of the table "Cell by cell"."""
    table = PAGE.read_text().partition("### Cell by cell")[2].partition("| | test |")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| ")]
    return rows[1:]


def test_every_test_that_the_page_names_exists() -> None:
    """Refusals and safe twins, with their parameters."""
    tests = dict(re.findall(r"^\| \*(\w+)\* \| `([^`]+)` \|$", PAGE.read_text(), re.MULTILINE))
    named = [code for row in cells() for cell in row[2:] for code in re.findall(r"`([^`]+)`", cell)]
    wanted = {tests[code.partition("[")[0]] + "".join(code.partition("[")[1:]) for code in named}
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-o", "addopts=", "-p", "no:cacheprovider"]
    files = sorted({name.partition("::")[0] for name in tests.values()})
    done = subprocess.run([*command, *files], cwd=REPOSITORY, capture_output=True, text=True, check=True)

    assert len(wanted) > 70
    assert sorted(wanted - set(done.stdout.splitlines())) == []
    assert {code.partition("[")[0] for code in named} == set(tests)


def test_every_cell_is_filled() -> None:
    """Each thing under each change, by a test or by a word why there is none."""
    changes = {"removed", "replaced", "destroyed", "narrowed"}
    told: dict[str, set[str]] = {}
    for row in cells():
        thing, change = row[0], row[1].partition(":")[0].replace("disabled", "narrowed")
        told.setdefault(thing, set()).update(change.split(", "))

        assert len(row) == 5
        assert all(cell.strip() for cell in row)
    named = {"key": "KMS key", "role": "execution role"}
    nodes = {named.get(kind.node, kind.node) for kind in kinds.GUARDED.values()} - {""}

    assert [thing for thing, found in told.items() if not changes <= found] == []
    assert nodes - set(told) == set()
