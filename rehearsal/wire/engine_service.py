"""The engine service: where programs, providers and packs send their messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

from rehearsal.errors import RehearsalGap
from rehearsal.version import PROTOCOL_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable

_SEVERITIES = {
    engine_pb2.DEBUG: "debug",
    engine_pb2.INFO: "info",
    engine_pb2.WARNING: "warning",
    engine_pb2.ERROR: "error",
}


class EngineService(engine_pb2_grpc.EngineServicer):
    """Passes messages on: `say(severity, message, urn, ephemeral)`."""

    def __init__(self, say: Callable[[str, str, str, bool], None]) -> None:
        self._say = say
        self._root = ""

    def Log(self, request: Any, context: Any) -> empty_pb2.Empty:  # noqa: ARG002, D102, N802
        self._say(_SEVERITIES[request.severity], request.message, request.urn, request.ephemeral)
        return empty_pb2.Empty()

    def GetRootResource(self, request: Any, context: Any) -> engine_pb2.GetRootResourceResponse:  # noqa: ARG002, D102, N802
        return engine_pb2.GetRootResourceResponse(urn=self._root)

    def SetRootResource(self, request: Any, context: Any) -> engine_pb2.SetRootResourceResponse:  # noqa: ARG002, D102, N802
        self._root = request.urn
        return engine_pb2.SetRootResourceResponse()

    def RequirePulumiVersion(self, request: Any, context: Any) -> engine_pb2.RequirePulumiVersionResponse:  # noqa: D102, N802
        wanted = request.pulumi_version_range
        try:
            fits = _fits(wanted)
        except ValueError:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"{wanted!r} is no range of versions")
        else:
            if not fits:
                text = f"Pulumi CLI version {PROTOCOL_VERSION} does not satisfy the version range {wanted!r}"
                context.abort(grpc.StatusCode.FAILED_PRECONDITION, text)
        return engine_pb2.RequirePulumiVersionResponse()

    def StartDebugging(self, request: Any, context: Any) -> None:  # noqa: ARG002, D102, N802
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, RehearsalGap("debugging a program").message)


def _fits(wanted: str) -> bool:
    """Whether the version whose protocols are spoken is in a range such as `>=3.1.0 <4.0.0 || 5.0.0`."""
    import semver  # comes with pulumi; only for programs that ask

    ours = semver.Version.parse(PROTOCOL_VERSION)
    alternatives = [part.split() for part in wanted.split("||")]
    if not wanted.strip():
        return True
    return any(
        all(ours.match(_comparison(condition)) for condition in conditions) for conditions in alternatives if conditions
    )


def _comparison(condition: str) -> str:
    return f"!={condition[1:]}" if condition.startswith("!") and not condition.startswith("!=") else condition
