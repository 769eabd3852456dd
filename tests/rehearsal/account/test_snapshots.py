"""Compacted journals: the same account again, also when the snapshot can't be taken, and after being cut off."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from account_world import ACCOUNT, World, put_configuration, put_ground, put_model, wait

from rehearsal.account import copies, ensure
from rehearsal.account.errors import AccountError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rehearsal.account import Account


@pytest.fixture(scope="module")
def filled(world: World) -> World:
    """An account with something of everything, twice compacted, and more after that."""
    ground = put_ground(world, "long")
    put_model(world, ground, "long", Environment={"A": "1"})
    world.account.compact()
    put_configuration(world, "long", "long", variant={"EnableSSMAccess": True})
    world.sagemaker.create_endpoint(EndpointName="long", EndpointConfigName="long")
    world.account.arm("throttling")
    world.account.compact()
    with pytest.raises(Exception, match="Rate exceeded"):
        world.sagemaker.list_models()
    wait(world, "long", "InService")
    world.client("s3").put_object(Bucket=ground["bucket"], Key="later", Body=b"x" * 5000)
    return world


@pytest.fixture
def again(tmp_path: Path, filled: World) -> Any:
    """Starts a copy of the account's directory, after a change to its files, and stops it."""
    running: list[Account] = []

    def start(change: Callable[[Path], None] = lambda _: None) -> Account:
        target = tmp_path / "accounts" / ACCOUNT
        shutil.copytree(filled.account.directory, target)
        for name in ("server.json", "running.lock"):
            (target / name).unlink(missing_ok=True)
        change(target)
        running.append(ensure(ACCOUNT, tmp_path, idle_minutes=2))
        return running[0]

    yield start
    for account in running:
        account.stop()


def head(directory: Path) -> dict[str, Any]:
    """The first line of a journal."""
    return dict(json.loads((directory / "journal.jsonl").read_text().splitlines()[0]))


def test_from_its_snapshot_the_account_is_the_same_and_goes_on_the_same(filled: World, again: Any) -> None:
    """Resources, time, and what is made next: ids follow from the number of the call."""
    account = again()
    assert account.health()["notes"] == []
    assert account.dump() == filled.account.dump()
    assert account.now() == filled.account.now()
    vpcs = [World(each).client("ec2").create_vpc(CidrBlock="10.9.0.0/16") for each in (account, filled.account)]

    assert vpcs[0]["Vpc"]["VpcId"] == vpcs[1]["Vpc"]["VpcId"]
    assert World(account).sagemaker.describe_endpoint(EndpointName="long")["EndpointStatus"] == "InService"


def cut_snapshot(directory: Path) -> None:
    path = directory / head(directory)["compacted"]["snapshot"]
    path.write_bytes(path.read_bytes()[:-100])


def other_version(directory: Path) -> None:
    from rehearsal.account.journal import Journal, _line

    lines = (directory / "journal.jsonl").read_bytes().splitlines(keepends=True)
    first = Journal(directory).read()[0]
    first["compacted"]["made"] = "another"
    (directory / "journal.jsonl").write_bytes(b"".join([_line(first), *lines[1:]]))


def cut_last_line(directory: Path) -> None:
    with (directory / "journal.jsonl").open("ab") as file:
        file.write(b'{"kind":"call","action":"s3:Pu')


@pytest.mark.parametrize(
    ("change", "note"),
    [
        (cut_snapshot, "the snapshot isn't whole"),
        (other_version, "the snapshot was taken by another version"),
        (cut_last_line, "was cut off"),
    ],
)
def test_what_is_not_whole_is_done_again_or_set_aside(
    filled: World, again: Any, change: Callable[[Path], None], note: str
) -> None:
    """With a note, and to the same account."""
    account = again(change)

    assert note in " ".join(account.health()["notes"])
    assert account.dump() == filled.account.dump()


def test_compaction_that_was_killed_in_the_middle_leaves_the_journal_as_it_was(filled: World, again: Any) -> None:
    """Files of the next compaction lie there; the journal's first line doesn't name them."""

    def half(directory: Path) -> None:
        (directory / "snapshot.99999").write_bytes(b"half a snapsh")
        (directory / "journal.500-99999.gz").write_bytes(b"half")
        (directory / "journal.jsonl.123.partial").write_bytes(b"{")

    account = again(half)

    assert account.health()["notes"] == []
    assert account.dump() == filled.account.dump()


def test_an_archive_that_is_gone_is_named_when_it_is_needed(again: Any) -> None:
    def lose(directory: Path) -> None:
        cut_snapshot(directory)
        (directory / head(directory)["compacted"]["archives"][0]).unlink()

    with pytest.raises(AccountError, match=r"refers to journal\.1-\d+\.gz, which can't be read"):
        again(lose)


def test_time_travel_and_lists_of_entries_reach_back_before_the_compaction(filled: World, tmp_path: Path) -> None:
    """And a journal is much shorter than what happened."""
    entries = copies.entries(filled.account.directory)
    there = head(filled.account.directory)["compacted"]
    copies.until(filled.account.directory, tmp_path, ACCOUNT, 3)
    early = ensure(ACCOUNT, tmp_path, idle_minutes=2)
    try:
        buckets = [each["Name"] for each in World(early).client("s3").list_buckets()["Buckets"]]
    finally:
        early.stop()

    assert len(there["archives"]) == 2
    assert len(entries) > there["entries"] > 10
    assert buckets == ["long-artifacts"]
    assert len((filled.account.directory / "journal.jsonl").read_bytes().splitlines()) < len(entries)


def test_a_long_journal_is_compacted_at_the_next_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In this process, with a threshold that is soon reached."""
    from rehearsal.account import server, snapshots

    calls: list[int] = []
    monkeypatch.setattr(snapshots, "ENTRIES", 2)
    monkeypatch.setattr(snapshots, "compact", lambda _: calls.append(1))

    class Short:
        """A gateway that has nothing to do."""

        @staticmethod
        def replay(entries: list[dict[str, Any]]) -> None:
            del entries

    server._bring_back(Short(), None, [{}])
    server._bring_back(Short(), None, [{}, {}])

    assert calls == [1]


def test_what_a_snapshot_cannot_keep_leaves_the_journal_alone(started: Callable[..., World]) -> None:
    """Key material of asymmetric KMS keys."""
    world = started()
    world.client("kms").create_key(KeyUsage="SIGN_VERIFY", KeySpec="ECC_NIST_P256")
    before = (world.account.directory / "journal.jsonl").read_bytes()
    with pytest.raises(AccountError, match="no snapshot can be taken"):
        world.account.compact()

    assert (world.account.directory / "journal.jsonl").read_bytes() == before
