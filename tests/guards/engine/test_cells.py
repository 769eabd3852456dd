"""The table of docs/guards.md, cell by cell, by one program under an engine: refused, and the twin passes.

All cells are deployed once; boto3 alone makes the endpoints that use them. Then each moment is one run with all of
them: the preview of the change, the change itself, the preview of the destruction, the destruction (both acts go on
after a refusal), and last the change with the guards switched off: it happens, so nothing else had held it back.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cells import REMOVED, cells
from cells_world import World
from engine_house import House, engine_of
from table_page import ALL

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
REFUSING = {"violated", "unknown"}

pytestmark = pytest.mark.timeout(900)


@dataclass
class Moment:
    """One run: what the guards found, and what is in state afterwards."""

    findings: list[dict[str, Any]]
    state: dict[str, list[dict[str, Any]]]
    said: str
    failed: bool

    def refusals(self, name: str) -> list[str]:
        """The guards that refused something about one resource."""
        found = [one for one in self.findings if one["resource_name"] == name and one["outcome"] in REFUSING]
        return sorted({one["name"] for one in found})


class Table:
    """The stack of all cells on one engine, its runs made in the order in which they are first asked for."""

    def __init__(self, house: House) -> None:
        self.house = house
        self._world = World(house.client)
        self.facts = self._world.make()
        self.cells = {cell.name: cell for cell in cells(self.facts)}
        self._environment = {"WORLD": json.dumps(self.facts)}
        done = house.run("up", "--yes", "--skip-preview", **self._environment)
        assert done.returncode == 0, done.stdout + done.stderr
        ids: Any = house.outputs()["ids"]
        resources = {name: change for cell in self.cells.values() for name, change in cell.resources()}
        self._world.serve({name: (change.use, ids[name]) for name, change in resources.items() if change.use})

    def _moment(self, *args: str, **environment: str) -> Moment:
        path = self.house.home / f"findings-{args[0]}-{len(args)}{len(environment)}.jsonl"
        path.unlink(missing_ok=True)
        done = self.house.run(*args, **self._environment, HOLDFAST_FINDINGS=str(path), **environment)
        lines = path.read_text().splitlines() if path.exists() else []
        exported = json.loads(self.house.run("stack", "export").stdout)["deployment"]["resources"]
        state: dict[str, list[dict[str, Any]]] = {}
        for one in exported:
            state.setdefault(one["urn"].rpartition("::")[2], []).append(one)
        return Moment([json.loads(line) for line in lines], state, done.stdout + done.stderr, done.returncode != 0)

    @cached_property
    def preview(self) -> Moment:
        """The preview of every change."""
        return self._moment("preview", CHANGE="all")

    @cached_property
    def up(self) -> Moment:
        """Every change; what has to be alone comes first."""
        assert self.preview is not None
        alone = [self._moment("up", "--yes", "--skip-preview", CHANGE=one.name) for one in CELLS.values() if one.alone]
        done = self._moment("up", "--yes", "--skip-preview", "--continue-on-error", CHANGE="together")
        done.findings += [finding for one in alone for finding in one.findings]
        return done

    @cached_property
    def destroy_preview(self) -> Moment:
        """The preview of the destruction of what is left."""
        assert self.up is not None
        return self._moment("destroy", "--preview-only", "--run-program")

    @cached_property
    def destroy(self) -> Moment:
        """The destruction."""
        assert self.destroy_preview is not None
        return self._moment("destroy", "--yes", "--skip-preview", "--run-program", "--continue-on-error")

    @cached_property
    def unguarded(self) -> Moment:
        """Every change, the guards switched off."""
        assert self.destroy is not None
        return self._moment("up", "--yes", "--skip-preview", "--continue-on-error", CHANGE="all", OFF="yes")


@pytest.fixture(scope="module", params=["embedded", pytest.param("pulumi", marks=pytest.mark.pulumi_cli)])
def table(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Table]:
    """All cells, deployed and in use; on each engine there is."""
    folder = tmp_path_factory.mktemp("cells")
    shutil.copytree(HERE / "cells", folder / "project")
    (folder / "project" / "requirements.txt").write_text("pulumi-aws\n")
    with engine_of(request.param, folder) as engine:
        made = House(folder / "project", folder / "home", engine)
        try:
            done = made.run("stack", "init")
            assert done.returncode == 0, done.stdout + done.stderr
            yield Table(made)
        finally:
            made.account().stop()


CELLS = ALL
DESTROYED = [name for name, cell in CELLS.items() if cell.refused.after is REMOVED]


@pytest.mark.parametrize("name", CELLS)
def test_the_preview_refuses_it_and_passes_its_twin(name: str, table: Table) -> None:
    """By that guard and no other; the twin differs in one value."""
    assert table.preview.refusals(name) == [CELLS[name].guard]
    assert table.preview.refusals(f"{name}-twin") == []


@pytest.mark.parametrize("name", CELLS)
def test_up_refuses_it_and_does_its_twin(name: str, table: Table) -> None:
    """Without any preview before: what is refused stays as it is, its twin is changed."""
    cell = CELLS[name]

    assert table.up.refusals(name) == [cell.guard]
    assert _is(table, table.up, name, table.cells[name].refused.before)
    assert table.up.refusals(f"{name}-twin") == []
    assert cell.alone or _is(table, table.up, f"{name}-twin", table.cells[name].twin.after)


@pytest.mark.parametrize("name", DESTROYED)
def test_the_preview_of_a_destruction_refuses_it(name: str, table: Table) -> None:
    """Its twin that nobody uses may go."""
    assert CELLS[name].guard in table.destroy_preview.refusals(name)
    assert table.destroy_preview.refusals(f"{name}-spare") == []


@pytest.mark.parametrize("name", DESTROYED)
def test_a_destruction_refuses_it_and_takes_its_twin(name: str, table: Table) -> None:
    """The act itself, going on after each refusal."""
    assert CELLS[name].guard in table.destroy.refusals(name)
    assert _is(table, table.destroy, name, table.cells[name].refused.before)
    assert f"{name}-spare" not in table.destroy.state


@pytest.mark.parametrize("name", CELLS)
def test_with_the_guards_switched_off_it_happens(name: str, table: Table) -> None:
    """So each test above fails without its guard: neither the engine nor the account would have refused."""
    if name in HELD_BY_AWS:
        assert HELD_BY_AWS[name] in table.unguarded.said
        return

    assert _is(table, table.unguarded, name, table.cells[name].refused.after)


HELD_BY_AWS = {
    "vpc-removed": "DependencyViolation",
    "vpc-replaced": "DependencyViolation",
    "model-package-group-removed": "is not empty",
    "model-package-group-replaced": "is not empty",
}
"""What AWS itself refuses, by the code with which it does."""


def _is(table: Table, moment: Moment, name: str, wanted: dict[str, Any] | None) -> bool:
    """Whether state has the resource with these inputs and no other (none at all, when nothing is wanted)."""
    found = moment.state.get(name, [])
    if wanted is None:
        return not found
    return any(all(_same(one["inputs"].get(key), value) for key, value in wanted.items()) for one in found)


def _same(found: Any, wanted: Any) -> bool:
    """Inputs in state have the provider's defaults besides."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(_same(found.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, list):
        return isinstance(found, list) and len(found) == len(wanted) and all(map(_same, found, wanted))
    return bool(found == wanted)
