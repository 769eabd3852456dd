"""`rehearse`: programs as functions or folders, run after run, and what is said when something isn't as expected."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi
import pytest

from rehearsal.errors import PackError, ProgramError
from rehearsal.harness import Rehearsed, RunWentOtherwise, Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    Rehearse = Callable[..., Rehearsed]

PROVIDER = Path(__file__).parents[1] / "parity" / "provider"


class Thing(pulumi.CustomResource):
    """A resource of a provider that a test brings along."""

    def __init__(self, name: str, **props: Any) -> None:
        super().__init__("parity:index:Thing", name, {"arn": None, **props})


@pytest.fixture
def things(rehearse: Rehearse, tmp_path: Path) -> Rehearse:
    """Rehearses programs of things."""
    environ = {"PARITY_LOG": str(tmp_path / "log"), "PARITY_COUNTERS": str(tmp_path / "counters")}
    return lambda program, **more: rehearse(program, plugins={"parity": PROVIDER}, environ=environ, **more)


def two_things() -> None:
    """A program as a function of the test's module."""
    Thing("a", value="1")
    pulumi.export("what", pulumi.Config().require("what"))
    pulumi.export("hidden", pulumi.Config().require_secret("hidden"))


def test_a_function_is_a_program(things: Rehearse) -> None:
    """With settings, secret ones among them; nothing in AWS is started for it."""
    rehearsed = things(two_things, config={"what": {"is": [1]}}, secrets={"hidden": "hush"})

    rehearsed.up()

    assert rehearsed.state["a"].outputs["arn"] == "arn:parity:a:0"
    assert rehearsed.outputs == {"what": '{"is": [1]}', "hidden": Secret("hush")}
    assert rehearsed._account is None


def test_the_next_version_of_a_program_is_another_function(things: Rehearse) -> None:
    """A function within the test, too, with what it holds."""

    def version(number: int) -> Callable[[], None]:
        return lambda: Thing("a", r_value=str(number)) and None

    rehearsed = things(version(1))
    rehearsed.up()

    planned = rehearsed.preview(version(2))

    assert [s.operation for s in planned.steps] == ["create-replacement", "replace", "delete-replaced"]
    assert rehearsed.state["a"].inputs == {"r_value": "1"}

    rehearsed.up()

    assert [s.operation for s in rehearsed.steps] == ["create-replacement", "replace", "delete-replaced"]
    assert rehearsed.state["a"].inputs == {"r_value": "2"}
    assert [run.operation for run in rehearsed.runs] == ["up", "preview", "up"]


def test_a_run_that_goes_otherwise_fails_the_test(things: Rehearse) -> None:
    """Forgetting to look whether a run succeeded must not make a test pass."""

    def refused() -> None:
        Thing("a", fail="create")

    rehearsed = things(refused)

    with pytest.raises(RunWentOtherwise, match=r"(?s)up of rehearsed failed:\n.*a: .*create refused"):
        rehearsed.up()
    assert rehearsed.up(fails=True).errors[0].name == "a"
    with pytest.raises(RunWentOtherwise, match="succeeded, though it was expected to fail"):
        rehearsed.preview(fails=True)


def test_what_raises_in_the_program_is_said(rehearse: Rehearse) -> None:
    """With the place in the test's own file."""

    def broken() -> None:
        raise RuntimeError("the program is broken")

    run = rehearse(broken).preview(fails=True)

    assert "the program is broken" in run.told()
    assert Path(__file__).name in run.told()


def test_a_state_is_asked_by_name(rehearse: Rehearse) -> None:
    """And says what there is."""
    rehearsed = rehearse(lambda: pulumi.ComponentResource("web:index:Site", "all"))
    rehearsed.up()

    assert rehearsed.state["all"].type == "web:index:Site"
    assert ("web:index:Site", "all") in rehearsed.state
    assert rehearsed.state.names == ["all"]
    with pytest.raises(KeyError, match=r"no resource is called 'site' in the state. There: .*web:index:Site all"):
        rehearsed.state["site"]


def test_what_is_no_program_or_no_pack_is_refused_by_name(rehearse: Rehearse, tmp_path: Path) -> None:
    """Before anything is started."""
    import threading

    lock = threading.Lock()

    with pytest.raises(ProgramError, match="holds no Pulumi program"):
        rehearse(tmp_path)
    with pytest.raises(ProgramError, match=r"wants number: .* Wrap it: rehearse\(lambda: program"):
        rehearse(lambda number: None)
    with pytest.raises(ProgramError, match="can't be taken to the process it runs in"):
        rehearse(lambda: lock.acquire(timeout=iter([]) and 1) and yielding)
    with pytest.raises(PackError, match="is no policy pack"):
        rehearse(two_things, packs=[tmp_path])
    with pytest.raises(ProgramError, match="account=False"):
        _ = rehearse(two_things, account=False).account


yielding = (number for number in ())


def test_a_folder_needs_no_project_file(rehearse: Rehearse, tmp_path: Path) -> None:
    """A `__main__.py` will do."""
    folder = tmp_path / "my program"
    folder.mkdir()
    (folder / "__main__.py").write_text("import pulumi\npulumi.export('project', pulumi.get_project())\n")

    assert rehearse(folder).up().state.outputs == {"project": "my-program"}
