"""The program's way to the engine: who notes a registration, when the engine is asked to call back, what is judged."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from google.protobuf import json_format, struct_pb2
from pulumi import RunError
from pulumi.runtime.proto import callback_pb2, resource_pb2

from guards import kinds, usage
from guards.monitor import Monitor
from guards.registering import HOOK_BEFORE_CREATE, HOOK_BEFORE_DELETE

MODEL = {
    "name": "m",
    "primaryContainer": {"image": f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/no@sha256:{'b' * 64}"},
}


def struct(values: dict[str, Any]) -> struct_pb2.Struct:
    return json_format.ParseDict(values, struct_pb2.Struct())


class Stub:
    """A ResourceMonitorStub that keeps what it is sent; it answers with an id, and with inputs and what it chose."""

    def __init__(self, identity: str, chosen: dict[str, Any]) -> None:
        self.sent: list[str] = []
        self.requests: list[Any] = []
        self._identity = identity
        self._chosen = struct(chosen)

    def SignalAndWaitForShutdown(self, *_: Any) -> None:  # noqa: N802
        self.sent.append("end")

    def RegisterStackTransform(self, callback: Any) -> None:  # noqa: N802
        self.sent.append(f"transform {callback.token}")

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        self.sent.append(f"resource {request.name}")
        self.requests.append(request)
        urn = kinds.urn_of("s", "p", request.parent, request.type, request.name)
        answer = resource_pb2.RegisterResourceResponse(urn=urn, id=self._identity, object=request.object)
        answer.object.MergeFrom(self._chosen)
        return answer


class Callbacks:
    """Stands in for the callback server."""

    def transform(self, _: Any) -> Any:
        return callback_pb2.Callback(token="the guards'")


def watched(run: Any, identity: str = "", chosen: dict[str, Any] | None = None) -> tuple[Stub, Monitor]:
    """A program's stub that the guards of a run watch, with a loop in which nothing serves callbacks."""
    stub = Stub(identity, chosen or {})

    async def watch() -> Monitor:
        monitor = Monitor(stub, Callbacks())  # type: ignore[arg-type]
        monitor.watch(run.guards)
        return monitor

    return stub, asyncio.run(watch())


def resource(token: str, name: str, inputs: dict[str, Any], **more: Any) -> Any:
    return resource_pb2.RegisterResourceRequest(type=token, name=name, custom=True, object=struct(inputs), **more)


def test_a_registration_gets_hooks_and_mark_and_order_without_a_callback(up: Any) -> None:
    stub, _ = watched(up)
    stub.RegisterResource(resource(kinds.KEY, "key", {"tags": {"team": "trees"}}))
    stub.RegisterResource(resource("aws:sqs/queue:Queue", "queue", {}))
    key, queue = stub.requests

    assert stub.sent == ["resource key", "resource queue"]
    assert list(key.hooks.before_delete) == [HOOK_BEFORE_DELETE]
    assert dict(key.object["tags"]) == {"team": "trees", "holdfast:guarded": "true"}
    assert (key.deleteBeforeReplaceDefined, key.deleteBeforeReplace) == (True, False)
    assert not queue.HasField("hooks")
    assert not queue.deleteBeforeReplaceDefined


def test_the_engine_calls_back_once_somebody_else_registers(up: Any) -> None:
    stub, _ = watched(up)
    stub.RegisterResource(resource("other:index:Component", "component", {}, remote=True))
    stub.RegisterResource(resource("other:index:Component", "another", {}, remote=True))

    assert stub.sent == ["transform the guards'", "resource component", "resource another"]


def test_the_guards_come_after_every_transform_of_the_program(up: Any) -> None:
    stub, _ = watched(up)
    stub.RegisterStackTransform(callback_pb2.Callback(token="theirs"))
    stub.RegisterStackTransform(callback_pb2.Callback(token="another"))

    assert stub.sent == [
        "transform theirs",
        "transform the guards'",
        "transform another",
        "transform the guards'",
    ]


def test_the_program_is_done_when_it_says_so(up: Any) -> None:
    stub, monitor = watched(up)
    before = monitor.program_done
    stub.SignalAndWaitForShutdown(None)

    assert (before, monitor.program_done, stub.sent) == (False, True, ["end"])


def test_a_creation_is_judged_by_a_preview_s_answer(preview: Any) -> None:
    """The engine isn't asked to ask: 300 endpoints would cost it 600 calls."""
    stub, _ = watched(preview)

    with pytest.raises(RunError, match="model-refers-to-what-exists"):
        stub.RegisterResource(resource(kinds.MODEL, "m", MODEL))

    assert list(stub.requests[0].hooks.before_create) == []


def test_what_is_there_already_is_not_judged_as_a_creation(preview: Any) -> None:
    stub, _ = watched(preview, identity="m")
    stub.RegisterResource(resource(kinds.MODEL, "m", MODEL))

    assert preview.report.found == []


def test_what_a_run_with_targets_leaves_out_is_not_judged_as_a_creation(preview: Any) -> None:
    """Its answer has no id and no property (Pulumi CLI 3.260, `preview --target` of another resource)."""
    inputs = preview.guards.registering.request(resource(kinds.MODEL, "m", MODEL), asks_before_creation=False)
    left_out = resource_pb2.RegisterResourceResponse(urn=kinds.urn_of("s", "p", "", kinds.MODEL, "m"))
    preview.guards.creation_in_preview(kinds.MODEL, inputs, left_out)

    assert preview.report.found == []


def test_up_is_asked_before_each_creation(up: Any) -> None:
    """There the answer comes when the thing is made."""
    stub, _ = watched(up)
    stub.RegisterResource(resource(kinds.MODEL, "m", MODEL))

    assert list(stub.requests[0].hooks.before_create) == [HOOK_BEFORE_CREATE]


def test_a_chosen_name_is_known_before_the_program_knows_it(preview: Any) -> None:
    """The provider chose it, and the answer brings it; only then can the program pass it on."""
    stub, _ = watched(preview, chosen={"name": "trees-3f0e"})
    stub.RegisterResource(resource(kinds.CONFIGURATION, "c", {"productionVariants": []}))
    known = preview.guards.plan.named(usage.CONFIGURATION, "trees-3f0e")

    assert known.urn == kinds.urn_of("s", "p", "", kinds.CONFIGURATION, "c")
