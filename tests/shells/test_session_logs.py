"""`holdfast session-logs`: lines with the container they are about, once as they are and once as they come."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

import pytest
from shells_world import REGION, Shells, target

from guards.live import Account
from pipeline.shells import session_log


def connect(shells: Shells, id_: str) -> str:
    """Starts a session, of which the agent writes a line."""
    return str(shells.world.client("ssm").start_session(Target=id_)["SessionId"])


def test_each_line_says_which_container_it_is_about(shells: Shells) -> None:
    """The prefix is parsed, not shown; both containers of the stream are told apart."""
    shells.deploy("told", Containers=shells.containers("first", "second"))
    (instance,) = shells.instances("told")
    session = connect(shells, target("told", instance, "second"))
    code, said = shells.holdfast("session-logs", "told")
    only = json.loads(shells.holdfast("session-logs", "told", "--container", "second", "--json")[1])

    assert code == 0
    assert f"main {instance} first: SSM agent started. Target ID: {target('told', instance, 'first')}" in said
    assert f"main {instance} second: session {session} started by" in said
    assert "[sagemaker ssm logs]" not in said
    assert [line["container"] for line in only["lines"]] == ["second", "second"]
    assert only["lines"][0]["log_group"] == "/aws/sagemaker/endpoints/told"


def test_lines_without_a_prefix_and_of_the_other_spelling_are_shown_too(shells: Shells) -> None:
    """In the order of their time, and safe to show."""
    shells.deploy("spelt")
    logs, group, stream = shells.world.client("logs"), "/aws/sagemaker/Endpoints/spelt", "main/i-0123456789abcdef0/ssm"
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    logs.create_log_stream(logGroupName=group, logStreamName="main/i-0123456789abcdef0")
    hour_before = logs.describe_log_streams(logGroupName=group)["logStreams"][0]["creationTime"] - 3_600_000
    events = [{"timestamp": hour_before, "message": "agent \x1b[31mfirst"}]
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
    code, said = shells.holdfast("session-logs", "spelt", "--since", "99999d")

    assert code == 0
    assert said.partition(" ")[2].startswith("main i-0123456789abcdef0 -: agent \\x1b[31mfirst")
    assert "SSM agent started" in said


def test_followed_each_line_comes_once_when_it_is_written(shells: Shells) -> None:
    """Also those of an instance that starts later."""
    shells.deploy("followed")
    (instance,) = shells.instances("followed")
    asked = session_log.Asked("followed", "rehearsal", Path())
    sessions: list[str] = []
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        shells.world.account.advance(90)
        sessions.append(connect(shells, target("followed", instance)))

    shells.holdfast("session-logs", "followed")
    lines = list(islice(session_log.follow(Account(region=REGION), asked, wait=wait), 4))

    assert "SSM agent started" in lines[0].text
    assert [line.text.split()[1] for line in lines[1:]] == sessions
    assert waits == [session_log.POLL] * 3


def test_following_ends_with_ctrl_c(shells: Shells, monkeypatch: pytest.MonkeyPatch) -> None:
    shells.deploy("stopped")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(session_log.threading.Event, "wait", interrupted)
    code, said = shells.holdfast("session-logs", "stopped", "--follow")

    assert code == 130
    assert "SSM agent started" in said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nobody",), "neither /aws/sagemaker/Endpoints/nobody nor /aws/sagemaker/endpoints/nobody in eu-west-1 has"),
        (("no_body",), "'no_body' is no endpoint's name"),
        (("nobody", "--since", "yesterday"), "--since takes a number and s, m, h or d"),
        (("nobody", "--follow", "--json"), "leave one of them out"),
    ],
)
def test_what_can_not_be_shown_is_told(shells: Shells, arguments: tuple[str, ...], says: str) -> None:
    code, said = shells.holdfast("session-logs", *arguments)

    assert code == 2
    assert says in said


def test_a_log_that_could_not_be_read_is_not_taken_for_empty(shells: Shells) -> None:
    shells.deploy("denied")
    shells.world.account.arm("access-denied:logs:FilterLogEvents")
    code, said = shells.holdfast("session-logs", "denied")

    assert code == 4
    assert "the SSM log of endpoint denied could not be read" in said
