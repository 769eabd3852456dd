"""The page docs/guards.md names every guard that the code can name, and only tests that there are."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import table_page

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


def test_the_table_is_that_of_the_cells() -> None:
    """Written by `python tests/guards/table_page.py`."""
    assert table_page.page(PAGE.read_text()) == PAGE.read_text()


def test_every_test_that_the_page_names_exists() -> None:
    """Refusals, their twins, and the runs without guards, with their parameters."""
    tests = dict(re.findall(r"^\| \*(\w+)\* \| `([^`]+)` \|$", PAGE.read_text(), re.MULTILINE))
    named = re.findall(r"`(\w{1,3}(?:\[[^`\]]+\])?)`", PAGE.read_text().partition("### Cell by cell")[2])
    named = [code for code in named if code.partition("[")[0] in tests]
    wanted = {tests[code.partition("[")[0]] + "".join(code.partition("[")[1:]) for code in named}
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-o", "addopts=", "-p", "no:cacheprovider"]
    command += ["--import-mode=importlib"]
    files = sorted({name.partition("::")[0] for name in tests.values()})
    done = subprocess.run([*command, *files], cwd=REPOSITORY, capture_output=True, text=True, check=True)

    assert len(wanted) > 250
    assert sorted(wanted - set(done.stdout.splitlines())) == []
    assert {code.partition("[")[0] for code in named} == set(tests)


def test_every_guarded_thing_has_its_cells() -> None:
    """Removed, replaced (and so destroyed), by the guard of its name."""
    named = {"key": "key", "role": "execution-role"}
    nodes = {kind.node for kind in kinds.GUARDED.values()} - {"", "endpoint"}
    things = {named.get(node, node.lower().replace(" ", "-")) for node in nodes}

    assert {f"{thing}-{change}" for thing in things for change in ("removed", "replaced")} - set(
        table_page.ALL
    ) == set()
