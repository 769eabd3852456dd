"""
A stand-in for pulumi-aws: as much of a provider as it takes to let policy packs judge a program on a real engine.

It takes any type, names what has no name (logical name, hyphen, seven hexadecimal digits) and gives out ARNs that are
unknown in a preview. Started as a process it prints its port; the engine attaches by PULUMI_DEBUG_PROVIDERS=aws:<port>.
"""

from __future__ import annotations

import hashlib
from concurrent import futures
from typing import Any

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def plain(struct: struct_pb2.Struct) -> dict[str, Any]:
    """A protobuf struct as a dictionary."""
    return json_format.MessageToDict(struct)


def struct(values: dict[str, Any]) -> struct_pb2.Struct:
    """A dictionary as a protobuf struct."""
    return json_format.ParseDict(values, struct_pb2.Struct())


class StandIn(provider_pb2_grpc.ResourceProviderServicer):
    """Remembers nothing: the engine's state is enough."""

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        return plugin_pb2.PluginInfo(version="7.51.1")

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802
        return provider_pb2.ProviderHandshakeResponse()

    def Attach(self, request: Any, context: Any) -> Any:  # noqa: N802
        return empty_pb2.Empty()

    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802
        news, olds = plain(request.news), plain(request.olds)
        logical = request.urn.rpartition("::")[2]
        generated = f"{logical}-{hashlib.sha256(request.urn.encode()).hexdigest()[:7]}"
        news.setdefault("name", olds.get("name", generated))
        return provider_pb2.CheckResponse(inputs=struct(news))

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802
        same = plain(request.old_inputs) == plain(request.news)
        kinds = provider_pb2.DiffResponse
        return kinds(changes=kinds.DIFF_NONE if same else kinds.DIFF_SOME)

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        inputs = plain(request.properties)
        arn = UNKNOWN if request.preview else f"arn:aws:test:eu-central-1:111122223333:{inputs['name']}"
        return provider_pb2.CreateResponse(id=inputs["name"], properties=struct({**inputs, "arn": arn}))

    def Update(self, request: Any, context: Any) -> Any:  # noqa: N802
        return provider_pb2.UpdateResponse(
            properties=struct({**plain(request.news), "arn": plain(request.olds).get("arn")})
        )

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802
        return empty_pb2.Empty()


if __name__ == "__main__":
    server = grpc.server(futures.ThreadPoolExecutor(16))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(StandIn(), server)
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)  # noqa: T201
    server.start()
    server.wait_for_termination()
