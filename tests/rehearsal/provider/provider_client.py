"""A client that speaks to the provider as an engine does: Check, then Diff or Create, Read, Update, Delete."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf import struct_pb2
from google.rpc import status_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from rehearsal.provider import properties
from rehearsal.values import UNKNOWN
from rehearsal.wire.channel import dial

SEED = bytes(range(32))


class InitialisationFailed(Exception):  # noqa: N818  # it is an answer
    """The provider answered with ErrorResourceInitFailed."""

    def __init__(self, detail: Any) -> None:
        super().__init__("; ".join(detail.reasons))
        self.id = detail.id
        self.outputs = properties.read(detail.properties)
        self.inputs = properties.read(detail.inputs)


@dataclass
class Resource:
    """What an engine would have in its state."""

    token: str
    name: str
    id: str = ""
    inputs: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)

    @property
    def urn(self) -> str:
        """The URN."""
        return f"urn:pulumi:rehearsal::test::{self.token}::{self.name}"


class Engine:
    """The engine's half of the protocol, as far as a provider sees it."""

    def __init__(self, port: int) -> None:
        self.channel = dial(f"127.0.0.1:{port}")
        self.stub = provider_pb2_grpc.ResourceProviderStub(self.channel)

    def configure(self, **values: Any) -> None:
        """Configure the provider."""
        self.stub.Configure(provider_pb2.ConfigureRequest(args=properties.write(values), acceptSecrets=True))

    def check(
        self, token: str, name: str, inputs: dict[str, Any], olds: dict[str, Any] | None = None, **more: Any
    ) -> Any:
        """Check; returns (inputs, [(property, reason)])."""
        request = provider_pb2.CheckRequest(
            urn=Resource(token, name).urn,
            olds=properties.write(olds or {}),
            news=properties.write(inputs),
            randomSeed=more.pop("seed", SEED),
            name=name,
            type=token,
            **more,
        )
        answer = self.stub.Check(request)
        return properties.read(answer.inputs), [(f.property, f.reason) for f in answer.failures]

    def checked(
        self, token: str, name: str, inputs: dict[str, Any], olds: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Check and expect no failure."""
        made, failures = self.check(token, name, inputs, olds)
        assert failures == [], failures
        return made

    def preview(self, token: str, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """The outputs of a preview's Create."""
        given = self.checked(token, name, inputs)
        request = provider_pb2.CreateRequest(
            urn=Resource(token, name).urn, properties=properties.write(given), preview=True, name=name, type=token
        )
        return properties.read(self.stub.Create(request).properties)

    def create(self, token: str, name: str, inputs: dict[str, Any]) -> Resource:
        """Check and create."""
        made = Resource(token, name, inputs=self.checked(token, name, inputs))
        request = provider_pb2.CreateRequest(
            urn=made.urn, properties=properties.write(made.inputs), name=name, type=token
        )
        answer = failing(lambda: self.stub.Create(request))
        made.id, made.outputs = answer.id, properties.read(answer.properties)
        return made

    def diff(self, of: Resource, inputs: dict[str, Any], *, check: bool = True) -> Any:
        """Check (with the old inputs) and diff."""
        news = self.checked(of.token, of.name, inputs, of.inputs) if check else inputs
        return self.stub.Diff(
            provider_pb2.DiffRequest(
                id=of.id,
                urn=of.urn,
                olds=properties.write(of.outputs),
                old_inputs=properties.write(of.inputs),
                news=properties.write(news),
                name=of.name,
                type=of.token,
            )
        )

    def update(self, of: Resource, inputs: dict[str, Any]) -> Resource:
        """Check and update in place."""
        news = self.checked(of.token, of.name, inputs, of.inputs)
        request = provider_pb2.UpdateRequest(
            id=of.id,
            urn=of.urn,
            olds=properties.write(of.outputs),
            old_inputs=properties.write(of.inputs),
            news=properties.write(news),
            name=of.name,
            type=of.token,
        )
        answer = failing(lambda: self.stub.Update(request))
        of.inputs, of.outputs = news, properties.read(answer.properties)
        return of

    def read(self, of: Resource) -> Resource | None:
        """Read, as a refresh does; None if it is gone."""
        return self._read(of, properties.write(of.outputs), properties.write(of.inputs))

    def imported(self, token: str, name: str, id_: str) -> Resource | None:
        """Read with nothing but an id."""
        return self._read(Resource(token, name, id_), struct_pb2.Struct(), struct_pb2.Struct())

    def _read(self, of: Resource, state: Any, inputs: Any) -> Resource | None:
        request = provider_pb2.ReadRequest(
            id=of.id, urn=of.urn, properties=state, inputs=inputs, name=of.name, type=of.token
        )
        answer = self.stub.Read(request)
        if not answer.id:
            return None
        return Resource(
            of.token, of.name, answer.id, properties.read(answer.inputs), properties.read(answer.properties)
        )

    def delete(self, of: Resource) -> None:
        """Delete."""
        self.stub.Delete(
            provider_pb2.DeleteRequest(
                id=of.id, urn=of.urn, properties=properties.write(of.outputs), old_inputs=properties.write(of.inputs)
            )
        )

    def invoke(self, token: str, **arguments: Any) -> dict[str, Any]:
        """Invoke a function."""
        answer = self.stub.Invoke(provider_pb2.InvokeRequest(tok=token, args=properties.write(arguments)))
        return properties.read(getattr(answer, "return"))


def failing(call: Any) -> Any:
    """A call whose initialisation error is raised as such."""
    try:
        return call()
    except grpc.RpcError as error:
        for key, value in error.trailing_metadata() or ():
            if key == "grpc-status-details-bin":
                status = status_pb2.Status.FromString(value)
                for packed in status.details:
                    detail = provider_pb2.ErrorResourceInitFailed()
                    if packed.Unpack(detail):
                        raise InitialisationFailed(detail) from error
        raise


def kinds(difference: Any) -> dict[str, str]:
    """Path -> kind of a detailed diff."""
    return {path: provider_pb2.PropertyDiff.Kind.Name(entry.kind) for path, entry in difference.detailedDiff.items()}


def nothing_differs(difference: Any) -> bool:
    """Whether a diff says that nothing is to be done."""
    return difference.changes == provider_pb2.DiffResponse.DIFF_NONE and not difference.detailedDiff


__all__ = ["UNKNOWN", "Engine", "InitialisationFailed", "Resource", "failing", "kinds", "nothing_differs"]
