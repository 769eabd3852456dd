"""Runs from the command line: what is shown, what is logged, how they end."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess

    from rehearsed_project import RehearsedProject

RUN = ("--yes", "--skip-preview", "--non-interactive")
DYNAMIC = """
import os, time
import pulumi
from pulumi.dynamic import CreateResult, Resource, ResourceProvider


class Made(ResourceProvider):
    def create(self, props):
        if props["slow"]:
            open(os.environ["MARK"], "w").close()
            while not os.path.exists(os.environ["MARK"] + ".go"):
                time.sleep(0.02)
        return CreateResult(props["name"], props)


class Thing(Resource):
    def __init__(self, name, slow=False, opts=None):
        super().__init__(Made(), name, {"name": name, "slow": slow}, opts)


first = Thing("first", slow=bool(os.environ.get("SLOW")))
Thing("second", opts=pulumi.ResourceOptions(depends_on=[first]))
"""


def wait_for(path: Path) -> None:
    """Until a file is there."""
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} didn't come"
        time.sleep(0.02)


def hear(process: subprocess.Popen[str], word: str) -> None:
    """Until the process says it on standard error."""
    assert process.stderr
    assert any(word in line for line in iter(process.stderr.readline, "")), f"never said {word!r}"


def resources(project: RehearsedProject) -> list[str]:
    """The names of what is in the state."""
    rows = json.loads(project.state.read_text())["deployment"].get("resources", [])
    return [row["urn"].rsplit("::", 1)[1] for row in rows]


def test_an_up_shows_what_it_did_and_that_nothing_was_touched(project: RehearsedProject) -> None:
    """Head, outputs, sum; a terminal's colours aren't sent into a pipe."""
    project.stack()
    answer = project.run("up", *RUN)

    assert answer.status == 0, answer.err
    assert answer.out.startswith("Updating (dev), a rehearsal:\n")
    assert '+ greeting: "hello"' in answer.out
    assert "1 created" in answer.out
    assert answer.out.endswith("This was a rehearsal: nothing in AWS was touched.\n")
    assert "\x1b" not in answer.out


def test_a_preview_changes_nothing(project: RehearsedProject) -> None:
    """No state, no history; the exit status says whether a change was expected."""
    project.stack()
    answer = project.run("preview", "--expect-no-changes")

    assert answer.status == 7
    assert "1 to create" in answer.out
    assert "no changes were expected" in answer.err
    assert not project.state.exists()
    assert project.ask("stack", "history", "--json").out == "[]\n"


def test_an_up_without_a_person_wants_to_be_told_yes(project: RehearsedProject) -> None:
    """Nothing is changed by mistake."""
    project.stack()
    answer = project.run("up", "--non-interactive")

    assert answer.status == 2
    assert "--yes" in answer.err
    assert not project.state.exists()


def test_events_are_numbered_and_stamped(project: RehearsedProject, tmp_path: Path) -> None:
    """JSON lines from the prelude to the cancel event, secrets of the settings blinded."""
    project.stack()
    project.ask("config", "set", "--secret", "token", "hush")
    log = tmp_path / "events"
    project.run("preview", "--event-log", str(log))
    events = [json.loads(line) for line in log.read_text().splitlines()]

    assert [event["sequence"] for event in events] == list(range(len(events)))
    assert all(event["timestamp"] > 1_700_000_000 for event in events)
    assert events[0]["preludeEvent"]["config"] == {"tiny:token": "[secret]"}
    assert "cancelEvent" in events[-1]
    assert [event["summaryEvent"]["resourceChanges"] for event in events if "summaryEvent" in event] == [{"create": 1}]


def test_an_event_log_holds_the_last_operation(project: RehearsedProject, tmp_path: Path) -> None:
    """As with Pulumi: each operation begins the file anew, also the update after its own preview."""
    project.stack()
    log = tmp_path / "events"
    log.write_text("something older\n")
    project.run("up", "--yes", "--event-log", str(log))
    events = [json.loads(line) for line in log.read_text().splitlines()]

    assert events[0]["sequence"] == 0
    assert [event["summaryEvent"]["isPreview"] for event in events if "summaryEvent" in event] == [False]


def test_a_preview_as_json_is_one_document(project: RehearsedProject) -> None:
    """Nothing else on standard output."""
    project.stack()
    document = json.loads(project.run("preview", "--json").out)

    assert document["changeSummary"] == {"create": 1}
    assert [step["op"] for step in document["steps"]] == ["create"]


def test_a_program_that_raises_is_told_from_a_defect(project: RehearsedProject) -> None:
    """The message and its place in the program; state is kept, the exit status isn't 0."""
    project.stack()
    project.write("__main__.py", "raise ValueError('the program \\x1b[2Jis at fault')\n")
    answer = project.run("up", *RUN)

    assert answer.status == 1
    assert "error: " in answer.out
    assert "ValueError: the program \\x1b[2Jis at fault" in answer.out
    assert "\x1b" not in answer.out
    assert "rehearsal itself is at fault" not in answer.err


def test_a_pack_that_isnt_there_is_named(project: RehearsedProject, tmp_path: Path) -> None:
    """Before anything starts."""
    project.stack()
    answer = project.ask("preview", "--policy-pack", str(tmp_path))

    assert answer.status == 1
    assert "there is no PulumiPolicy.yaml" in answer.err


def test_an_interrupted_up_keeps_its_state_and_carries_on(project: RehearsedProject, tmp_path: Path) -> None:
    """Ctrl-C in the middle of a creation: it is finished and recorded, nothing new begins; the next run carries on."""
    project.stack()
    project.write("__main__.py", DYNAMIC)
    mark = tmp_path / "mark"
    more = {"SLOW": "1", "MARK": str(mark)}
    with project.start("up", *RUN, more=more) as process:
        wait_for(mark)
        process.send_signal(signal.SIGINT)
        hear(process, "interrupted")
        mark.with_suffix(".go").touch()
        _, err = process.communicate(timeout=60)

    assert process.returncode == 8
    assert "its state is kept" in err
    assert "Traceback" not in err
    assert "first" in resources(project)
    assert "second" not in resources(project)
    history = json.loads(project.ask("stack", "history", "--json").out)
    assert [run["result"] for run in history] == ["failed"]

    answer = project.run("up", *RUN, more=more)
    assert answer.status == 0, answer.out
    assert "second" in resources(project)


def test_a_killed_up_leaves_a_state_that_can_be_worked_with(project: RehearsedProject, tmp_path: Path) -> None:
    """What was under way is a pending operation; the next run says so and carries on."""
    project.stack()
    project.write("__main__.py", DYNAMIC)
    mark = tmp_path / "mark"
    more = {"SLOW": "1", "MARK": str(mark)}
    with project.start("up", *RUN, more=more) as process:
        wait_for(mark)
        process.kill()
        mark.with_suffix(".go").touch()
    pending = json.loads(project.state.read_text())["deployment"]["pending_operations"]

    assert [(row["type"], row["resource"]["urn"].rsplit("::", 1)[1]) for row in pending] == [("creating", "first")]
    answer = project.run("up", *RUN, more=more)
    assert answer.status == 0, answer.out + answer.err
    assert "first" in resources(project)


def test_interrupting_twice_gives_up_what_is_under_way(project: RehearsedProject, tmp_path: Path) -> None:
    """It stays noted as pending, no child is left behind, and the stack is free for the next run."""
    project.stack()
    project.write("__main__.py", DYNAMIC)
    mark = tmp_path / "mark"
    with project.start("up", *RUN, more={"SLOW": "1", "MARK": str(mark)}) as process:
        wait_for(mark)
        for word in ("interrupted: ", "interrupted again"):
            process.send_signal(signal.SIGINT)
            hear(process, word)
        _, err = process.communicate(timeout=60)
    pending = json.loads(project.state.read_text())["deployment"]["pending_operations"]

    assert process.returncode == 8
    assert "its state is kept" in err
    assert "Traceback" not in err
    assert [row["type"] for row in pending] == ["creating"]
    assert not [pid for pid in Path("/proc").glob("[0-9]*") if str(mark) in environment_of(pid)]
    assert project.run("destroy", *RUN).status == 0


def test_a_run_that_nobody_reads_any_more_can_be_interrupted(project: RehearsedProject, tmp_path: Path) -> None:
    """Who read its output is gone (a broken pipe, a closed terminal): twice still gives up what is under way."""
    project.stack()
    project.write("__main__.py", DYNAMIC)
    mark = tmp_path / "mark"
    with project.start("up", *RUN, more={"SLOW": "1", "MARK": str(mark)}) as process:
        wait_for(mark)
        for pipe in (process.stdout, process.stderr):
            assert pipe is not None
            pipe.close()
        for _ in range(2):
            process.send_signal(signal.SIGINT)
            time.sleep(1)
        process.wait(timeout=60)

    pending = json.loads(project.state.read_text())["deployment"]["pending_operations"]
    assert [row["type"] for row in pending] == ["creating"]
    assert project.run("destroy", *RUN).status == 0


def environment_of(process: Path) -> str:
    """The environment a process was started with; empty when it is somebody else's or has gone."""
    try:
        return (process / "environ").read_text()
    except OSError:
        return ""


def test_the_state_before_a_run_is_kept(project: RehearsedProject) -> None:
    """One copy, beside the state."""
    project.stack()
    project.run("up", *RUN)
    first = project.state.read_text()
    project.write("__main__.py", "import pulumi\n\npulumi.export('greeting', 'good bye')\n")
    project.run("up", *RUN)

    assert project.state.with_name("state.json.bak").read_text() == first
    assert json.loads(project.ask("stack", "output", "--json").out) == {"greeting": "good bye"}


def test_settings_given_with_a_run_are_kept(project: RehearsedProject) -> None:
    """-c key=value, as with Pulumi."""
    project.stack()
    project.write("__main__.py", "import pulumi\n\npulumi.export('who', pulumi.Config().require('who'))\n")
    project.run("up", *RUN, "-c", "who=world")

    assert project.ask("stack", "output", "who").out == "world\n"
    assert project.ask("config", "get", "who").out == "world\n"
