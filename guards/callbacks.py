"""The guards' own callback server: transforms and hooks as the engine sends them, nothing lost on the way.

Why not the SDK's wrappers: a Python transform that returns options drops `delete_before_replace=False`,
`retain_on_delete=False`, `replace_with` and `hide_diffs` (pulumi 3.272, `_transformation_resource_options`), and
ResourceHookArgs has no options, so that a hook can't see `retain_on_delete`. The protocol has all of it
(pulumi/sdk/proto: callback.proto, resource.proto). Being a thread pool, it also keeps boto3's waiting off the program's
event loop.
"""

from __future__ import annotations

import uuid
from concurrent import futures
from typing import TYPE_CHECKING, Any

import grpc
from pulumi.runtime.proto import callback_pb2, callback_pb2_grpc, resource_pb2

if TYPE_CHECKING:
    from collections.abc import Callable

_WORKERS = 64
_MESSAGE_BYTES = 400 * 1024 * 1024  # what the engine and the SDKs use
_OPTIONS = [("grpc.max_receive_message_length", _MESSAGE_BYTES), ("grpc.max_send_message_length", _MESSAGE_BYTES)]


class Callbacks(callback_pb2_grpc.CallbacksServicer):
    """Serves transforms and hooks of one program to the engine on a loopback port."""

    def __init__(self, monitor: Any) -> None:
        self._monitor = monitor
        self._answers: dict[str, Callable[[bytes], Any]] = {}
        self._server = grpc.server(futures.ThreadPoolExecutor(_WORKERS, "holdfast-guards"), options=_OPTIONS)
        callback_pb2_grpc.add_CallbacksServicer_to_server(self, self._server)
        self._target = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def Invoke(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802 - the protocol's name
        """Answer one callback of the engine."""
        answer = self._answers.get(request.token)
        if answer is None:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"the guards know no callback {request.token}")
            raise AssertionError
        try:
            response = answer(request.request)
        except Exception as error:
            context.abort(grpc.StatusCode.UNKNOWN, f"Holdfast's guards failed: {type(error).__name__}: {error}")
            raise
        return callback_pb2.CallbackInvokeResponse(response=response.SerializeToString())

    def _callback(self, answer: Callable[[bytes], Any]) -> Any:
        token = str(uuid.uuid4())
        self._answers[token] = answer
        return callback_pb2.Callback(token=token, target=self._target)

    def transform(self, function: Callable[[Any], Any]) -> Any:
        """The callback of a transform, to be registered: `function` makes a TransformRequest a TransformResponse."""
        return self._callback(lambda raw: function(resource_pb2.TransformRequest.FromString(raw)))

    def add_hook(self, name: str, function: Callable[[Any], None], *, on_dry_run: bool) -> None:
        """Register a named resource hook: `function` takes a ResourceHookRequest and refuses by raising."""

        def answer(raw: bytes) -> Any:
            try:
                function(resource_pb2.ResourceHookRequest.FromString(raw))
            except Exception as error:  # noqa: BLE001 - the engine shows the text and refuses the step
                return resource_pb2.ResourceHookResponse(error=str(error) or type(error).__name__)
            return resource_pb2.ResourceHookResponse()

        self._monitor.RegisterResourceHook(
            resource_pb2.RegisterResourceHookRequest(
                name=name, callback=self._callback(answer), on_dry_run=on_dry_run, ignore_errors=False
            )
        )

    def add_error_hook(self, name: str, function: Callable[[Any], None]) -> None:
        """Register a named error hook: `function` takes an ErrorHookRequest; the step stays failed, without a retry."""

        def answer(raw: bytes) -> Any:
            function(resource_pb2.ErrorHookRequest.FromString(raw))
            return resource_pb2.ErrorHookResponse(retry=False)

        self._monitor.RegisterErrorHook(
            resource_pb2.RegisterErrorHookRequest(name=name, callback=self._callback(answer))
        )
