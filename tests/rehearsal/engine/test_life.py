"""Lives of resources that the parity cases don't tell."""

from __future__ import annotations  # noqa: I001

import copy
import threading
from typing import Any, TYPE_CHECKING

import pytest

from rehearsal.engine import run
from rehearsal.errors import StateError
from rehearsal.values import Secret

if TYPE_CHECKING:
    from engine_world import World


def test_a_resource_is_noted_before_it_is_made(world: World) -> None:
    """A killed run leaves behind what it had begun; the creation is noted, then the resource."""
    world.program("Thing('a', value='1')")
    ran = world.run("up")

    begun = [[(p.type, p.resource.urn.split("::")[-1]) for p in s.pending_operations] for s in ran.saved]
    assert [("creating", "a")] in begun
    assert begun[-1] == []
    assert ran.names() == ["a"]


def test_pending_operations_are_warned_of_and_creations_kept(world: World) -> None:
    """What was interrupted isn't known; only creations stay noted, until somebody looked."""
    world.program("Thing('a', value=env('V', '1'))")
    first = world.run("up")
    begun = [s for s in first.saved if any(p.resource.urn.endswith("::a") for p in s.pending_operations)]
    world.snapshot = begun[0]
    second = world.run("up")

    assert any("1 pending operations" in text for _, text in second.said("warning"))
    assert [p.type for p in second.outcome.snapshot.pending_operations] == ["creating"]


def test_a_preview_changes_nothing_of_the_callers(world: World) -> None:
    """Planning marks states; those it was given stay as they are."""
    world.program("Thing('a', r_key=env('R', '1'))")
    world.run("up")
    assert world.snapshot is not None
    before = copy.deepcopy([vars(r) for r in world.snapshot.resources])
    ran = world.run("preview", case={"R": "2"})

    assert ran.steps == [("create-replacement", "a"), ("replace", "a"), ("delete-replaced", "a")]
    assert ran.saved == []
    assert [vars(r) for r in world.snapshot.resources] == before


def test_going_on_after_an_error_leaves_out_only_what_needs_it(world: World) -> None:
    """`continue_on_error`: the failed one's dependents are skipped, the others come about, the run fails."""
    world.program(
        """
        a = Thing("a", value="1", fail="create")
        b = Thing("b", value=a.arn)
        Thing("c", value=b.arn)
        Thing("d", value="1")
        """
    )
    ran = world.run("up", continue_on_error=True)

    assert not ran.outcome.succeeded
    assert ran.names() == ["d"]
    assert ran.called("create") == ["a", "d"] or sorted(ran.called("create")) == ["a", "d"]


def test_deletions_go_on_after_an_error_but_spare_what_the_failed_one_needs(world: World) -> None:
    """What a resource that couldn't be deleted depends on has to stay."""
    world.program(
        """
        a = Thing("a", value="1")
        Thing("b", value=a.arn, fail="delete")
        Thing("c", value="1")
        """
    )
    world.run("up")
    ran = world.run("destroy", continue_on_error=True)

    assert not ran.outcome.succeeded
    assert ran.names() == ["a", "b"]


def test_a_resource_that_did_not_become_ready_is_kept_and_tried_again(world: World) -> None:
    """A partial failure is a resource; the next run makes an empty update."""
    world.program("Thing('a', value='1', fail=env('FAIL', ''))")
    first = world.run("up", case={"FAIL": "partial"})
    second = world.run("up", case={"FAIL": "partial"})

    assert first.state("a").init_errors == ["did not become ready"]
    assert "did not become ready" in dict(first.said("error"))["a"]
    assert second.steps == [("update", "a")]


def test_a_resource_that_goes_with_another_is_not_deleted_itself(world: World) -> None:
    """`deleted_with`."""
    world.program(
        """
        if not env("GONE"):
            bucket = Thing("bucket", value="1")
            Thing("object", value=bucket.arn, opts=options(deleted_with=bucket))
        """
    )
    world.run("up")
    ran = world.run("up", case={"GONE": "1"})

    assert ran.steps == [("delete", "object"), ("delete", "bucket")]
    assert ran.called("delete") == ["bucket"]


def test_replacements_ripple_by_option_and_trigger(world: World) -> None:
    """`replace_with`, `deleted_with` and `replacement_trigger`."""
    world.program(
        """
        a = Thing("a", r_key=env("A", "1"))
        Thing("b", value="1", opts=options(replace_with=[a]))
        Thing("c", value="1", opts=options(deleted_with=a))
        Thing("t", value="1", opts=options(replacement_trigger=env("T", "1")))
        """
    )
    world.run("up")
    with_a = world.run("preview", case={"A": "2"})
    with_t = world.run("preview", case={"T": "2"})

    assert {n for op, n in with_a.steps if op == "replace"} == {"a", "b", "c"}
    assert {n for op, n in with_t.steps if op == "replace"} == {"t"}


def test_a_component_protects_its_children_and_its_hooks_run_with_its_outputs(world: World) -> None:
    """Inheritance of options; a component's after-hook runs when its outputs are registered."""
    world.program(
        """
        every = hooks(before_create=[hook("before_create")], after_create=[hook("after_create")])
        group = Group("g", opts=options(protect=True, hooks=every))
        Thing("a", value="1", opts=options(parent=group))
        group.register_outputs({"done": "yes"})
        """
    )
    ran = world.run("up")
    refused = world.run("destroy")

    assert ran.state("a").protect
    assert ran.state("g").outputs == {"done": "yes"}
    hooks = [(c["hook"], c["new"]) for c in ran.calls if c["call"] == "hook"]
    assert hooks == [("before_create", False), ("after_create", True)]
    assert {n for n, text in refused.said("error") if "protected" in text} == {"a"}


def test_the_same_name_twice_is_the_programs_fault(world: World) -> None:
    """Nothing of the second one happens."""
    world.program("a = Thing('a', value='1')\nThing('a', value='2', opts=options(depends_on=[a]))")
    ran = world.run("up")

    assert not ran.outcome.succeeded
    assert any("Duplicate resource URN" in text for _, text in ran.said("error"))
    assert ran.called("create") == ["a"]


def test_secrets_of_the_configuration_stay_secret(world: World) -> None:
    """In the default provider's inputs, in outputs that repeat them, and in events."""
    world.config = {"world:token": "hush-hush", "parity:password": "hush-hush"}
    world.secret_keys = frozenset(world.config)
    world.program(
        """
        token = pulumi.Config().require_secret("token")
        Thing("a", value=token)
        pulumi.export("token", token)
        """
    )
    ran = world.run("up")

    assert ran.state("a").outputs["value"] == Secret("hush-hush")
    assert ran.state("default").inputs["password"] == Secret("hush-hush")
    assert ran.outcome.snapshot.stack_resource().outputs["token"] == Secret("hush-hush")  # type: ignore[union-attr]
    assert "hush-hush" not in str(ran.events)


def test_an_unknown_of_a_preview_is_known_in_the_update(world: World) -> None:
    """What a preview can't know, the event log says so; ids are unknown for what isn't there."""
    world.program("a = Thing('a', value='1')\nThing('b', value=a.id.apply(lambda i: f'<{i}>'))")
    preview, up = world.run("preview"), world.run("up")
    begun = [e["resourcePreEvent"]["metadata"] for e in preview.events if "resourcePreEvent" in e]
    metadata = next(m for m in begun if m["urn"].endswith("::b"))

    assert metadata["new"]["inputs"]["value"] == "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
    assert up.state("b").inputs["value"] == "<a-0>"


def test_what_the_rehearsal_cannot_do_it_says(world: World) -> None:
    """A gap fails the run and names itself."""
    world.program("pulumi.StackReference('organization/other/stack')")
    ran = world.run("preview")

    assert not ran.outcome.succeeded
    assert any("the rehearsal doesn't support references to stacks" in text for _, text in ran.said("error"))


def test_a_program_that_is_not_there_or_breaks_is_named(world: World) -> None:
    """Whose fault it was, with the traceback from the program's own frame on."""
    world.program("import json\njson.loads('{')")
    broken = world.run("preview")
    (world.directory / "__main__.py").unlink()
    missing = world.run("preview")

    text = dict(broken.said("error"))[""]
    assert "JSONDecodeError" in text
    assert "starter.py" not in text
    assert any("__main__.py" in text for _, text in missing.said("error"))


def test_a_damaged_state_stops_everything_before_it_begins(world: World) -> None:
    """Better than planning from it."""
    world.program("Thing('a', value='1')")
    world.run("up")
    assert world.snapshot is not None
    world.snapshot.resources.pop(1)

    with pytest.raises(StateError, match="refers to the provider"):
        world.run("preview")


def test_a_cancelled_run_keeps_what_was_done(world: World) -> None:
    """What is under way ends, nothing more begins, the state is saved, and the program is gone."""
    world.program(
        """
        import time
        a = Thing("a", value="1")
        Thing("b", value=a.arn.apply(lambda v: time.sleep(60) or v))
        """
    )
    saved: list[Any] = []
    events: list[dict[str, Any]] = []
    request = world.request("up", saved, events)
    seen = threading.Event()

    def watch(event: dict[str, Any]) -> None:
        events.append(event)
        if "::a'" in str(event.get("resOutputsEvent", "")):
            seen.set()

    request.emit = watch
    threading.Thread(target=lambda: (seen.wait(60), request.cancel.set()), daemon=True).start()
    outcome = run(request)

    assert outcome.cancelled
    assert not outcome.succeeded
    assert [r.urn.split("::")[-1] for r in saved[-1].resources] == ["world-test", "default", "a"]
    assert any("cancelEvent" in e for e in events)


def test_destroying_with_the_program_deletes_also_what_the_program_left_out(world: World) -> None:
    """The program registers; nothing it registers newly is created."""
    world.program(
        """
        a = Thing("a", value="1")
        if env("NEW"):
            Thing("n", value=a.arn)
        else:
            Thing("b", value=a.arn)
        """
    )
    world.run("up")
    ran = world.run("destroy", run_program=True, case={"NEW": "1"})

    assert ran.outcome.succeeded
    assert ran.called("create") == []
    assert sorted(ran.called("delete")) == ["a", "b"]
    assert ran.outcome.snapshot.resources == []
