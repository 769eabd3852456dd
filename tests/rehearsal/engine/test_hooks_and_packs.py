"""Hooks and policy packs where the parity cases don't reach."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from engine_world import PARITY, World

if TYPE_CHECKING:
    from pathlib import Path

JUDGE = PARITY / "packs" / "judge"
RAISES = """
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy

def broken(args, report):
    raise KeyError("the policy is at fault")

PolicyPack("broken", policies=[ResourceValidationPolicy("broken", "is broken", broken, EnforcementLevel.MANDATORY)])
"""


def test_an_after_hook_that_refuses_leaves_the_resource_and_stops(world: World) -> None:
    """What was made is made; what comes next is not begun, and the message is there in full."""
    world.program(
        """
        a = Thing("a", value="1", opts=options(hooks=hooks(after_create=[hook("verify", refuse=True)])))
        Thing("b", value=a.arn)
        """
    )
    ran = world.run("up")

    assert not ran.outcome.succeeded
    assert ran.names() == ["a"]
    assert ("a", 'after hook "verify" failed: verify refuses a') in ran.said("error")
    assert not any("Traceback" in text for _, text in ran.said("error"))


def test_a_before_hook_that_refuses_keeps_the_provider_from_being_asked(world: World) -> None:
    """The exception's text is in the diagnostic in full, and nothing else is."""
    world.program(
        """
        def refuse(args):
            raise RuntimeError("never mind\\nthe second line")

        Thing("a", value="1", opts=options(hooks=hooks(before_create=[pulumi.ResourceHook("strict", refuse)])))
        """
    )
    ran = world.run("up")

    assert ran.said("error") == [
        ("a", 'before hook "strict" failed: never mind\nthe second line'),
        ("", "update failed"),
    ]
    assert ran.called("create") == []


def test_an_error_hook_decides_how_often_to_try(world: World) -> None:
    """It gets the errors, newest first."""
    world.program(
        """
        tries = []

        def again(args):
            tries.append(1)
            note(call="again", name=args.name, failed=args.failed_operation, errors=len(args.errors))
            return len(tries) < 3

        Thing("a", value="1", fail="create", opts=options(hooks=hooks(on_error=[pulumi.ErrorHook("again", again)])))
        """
    )
    ran = world.run("up")

    assert [c["errors"] for c in ran.calls if c["call"] == "again"] == [1, 2, 3]
    assert len(ran.called("create")) == 3
    assert [t for _, t in ran.said("warning")][:1] == ["retrying create due to on-error hook request (1/100)"]


def test_a_hook_sees_the_values_as_they_are(world: World) -> None:
    """Old and new, and unknowns in a preview."""
    world.program(
        """
        def look(args):
            note(call="look", old=str(dict(args.old_inputs or {})), new=str(dict(args.new_inputs or {})))

        before = pulumi.ResourceHook("look", look, pulumi.ResourceHookOptions(on_dry_run=True))
        a = Thing("a", value=env("V", "1"), opts=options(hooks=hooks(before_update=[before])))
        """
    )
    world.run("up")
    ran = world.run("preview", case={"V": "2"})
    seen = next(c for c in ran.calls if c["call"] == "look")

    assert "'1'" in seen["old"]
    assert "'2'" in seen["new"]


@pytest.mark.parametrize(
    ("config", "succeeds", "levels"),
    [
        ({"bad": "advisory"}, True, {"advisory"}),
        ({"all": "disabled"}, True, set()),
        ({"few": {"limit": 1}}, False, {"mandatory"}),
    ],
)
def test_a_pack_is_configured_by_a_file(
    world: World, tmp_path: Path, config: dict[str, Any], succeeds: bool, levels: set[str]
) -> None:
    """Levels and properties; the file weighs more than the pack."""
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config))
    bad = "good" if "few" in config else "bad"
    world.program(f"Thing('a', value='{bad}', level='x')\nThing('b', value='1')")
    ran = world.run("preview", policy_packs=[(JUDGE, path)])

    assert ran.outcome.succeeded is succeeds
    assert {e["policyEvent"]["enforcementLevel"] for e in ran.events if "policyEvent" in e} == levels


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"few": {"limit": "many"}}, "limit must be number"),
        ({"bad": "deadly"}, "no enforcement level"),
        ({"unheard-of": "advisory"}, "has no policy unheard-of"),
        ([], "must be an object"),
    ],
)
def test_a_senseless_configuration_fails_the_run(world: World, tmp_path: Path, config: Any, text: str) -> None:
    """Said by the pack's name, before any resource is judged."""
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config))
    world.program("Thing('a', value='1')")
    ran = world.run("preview", policy_packs=[(JUDGE, path)])

    assert not ran.outcome.succeeded
    assert any(text in said for _, said in ran.said("error"))


def test_a_policy_that_raises_is_the_packs_fault(world: World, tmp_path: Path) -> None:
    """The run fails with what the policy said; so does one whose pack doesn't start."""
    pack, empty = tmp_path / "pack", tmp_path / "empty"
    for directory, text in ((pack, RAISES), (empty, "print('hello')")):
        directory.mkdir()
        (directory / "PulumiPolicy.yaml").write_text("runtime: python\n")
        (directory / "__main__.py").write_text(text)
    world.program("Thing('a', value='1')")
    raised, unstarted = (world.run("preview", policy_packs=[(p, None)]) for p in (pack, empty))

    assert any("the policy is at fault" in said for _, said in raised.said("error"))
    assert any("should have printed the port" in said for _, said in unstarted.said("error"))
    assert not raised.outcome.succeeded
    assert not unstarted.outcome.succeeded
