"""The table of docs/guards.md, cell by cell, by one program under an engine: refused, and the twin passes.

All cells are deployed once; boto3 alone makes the endpoints that use them. Then each moment is one run with all of
them: the preview of the change, the change itself, the preview of the destruction, the destruction (both acts go on
after a refusal), and last both acts with the guards switched off: they happen, so nothing else had held them back.
The destruction without guards has a copy of the account and of the state, as the destruction with guards left them.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cell import REMOVED
from cells import cells
from cells_elsewhere import OTHER
from cells_world import World
from engine_house import ACCOUNT, House, engine_of
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

    def __init__(self, house: House, kind: str) -> None:
        self.house, self.kind = house, kind
        self._world = World(house.client)
        self.facts = self._world.make()
        self.cells = {cell.name: cell for cell in cells(self.facts)}
        self._environment = {"WORLD": json.dumps(self.facts)}
        done = house.run("up", "--yes", "--skip-preview", **self._environment)
        assert done.returncode == 0, done.stdout + done.stderr
        ids: Any = house.outputs()["ids"]
        resources = {name: change for cell in self.cells.values() for name, change in cell.resources()}
        self._world.serve({name: (change.use, ids[name]) for name, change in resources.items() if change.use})

    def _moment(self, *args: str, house: House | None = None, **environment: str) -> Moment:
        house = house or self.house
        path = house.home / f"findings-{args[0]}-{len(args)}{len(environment)}.jsonl"
        path.unlink(missing_ok=True)
        done = house.run(*args, **self._environment, HOLDFAST_FINDINGS=str(path), **environment)
        lines = path.read_text().splitlines() if path.exists() else []
        state: dict[str, list[dict[str, Any]]] = {}
        acts = "--yes" in args
        exported = json.loads(house.run("stack", "export").stdout)["deployment"]["resources"] if acts else []
        for one in exported:
            state.setdefault(one["urn"].rpartition("::")[2], []).append(one)
        return Moment([json.loads(line) for line in lines], state, done.stdout + done.stderr, done.returncode != 0)

    @cached_property
    def preview(self) -> Moment:
        """The preview of every change."""
        return self._moment("preview", CHANGE="all")

    @cached_property
    def alone(self) -> dict[str, Moment]:
        """The changes whose refusal ends the run."""
        assert self.preview is not None
        run = partial(self._moment, "up", "--yes", "--skip-preview", "--continue-on-error")
        return {name: run(CHANGE=name) for name, cell in CELLS.items() if cell.alone}

    @cached_property
    def up(self) -> Moment:
        """Every change; what has to be alone comes first."""
        alone = self.alone
        done = self._moment("up", "--yes", "--skip-preview", "--continue-on-error", CHANGE="together")
        done.findings += [finding for one in alone.values() for finding in one.findings]
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
    def unguarded_destroy(self) -> Moment:
        """The destruction of what the guards have kept, the guards switched off."""
        assert self.destroy is not None
        act = ("destroy", "--yes", "--skip-preview", "--run-program", "--continue-on-error")
        with self.house.copy(self.kind, self.house.home.parent / "copy") as copy:
            return self._moment(*act, house=copy, OFF="yes")

    @cached_property
    def unguarded(self) -> Moment:
        """Every change, the guards switched off."""
        assert self.unguarded_destroy is not None
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
            yield Table(made, request.param)
        finally:
            for number in (ACCOUNT, OTHER):
                made.account(number).stop()


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


@pytest.mark.parametrize("name", [name for name, cell in CELLS.items() if cell.alone])
def test_a_refused_replacement_that_begins_with_a_deletion_ends_the_run(name: str, table: Table) -> None:
    """Though it goes on after errors, and the engine never answers the program about it."""
    assert table.alone[name].failed
    assert f"The run ends here: the deletion of {name} was refused" in table.alone[name].said


@pytest.mark.parametrize("name", DESTROYED)
def test_with_the_guards_switched_off_a_destruction_takes_it(name: str, table: Table) -> None:
    """What the destruction had left goes."""
    assert name in table.destroy.state
    if name in HELD_BY_AWS:
        assert HELD_BY_AWS[name] in table.unguarded_destroy.said
        return

    assert name not in table.unguarded_destroy.state


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
    "model-package-group-removed": "model-package-group-removed cannot be deleted as it is not empty",
    "model-package-group-replaced": "model-package-group-replaced cannot be deleted as it is not empty",
    "model-of-pending-package-added": "has the approval status PendingManualApproval",
    "model-of-empty-package-added": "Could not find model data at s3://cells-artifacts/empty.tar.gz",
    "model-of-unreadable-package-added": "Could not access model data at s3://cells-artifacts/model.tar.gz",
    "model-of-missing-image-added": "cells-serving@sha256:" + "0" * 64 + " not found",
    "model-of-missing-artifact-added": "Could not find model data at s3://cells-artifacts/none.tar.gz",
    "model-package-group-added": "Model Package Group already exists",
    "version-of-another-account-added": "Could not access model data at s3://version-closed/model.tar.gz for account",
}
"""What AWS itself refuses, by what it says then (as the emulated account does; in a preview it says nothing)."""


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
