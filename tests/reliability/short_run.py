"""A short run of the histories that `make soak` makes by the thousand, and the same histories of defective programs.

`test_histories.py` runs this file in a process of its own: histories fork, and a process forks well only while nothing
in it has used gRPC or run a Pulumi program.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from histories import MAIN, TENANT, Broken, History, Incident
from machine import Story, explore
from programs import DEFECTS, PROGRAMS, peer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="histories fork their processes, which only Linux bears"
)


@pytest.fixture
def begun() -> Iterator[Callable[..., History]]:
    """Begins histories, and ends their worlds."""
    made: list[History] = []

    def begin(program: str = "holdfast", seed: int = 1) -> History:
        made.append(History(PROGRAMS[program](), seed))
        return made[-1]

    yield begin
    for history in made:
        history.close()


def test_random_histories_break_nothing() -> None:
    """Two histories by hypothesis, seeded: the plainest of all and a random one."""
    stories: list[Story] = []
    explore(PROGRAMS["holdfast"](), 6, 2, stories.append, steps=2)

    assert len(stories) == 2
    assert all(story.changes >= 2 and not story.broken for story in stories)


def test_a_roll_that_is_killed_and_one_that_rolls_back_unnoticed(begun: Callable[..., History]) -> None:
    """Kill at a save, silent roll-back, and a patch in the middle: every endpoint stays, and each time it converges."""
    history = begun()
    history.deploy()
    history.change("image", Incident("kill", save=7, persisted=False))
    history.change("image", Incident("fault", "silent-roll-back"))
    history.change("variables", Incident("patch", save=8))

    assert history.world.statuses() == {"decision-trees": "InService"}
    assert history.changes == 4


def _other_repository(history: History) -> None:
    history.world.ground = replace(history.world.ground, images=history.world.ground.images[2:])
    history.change("image", Incident())


def _without_key(history: History) -> None:
    history.stacks[MAIN].settings["key"] = "own"
    history.change("key", Incident())


# What each defect meets: the shortest history that shows it.
SHOWN: dict[str, Callable[[History], None]] = {
    "fixed_names": lambda history: history.change("image", Incident()),
    "no_guards": lambda history: history.change("narrowed rights", Incident()),
    "no_live_graph": lambda history: (history.deploy(TENANT), _without_key(history)),
    "no_verified_update": lambda history: history.change("image", Incident("fault", "silent-roll-back")),
    "rights_edited_in_place": _other_repository,
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_is_found(begun: Callable[..., History], defect: str) -> None:
    """Each seeded defect takes something from a serving endpoint, or makes what is left of the guards refuse a roll."""
    history = begun(defect, seed=1)
    history.converges = False  # what the first deployment is followed by isn't the point
    history.deploy()
    with pytest.raises(Broken) as found:
        SHOWN[defect](history)

    refused = "a change fails without a reason"
    wanted = {refused} if defect == "rights_edited_in_place" else {"something in use was taken away"}

    assert found.value.kind in wanted


def test_a_plain_program_with_fixed_names_breaks(begun: Callable[..., History]) -> None:
    """The comparison is one: the peers' way of writing it takes things from a serving endpoint in an ordinary roll."""
    history = begun("peer")
    history.converges = False
    history.deploy()
    with pytest.raises(Broken) as found:
        history.change("image", Incident())

    assert "DeleteModel" in str(found.value) or "DeleteEndpointConfig" in str(found.value)
    assert not peer().strict


@pytest.mark.parametrize(("operation", "save"), [("deployment", 42), ("destruction", 21)])
def test_a_kill_in_the_middle_is_survived(operation: str, save: int) -> None:
    """A sample of `make kill-points`: a first deployment and a destruction are cut in two, before the save is kept."""
    from kill_points import Beginning

    beginning = Beginning(operation)
    try:
        reached, wrong = beginning.point(save, persisted=False)
    finally:
        beginning.close()

    assert reached
    assert not wrong, wrong
