"""Stacks are made, selected, listed, renamed and removed, one at a time held by a run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from rehearsal.errors import StateError
from rehearsal.state.lock import LockedError
from rehearsal.state.store import Store, root

if TYPE_CHECKING:
    from pathlib import Path

    from rehearsed_project import RehearsedProject


def test_a_new_stack_is_selected_and_empty(project: RehearsedProject) -> None:
    """`stack init` gives it a salt; `stack ls` says which one is selected."""
    project.stack("one").stack("two")
    rows = json.loads(project.ask("stack", "ls", "--json").out)

    assert [(row["name"], row["current"], row["resourceCount"]) for row in rows] == [
        ("one", False, 0),
        ("two", True, 0),
    ]
    assert "encryptionsalt: v1:" in (project.folder / "Pulumi.one.yaml").read_text()


def test_selecting_is_remembered_and_can_be_overridden(
    project: RehearsedProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--stack over PULUMI_STACK over what was selected."""
    project.stack("one").stack("two")
    project.ask("stack", "select", "organization/tiny/one")

    assert project.ask("stack", "--show-name").out == "one\n"
    monkeypatch.setenv("PULUMI_STACK", "two")
    assert project.ask("stack", "--show-name").out == "two\n"
    assert project.ask("stack", "--show-name", "--stack", "one").out == "one\n"


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("stack", "select", "nope"), 6, "no stack named 'nope' found"),
        (("preview",), 1, "no stack selected"),
        (("preview", "--stack", "nope"), 6, "no stack named 'nope' found"),
        (("stack", "init", "a/b/c/d"), 1, "one organization"),
        (("stack", "init", "organization/other/dev"), 1, "is a stack of the project 'other'"),
        (("stack", "init", "../dev"), 1, "is a stack of the project '..'"),
        (("stack", "init", "de v"), 1, "can't be the name of a stack"),
        (("stack", "rm", "nope", "--yes"), 6, "no stack named 'nope' found"),
    ],
)
def test_a_stack_that_isnt_there_is_named(
    project: RehearsedProject, words: tuple[str, ...], status: int, said: str
) -> None:
    """With Pulumi's exit status, so that the Automation API tells it from other failures."""
    answer = project.ask(*words)

    assert (answer.status, said in answer.err) == (status, True), answer


def test_a_stack_is_made_once(project: RehearsedProject) -> None:
    """The second time is an error with the words the Automation API looks for."""
    project.stack()
    answer = project.ask("stack", "init", "dev")

    assert answer.status == 1
    assert "stack 'organization/tiny/dev' already exists" in answer.err


def test_a_stack_with_resources_isnt_removed(project: RehearsedProject) -> None:
    """Unless forced; then settings and history go too."""
    project.stack()
    project.state.write_text(json.dumps({"version": 3, "deployment": {"resources": [{"urn": "u", "type": "t"}]}}))

    assert "still has resources" in project.ask("stack", "rm", "--yes").err
    assert project.ask("stack", "rm", "--yes", "--force").status == 0
    assert not project.state.parent.exists()
    assert not (project.folder / "Pulumi.dev.yaml").exists()


def test_renaming_moves_settings_and_urns(project: RehearsedProject) -> None:
    """URNs carry the stack's name, and so does the name of the root resource."""
    project.stack()
    urn = "urn:pulumi:dev::tiny::pulumi:pulumi:Stack::tiny-dev"
    project.state.write_text(json.dumps({"version": 3, "deployment": {"resources": [{"urn": urn, "type": "t"}]}}))
    project.ask("stack", "rename", "prod")

    assert (project.folder / "Pulumi.prod.yaml").exists()
    moved = json.loads(project.ask("stack", "export").out)["deployment"]["resources"][0]["urn"]
    assert moved == "urn:pulumi:prod::tiny::pulumi:pulumi:Stack::tiny-prod"


def test_tags_are_kept(project: RehearsedProject) -> None:
    """Set, shown, listed, removed."""
    project.stack()
    project.ask("stack", "tag", "set", "team", "a b")

    assert project.ask("stack", "tag", "get", "team").out == "a b\n"
    assert json.loads(project.ask("stack", "tag", "ls", "--json").out) == {"team": "a b"}
    project.ask("stack", "tag", "rm", "team")
    assert project.ask("stack", "tag", "get", "team").status == 1


def test_two_projects_dont_share_a_stack(project: RehearsedProject) -> None:
    """One home, two projects, the same stack name: refused, not mixed up."""
    project.stack()
    project.write("Pulumi.yaml", "name: other\nruntime: python\n")
    answer = project.ask("preview", "--stack", "dev")

    assert answer.status == 1
    assert "belongs to the project 'tiny'" in answer.err


def test_a_backend_of_files_holds_stacks_apart_from_pulumis_own(tmp_path: Path) -> None:
    """Below the folder, in a place of its own; anything else than files is refused."""
    url = {"PULUMI_BACKEND_URL": f"file://{tmp_path}"}

    assert root("tiny", tmp_path / "p", url) == tmp_path / ".rehearsal" / "tiny"
    with pytest.raises(StateError, match="no backend 's3://bucket'"):
        root("tiny", tmp_path, {"PULUMI_BACKEND_URL": "s3://bucket"})


def holding(folder: Path) -> subprocess.Popen[str]:
    """Another process that holds the stack `dev` until it is told to go or interrupted."""
    code = (
        "import sys; from pathlib import Path; from rehearsal.state.store import Store\n"
        f"stack = Store(Path({str(folder)!r}), 'tiny', Path('.')).stack('dev')\n"
        "with stack.lock.held('pulumi up'):\n    print('held', flush=True); sys.stdin.readline()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_run_is_refused_and_told_by_whom(project: RehearsedProject) -> None:
    """Process and time are named, nothing changes, and the words are those the Automation API looks for."""
    project.stack()
    with holding(project.home) as other:
        answer = project.ask("up", "--yes", "--skip-preview")
        listed = json.loads(project.ask("stack", "ls", "--json").out)
        other.communicate("go\n")

    assert answer.status == 1
    assert f"the stack is currently locked by `pulumi up`, process {other.pid}, since " in answer.err
    assert listed[0]["updateInProgress"] is True
    assert not project.state.exists()


def test_a_killed_run_holds_nothing(project: RehearsedProject) -> None:
    """The system lets go of the lock; no file has to be removed by hand."""
    project.stack()
    with holding(project.home) as other:
        other.send_signal(signal.SIGKILL)
        other.wait()
    stack = Store(project.home, "tiny", project.folder).stack("dev")

    assert stack.lock.holder() is None
    with stack.lock.held("pulumi up"):
        assert stack.lock.holder() == {
            "pid": os.getpid(),
            **{k: v for k, v in (stack.lock.holder() or {}).items() if k != "pid"},
        }
    assert stack.lock.holder() is None


def test_cancel_interrupts_who_holds_the_stack(project: RehearsedProject) -> None:
    """As Ctrl-C would; without a run there is nothing to cancel."""
    project.stack()
    with holding(project.home) as other:
        answer = project.ask("cancel", "--yes")
        other.wait()

    assert answer.status == 0
    assert "has been canceled" in answer.out
    assert other.returncode != 0
    assert "nothing to cancel" in project.ask("cancel").out


def test_holding_twice_in_one_process_is_refused(project: RehearsedProject) -> None:
    """The lock is of the run, not of the process."""
    project.stack()
    stack = Store(project.home, "tiny", project.folder).stack("dev")
    with stack.lock.held("one"), pytest.raises(LockedError), stack.lock.held("two"):
        pass
