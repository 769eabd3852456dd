"""The Automation API drives the rehearsal as it drives the Pulumi CLI."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pulumi import automation

if TYPE_CHECKING:
    from rehearsed_project import RehearsedProject

ROOT = Path(__file__).resolve().parents[3] / "rehearsal"
PROGRAM = """
import pulumi

config = pulumi.Config()
pulumi.export("who", config.require("who"))
pulumi.export("token", config.get_secret("token"))
"""


@pytest.fixture
def stack(project: RehearsedProject) -> automation.Stack:
    """A stack of a small program, made through the Automation API."""
    project.write("__main__.py", PROGRAM)
    options = automation.LocalWorkspaceOptions(pulumi_command=automation.PulumiCommand(root=str(ROOT)))
    return automation.create_or_select_stack("dev", work_dir=str(project.folder), opts=options)


def test_a_stack_lives_from_init_to_rm(stack: automation.Stack) -> None:
    """Settings, preview, up, outputs, history, refresh, destroy, remove: each answer is what the API expects."""
    stack.set_config("who", automation.ConfigValue("world"))
    stack.set_config("token", automation.ConfigValue("hush", secret=True))
    events: list[automation.EngineEvent] = []

    assert stack.preview(on_event=events.append).change_summary == {"create": 1}
    assert events[0].prelude_event is not None
    assert events[-1].cancel_event is not None
    done = stack.up(on_event=events.append, message="first")
    assert {name: (output.value, output.secret) for name, output in done.outputs.items()} == {
        "who": ("world", False),
        "token": ("hush", True),
    }
    assert (done.summary.kind, done.summary.result, done.summary.message) == ("update", "succeeded", "first")
    assert done.summary.resource_changes == {"create": 1}
    assert done.summary.config["tiny:token"].secret
    assert stack.preview_destroy().change_summary == {"delete": 1}
    assert stack.refresh().summary.kind == "refresh"
    assert stack.destroy(remove=True).summary.resource_changes == {"delete": 1}
    assert stack.workspace.list_stacks() == []


def test_settings_tags_and_state_go_both_ways(stack: automation.Stack) -> None:
    """What the API sets, it gets."""
    stack.set_all_config({"a.b": automation.ConfigValue("1"), "c": automation.ConfigValue("2", secret=True)}, path=True)
    stack.set_tag("team", "ours")
    stack.import_stack(stack.export_stack())

    assert stack.get_config("a.b", path=True).value == "1"
    assert {key: (one.value, one.secret) for key, one in stack.get_all_config().items()} == {
        "tiny:a": ('{"b":1}', False),
        "tiny:c": ("2", True),
    }
    stack.remove_all_config(["a", "c"])
    assert stack.get_all_config() == {}
    assert stack.list_tags() == {"team": "ours"}
    assert stack.workspace.who_am_i().user


def test_failures_are_of_the_class_that_the_api_has_for_them(
    stack: automation.Stack, project: RehearsedProject
) -> None:
    """Not found, already there, failed run: told apart by exit status and words."""
    options = automation.LocalWorkspaceOptions(pulumi_command=stack.workspace.pulumi_command)
    with pytest.raises(automation.StackNotFoundError):
        automation.select_stack("nope", work_dir=str(project.folder), opts=options)
    with pytest.raises(automation.StackAlreadyExistsError):
        automation.create_stack("dev", work_dir=str(project.folder), opts=options)
    with pytest.raises(automation.CommandError, match="Missing required configuration variable"):
        stack.up()


def test_a_gap_is_named_through_the_api(stack: automation.Stack) -> None:
    """What the rehearsal hasn't is an error, not a run without it."""
    with pytest.raises(automation.CommandError, match="the rehearsal has no option --plan"):
        stack.up(plan="plan.json")
    with pytest.raises(automation.CommandError, match="the rehearsal has no option --client"):
        stack.up(program=lambda: None)
