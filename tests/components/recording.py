"""What a program registers, without an engine; a look-up that nobody told it about fails."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.runtime import mocks, settings

KEY = "arn:aws:kms:eu-central-1:111122223333:key/12345678-1234-1234-1234-123456789012"


@dataclass
class Registered:
    """One registration: type, logical name, inputs as the engine gets them, and the request with its options."""

    type: str
    name: str
    inputs: dict[str, Any]
    request: Any
    urn: str


@dataclass
class Recorder:
    """Runs a program against a stand-in for the engine and keeps what it registered."""

    lookups: dict[str, Any] = field(default_factory=dict)
    """What a look-up answers, by its token, or what makes the answer from its arguments; a text: why it fails."""
    registered: list[Registered] = field(default_factory=list)

    def run(self, program: Callable[[], object]) -> None:
        """Run it to its end, outputs and all."""
        self.registered.clear()
        try:
            asyncio.get_event_loop()
        except RuntimeError:  # another test's asyncio.run left none behind
            asyncio.set_event_loop(asyncio.new_event_loop())
        stand_in = _Answers(self)
        mocks.set_mocks(stand_in, project="holdfast", stack="test", preview=False)
        settings.SETTINGS.monitor = _Monitor(stand_in, self)
        pulumi.runtime.test(lambda: (program(), None)[1])()

    def only(self, type_: str) -> Registered:
        """The one resource of that type (`sagemaker/model:Model`)."""
        found = [each for each in self.registered if each.type.endswith(type_)]

        assert len(found) == 1, f"{len(found)} of {type_} among {[each.type for each in self.registered]}"
        return found[0]

    def depends(self, dependent: str, on: str) -> bool:
        """Whether the resource of the one type depends on that of the other, directly or by way of others."""
        waits = {each.urn: list(each.request.dependencies) for each in self.registered}
        reached, open_ = set(), [self.only(dependent).urn]
        while open_:
            for urn in waits.get(open_.pop(), []):
                if urn not in reached:
                    reached.add(urn)
                    open_.append(urn)
        return self.only(on).urn in reached


class _Answers(mocks.Mocks):
    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        if args.token not in self.recorder.lookups:
            raise AssertionError(f"unexpected look-up: {args.token} {args.args}")
        answer = self.recorder.lookups[args.token]
        if callable(answer):
            answer = answer(args.args)
        return ({}, [("", answer)]) if isinstance(answer, str) else (answer, [])

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        if not args.custom:
            return "", dict(args.inputs)
        named = args.inputs.get("name", f"{args.name}-0123456")
        arn = KEY if args.typ.endswith(":Key") else f"arn:aws:{args.typ.split('/')[0][4:]}:::{named}"
        computed = {"arn": arn, "name": named, "bucket": named, "keyId": "12345678", "prefixListId": "pl-1"}
        return f"{args.name}-id", computed | dict(args.inputs)


class _Monitor(mocks.MockMonitor):
    def __init__(self, answers: _Answers, recorder: Recorder) -> None:
        super().__init__(answers)
        self.recorder = recorder

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - gRPC's name
        response = super().RegisterResource(request)
        if request.type != "pulumi:pulumi:Stack":
            inputs = mocks.rpc.deserialize_properties(request.object)
            self.recorder.registered.append(Registered(request.type, request.name, inputs, request, response.urn))
        return response
