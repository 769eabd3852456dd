"""Copies of an account: forks that go their own way, and accounts as they were."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from account_world import ACCOUNT, REGION, World, put_configuration, put_ground, put_model, wait

from rehearsal.account import AccountError, copies, ensure

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def group(world: World, name: str) -> None:
    """A small mutation."""
    world.sagemaker.create_model_package_group(ModelPackageGroupName=name)


def test_a_fork_has_everything_and_goes_its_own_way(started: Callable[..., World], tmp_path: Path) -> None:
    """The fork has the original's resources; what either does next, the other doesn't see; it outlives a restart."""
    world = started(home=tmp_path / "a")
    ground = put_ground(world, "forked")
    put_model(world, ground, "m")
    fork = World(world.account.fork(tmp_path / "b"))
    try:
        same = world.account.dump() == fork.account.dump()
        put_configuration(fork, "c", "m")
        group(world, "only-there")
        after = fork.account.dump()
        fork.account.stop()
        again = ensure(ACCOUNT, tmp_path / "b")
        replayed = again.dump()
        again.stop()
    finally:
        fork.account.stop()

    assert same
    assert replayed == after
    assert "c" in json.loads(after)["sagemaker"][REGION]["configurations"]
    assert "only-there" not in after
    assert "configurations" not in json.loads(world.account.dump())["sagemaker"][REGION]


def test_two_forks_live_side_by_side(started: Callable[..., World], tmp_path: Path) -> None:
    """Forks have their own ids from then on, their own ports and processes; a place that is taken is refused."""
    world = started(home=tmp_path / "a")
    one, two = (World(world.account.fork(tmp_path / name)) for name in ("b", "c"))
    try:
        group(one, "g")
        group(two, "h")
        with pytest.raises(AccountError, match="holds an account already"):
            world.account.fork(tmp_path / "b")
        listed = [
            [entry["ModelPackageGroupName"] for entry in each["ModelPackageGroupSummaryList"]]
            for each in (one.sagemaker.list_model_package_groups(), two.sagemaker.list_model_package_groups())
        ]
    finally:
        one.account.stop()
        two.account.stop()

    assert listed == [["g"], ["h"]]
    assert len({world.account.pid, one.account.pid, two.account.pid}) == 3


def test_an_account_can_be_had_as_it_was(started: Callable[..., World], tmp_path: Path) -> None:
    """Time travel: the journal up to an entry gives the account of that moment, while the original runs on."""
    world = started(home=tmp_path / "a")
    for name in ("g1", "g2", "g3"):
        group(world, name)
    entries = copies.entries(world.account.directory)
    copies.until(world.account.directory, tmp_path / "then", ACCOUNT, 2)
    then = started(home=tmp_path / "then")
    names = [entry["ModelPackageGroupName"] for entry in _groups(then)]

    assert [entry["action"] for entry in entries] == ["sagemaker:CreateModelPackageGroup"] * 3
    assert sorted(names) == ["g1", "g2"]
    assert len(_groups(world)) == 3


def _groups(world: World) -> list[dict[str, str]]:
    return list(world.sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"])


def test_to_examine_changes_nothing(started: Callable[..., World]) -> None:
    """`examine` finds what a patch would find and breaks nothing."""
    world = started()
    ground = put_ground(world, "seen")
    put_model(world, ground, "m")
    put_configuration(world, "c", "m")
    world.sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="c")
    wait(world, "e", "InService")
    sound = world.account.examine()
    world.account.watch()
    world.sagemaker.delete_model(ModelName="m")
    breaches = world.account.breaches()
    before = world.account.fingerprint()
    found = world.account.examine()

    assert [entry["problems"] for entry in sound] == [[]]
    assert [(breach["cause"], breach["endpoint"], breach["kind"]) for breach in breaches] == [
        ("sagemaker:DeleteModel", "e", "model")
    ]
    assert [problem["kind"] for problem in found[0]["problems"]] == ["model"]
    assert world.account.fingerprint() == before
    assert world.sagemaker.describe_endpoint(EndpointName="e")["EndpointStatus"] == "InService"
