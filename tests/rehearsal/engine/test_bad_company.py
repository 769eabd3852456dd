"""Providers, packs and hooks that answer nonsense, die, or never answer: whose fault it is is said, nothing is lost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pulumi
import pytest

from rehearsal.wire import plugin

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.harness import Rehearsed

    Rehearse = Callable[..., Rehearsed]

ODD = Path(__file__).parent / "odd"


class Odd(pulumi.CustomResource):
    """A resource of the provider that misbehaves."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("odd:index:Thing", name, {"value": "1"}, opts)


def two() -> None:
    """a, and b behind it."""
    a = Odd("a")
    Odd("b", pulumi.ResourceOptions(depends_on=[a]))


@pytest.mark.parametrize(
    ("odd", "said", "kept"),
    [
        ("no port", "should have printed the port it serves, but its first line was 'hello'", []),
        ("nothing at all", "it has no licence", []),
        ("dies when it is greeted", "the plug-in of provider odd doesn't answer", []),
        ("dies when it checks", "provider odd is gone: its process ended while it was asked", []),
        ("a value nobody knows", "provider odd answered what can't be understood: .*unknown signature", []),
        ("an unknown where nothing is", "provider odd answered an unknown value to Check of .*::a", []),
        (
            "dies when it creates",
            "provider odd is gone: .* isn't known, .* look for it where the provider works",
            ["a"],
        ),
        ("no id", "provider odd returned no id for .*::b after creating it", ["a"]),
    ],
)
def test_a_provider_that_misbehaves_is_named(rehearse: Rehearse, odd: str, said: str, kept: list[str]) -> None:
    """And what was made before stays in the state, from which the next run carries on."""
    rehearsed = rehearse(two, plugins={"odd": ODD}, environ={"ODD": odd})

    run = rehearsed.up(fails=True)

    assert any(_matches(said, remark.message) for remark in run.errors), run.told()
    assert not any("Traceback" in remark.message for remark in run.errors)
    assert rehearsed.state.names == kept

    if kept:
        rehearsed.environ["ODD"] = "not at all"
        rehearsed.up()

        assert rehearsed.state.names == ["a", "b"]


def test_a_provider_that_speaks_another_protocol_is_named(rehearse: Rehearse, monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that is served, but not by a provider."""
    monkeypatch.setenv("REHEARSAL_PATIENCE", "1")
    run = rehearse(two, plugins={"odd": ODD}, environ={"ODD": "another protocol"}).preview(fails=True)

    assert any("the plug-in of provider odd doesn't answer" in remark.message for remark in run.errors), run.told()


def test_a_difference_of_no_kind_is_the_providers_fault(rehearse: Rehearse) -> None:
    """A number that stands for nothing in the protocol."""
    rehearsed = rehearse(two, plugins={"odd": ODD}, environ={"ODD": "a difference of no kind"})
    rehearsed.up()

    run = rehearsed.preview(fails=True)

    assert "the provider answered a kind of difference that there isn't" in run.told()
    assert "Traceback" not in run.told()


HANGS = {
    "at its start": ("import time\ntime.sleep(600)\n", "printed none within 1 s and was ended: it hangs"),
    "while it judges": (
        "{policy}    import time; time.sleep(600)\n{serve}",
        "doesn't answer within 1 s: one of its policies",
    ),
    "never, as it dies": ("{policy}    import os; os._exit(4)\n{serve}", "is gone: its process ended"),
    "never, as it ends": ("import sys\nsys.exit('no licence')\n", "no licence"),
}
POLICY = "from pulumi_policy import PolicyPack, ResourceValidationPolicy\n\ndef judge(args, report):\n"
SERVE = "\nPolicyPack('odd', policies=[ResourceValidationPolicy('odd', 'odd', judge)])\n"


@pytest.mark.parametrize("when", HANGS)
def test_a_pack_that_does_not_answer_is_named(
    rehearse: Rehearse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """The run fails, nothing is created, and no process is left waiting."""
    monkeypatch.setattr(plugin, "START_SECONDS", 1.0 if when == "at its start" else 60.0)
    monkeypatch.setenv("REHEARSAL_PATIENCE", "1")
    text, said = HANGS[when]
    pack = tmp_path / "odd-pack"
    pack.mkdir()
    (pack / "PulumiPolicy.yaml").write_text("runtime: python\n")
    (pack / "__main__.py").write_text(text.format(policy=POLICY, serve=SERVE))
    rehearsed = rehearse(lambda: pulumi.ComponentResource("a:b:C", "a"), packs=[pack])

    run = rehearsed.up(fails=True)

    assert said in run.told()
    assert "Traceback" not in run.told()
    assert rehearsed.state.names == []


def test_a_hook_that_hangs_fails_the_run(rehearse: Rehearse, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named, with its resource; nothing was asked of the provider, and what was there stays."""

    def hanging(*, hangs: bool) -> Callable[[], None]:
        def program() -> None:
            def wait(args: pulumi.ResourceHookArgs) -> None:
                import time

                if hangs:
                    time.sleep(600)

            hook = pulumi.ResourceHook("wait", wait)
            Odd("a")
            Odd("b", pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(before_create=[hook])))

        return program

    monkeypatch.setenv("REHEARSAL_PATIENCE", "1")
    rehearsed = rehearse(hanging(hangs=True), plugins={"odd": ODD}, environ={"ODD": "not at all"})

    run = rehearsed.up(fails=True)

    assert ("b", 'before hook "wait" failed: no answer within 1 s: a function of the program hangs.') in [
        (remark.name, remark.message[:81]) for remark in run.errors
    ]
    assert "b" not in rehearsed.state

    rehearsed.up(hanging(hangs=False))

    assert sorted(rehearsed.state.names) == ["a", "b"]


def _matches(pattern: str, text: str) -> bool:
    import re

    return re.search(pattern, text, re.DOTALL) is not None
