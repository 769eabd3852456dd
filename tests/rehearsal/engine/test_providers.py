"""Providers that differ from the stand-in: attached, without Handshake, without secrets, with things that vanish."""

from __future__ import annotations  # noqa: I001

import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TYPE_CHECKING

import grpc
import pytest
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto import provider_pb2_grpc

from rehearsal.engine import run
from rehearsal.values import Secret

if TYPE_CHECKING:
    from engine_world import Ran, World  # noqa: I001
    from collections.abc import Iterator

PROGRAM = """
class Fake(pulumi.CustomResource):
    arn: pulumi.Output[str]

    def __init__(self, name, opts=None, **props):
        super().__init__("fake:index:Fake", name, {**props, "arn": None}, opts)

"""


def struct(values: dict[str, Any]) -> struct_pb2.Struct:
    """A message of plain values."""
    return json_format.ParseDict(values, struct_pb2.Struct())


class Fake(provider_pb2_grpc.ResourceProviderServicer):
    """Keeps what it made; each test bends it."""

    def __init__(self) -> None:
        self.things: dict[str, dict[str, Any]] = {}
        self.calls: list[tuple[str, Any]] = []
        self.handshakes = True
        self.refused = ""
        self.deleting, self.may_delete = threading.Event(), threading.Event()
        self.may_delete.set()
        self.reading, self.may_read = threading.Event(), threading.Event()
        self.may_read.set()

    def _unimplemented(self, context: Any) -> None:
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "not offered")

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802
        if not self.handshakes:
            self._unimplemented(context)
        return pb.ProviderHandshakeResponse()

    def Attach(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.calls.append(("attach", request.address))
        return empty_pb2.Empty()

    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        self._unimplemented(context)

    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        self._unimplemented(context)

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.calls.append(("configure", json_format.MessageToDict(request.args)))
        if self.refused:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, self.refused)
        return pb.ConfigureResponse()

    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802
        return pb.CheckResponse(inputs=request.news)

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802
        return pb.DiffResponse(changes=pb.DiffResponse.DIFF_UNKNOWN)

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.calls.append(("create", request.preview))
        name = request.urn.split("::")[-1]
        self.things[name] = {**json_format.MessageToDict(request.properties), "arn": f"arn:{name}"}
        return pb.CreateResponse(id=name, properties=struct(self.things[name]))

    def Update(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.calls.append(("update", request.preview))
        self.things[request.id] = {**json_format.MessageToDict(request.news), "arn": f"arn:{request.id}"}
        return pb.UpdateResponse(properties=struct(self.things[request.id]))

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.calls.append(("delete", request.id))
        self.deleting.set()
        self.may_delete.wait(60)
        return empty_pb2.Empty()

    def Read(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.reading.set()
        self.may_read.wait(60)
        found = self.things.get(request.id)
        if found is None:
            return pb.ReadResponse()
        inputs = {k: v for k, v in found.items() if k != "arn"}
        return pb.ReadResponse(id=request.id, properties=struct(found), inputs=struct(inputs))

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802
        return empty_pb2.Empty()


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    """A provider somebody else runs; the engine attaches to it."""
    server = grpc.server(ThreadPoolExecutor(8))
    servicer = Fake()
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    monkeypatch.setenv("PULUMI_DEBUG_PROVIDERS", f"fake:{server.add_insecure_port('127.0.0.1:0')}")
    server.start()
    yield servicer
    server.stop(None)


def program(world: World, text: str) -> None:
    """A program with resources of the fake provider."""
    world.program(PROGRAM + textwrap.dedent(text))


def ops(ran: Ran) -> list[str]:
    """Operations, without names."""
    return [op for op, _ in ran.steps]


def test_an_attached_provider_is_told_the_engine_and_outlives_it(world: World, fake: Fake) -> None:
    """PULUMI_DEBUG_PROVIDERS: the engine attaches, and ends nothing it didn't start."""
    program(world, "Fake('a', value='1')")
    first, second = world.run("up"), world.run("preview")

    assert first.outcome.succeeded
    assert ops(second) == ["same"]
    assert [c for c, _ in fake.calls].count("attach") == 2
    assert all(address.startswith("127.0.0.1:") for call, address in fake.calls if call == "attach")


def test_a_provider_without_preview_is_not_asked_in_a_preview(world: World, fake: Fake) -> None:
    """Without Handshake and without a word in Configure, the inputs stand for the outputs."""
    fake.handshakes = False
    program(world, "a = Fake('a', value='1')\npulumi.export('known', a.value if hasattr(a, 'value') else '')")
    ran = world.run("preview")
    event = next(e["resOutputsEvent"]["metadata"] for e in ran.events if "::a'" in str(e.get("resOutputsEvent", "")))

    assert ran.outcome.succeeded
    assert "create" not in [c for c, _ in fake.calls]
    assert event["new"]["outputs"] == {"value": "1"}


def test_where_a_provider_has_no_opinion_the_inputs_decide(world: World, fake: Fake) -> None:
    """DIFF_UNKNOWN: an update with the paths that differ, or nothing."""
    program(world, "Fake('a', value={'x': env('V', '1'), 'y': '1'}, other='1')")
    world.run("up")
    same, changed = world.run("preview"), world.run("preview", case={"V": "2"})
    begun = [e["resourcePreEvent"]["metadata"] for e in changed.events if "resourcePreEvent" in e]
    metadata = next(m for m in begun if m["op"] == "update")

    assert ops(same) == ["same"]
    assert metadata["diffs"] == ["value"]
    assert metadata["detailedDiff"] == {"value.x": {"diffKind": "update", "inputDiff": True}}


def test_secrets_survive_a_provider_that_knows_none(world: World, fake: Fake) -> None:
    """It gets plain values; what comes back under the same key is secret again."""
    program(world, "Fake('a', value=pulumi.Output.secret('hush'), deep={'k': pulumi.Output.secret('hush')})")
    ran = world.run("up")

    assert fake.things["a"]["value"] == "hush"
    assert ran.state("a").outputs["value"] == Secret("hush")
    assert "hush" not in str(ran.events)


def test_a_refresh_drops_what_is_gone_and_mends_what_referred_to_it(world: World, fake: Fake) -> None:
    """And takes over what was changed behind Pulumi's back, with the difference seen from there."""
    program(world, "a = Fake('a', value='1')\nFake('b', value='1', opts=options(depends_on=[a]))\nFake('c', value='1')")
    world.run("up")
    del fake.things["a"]
    fake.things["b"]["value"] = "2"
    ran = world.run("refresh")

    assert ran.outcome.changes == {"delete": 1, "update": 1, "same": 2}
    assert sorted(ran.names()) == ["b", "c"]
    assert (ran.state("b").dependencies, ran.state("b").outputs["value"]) == ([], "2")
    assert ("create", "a") in world.run("preview").steps


def test_a_refresh_that_is_cancelled_drops_nothing_it_did_not_look_at(world: World, fake: Fake) -> None:
    """What wasn't read is as it was, not gone."""
    program(world, "Fake('a', value='1')\nFake('b', value='1')\nFake('c', value='1')")
    world.run("up")
    fake.may_read.clear()
    request = world.request("refresh", [], [])

    def interrupt() -> None:
        fake.reading.wait(60)
        request.cancel.set()

    request.emit = lambda event: fake.may_read.set() if "cancelEvent" in event else None
    threading.Thread(target=interrupt, daemon=True).start()
    outcome = run(request)

    assert outcome.cancelled
    assert {r.urn.split("::")[-1] for r in outcome.snapshot.resources} == {"world-test", "default", "a", "b", "c"}


def test_a_configuration_that_is_refused_is_shown_where_it_is_needed(world: World, fake: Fake) -> None:
    """Configuring happens in the background; the first resource says what went wrong, and nothing is made."""
    fake.refused = "no such region"
    program(world, "Fake('a', value='1')")
    ran = world.run("up")

    assert not ran.outcome.succeeded
    assert any("no such region" in text for _, text in ran.said("error"))
    assert fake.things == {}


def test_a_provider_whose_configuration_is_not_known_yet_leaves_all_unknown(world: World, fake: Fake) -> None:
    """In a preview: the provider isn't configured, its resources are planned without it."""
    program(
        world,
        """
        first = Fake("first", value="1")
        later = pulumi.ProviderResource("fake", "later", {"region": first.arn})
        second = Fake("second", value="1", opts=options(provider=later))
        """,
    )
    fake.handshakes = False
    ran, made = world.run("preview"), world.run("up")

    assert ran.outcome.succeeded
    assert [n for op, n in ran.steps if op == "create"] == ["first", "later", "second"]
    assert made.outcome.succeeded
    assert ("configure", {"region": "arn:first"}) in fake.calls


def test_a_destroy_that_is_cancelled_ends_what_it_began_and_no_more(world: World, fake: Fake) -> None:
    """The deletion under way ends and is written down; the run doesn't claim to have succeeded."""
    program(world, "a = Fake('a', value='1')\nFake('b', value='1', opts=options(depends_on=[a]))")
    world.run("up")
    fake.may_delete.clear()
    saved: list[Any] = []
    events: list[dict[str, Any]] = []
    request = world.request("destroy", saved, events)

    def interrupt() -> None:
        fake.deleting.wait(60)
        request.cancel.set()

    def emit(event: dict[str, Any]) -> None:
        events.append(event)
        if "cancelEvent" in event:
            fake.may_delete.set()

    request.emit = emit
    threading.Thread(target=interrupt, daemon=True).start()
    outcome = run(request)

    assert (outcome.succeeded, outcome.cancelled) == (False, True)
    assert [call for call, _ in fake.calls].count("delete") == 1
    assert [r.urn.split("::")[-1] for r in saved[-1].resources] == ["world-test", "default", "a"]


def test_a_package_nobody_provides_is_named(world: World) -> None:
    """With what to do about it."""
    world.program("pulumi.CustomResource('nowhere:index:Thing', 'a', {})")
    ran = world.run("preview")

    assert any("no plug-in for provider nowhere" in text for _, text in ran.said("error"))
