"""Calling back into the program: hooks and transforms are functions that live there."""

from __future__ import annotations

import threading
from typing import Any, TypeVar

import grpc
from pulumi.runtime.proto import callback_pb2, callback_pb2_grpc

from rehearsal.errors import ProgramError
from rehearsal.wire.channel import details, dial

Message = TypeVar("Message")


class Callbacks:
    """Connections to the callback servers of programs, one per address."""

    def __init__(self) -> None:
        self._channels: dict[str, grpc.Channel] = {}
        self._lock = threading.Lock()

    def invoke(self, callback: callback_pb2.Callback, request: Any, answer: type[Message]) -> Message:
        """Call a function of the program. Raises ProgramError when it raised or is gone."""
        with self._lock:
            channel = self._channels.get(callback.target)
            if channel is None:
                channel = self._channels[callback.target] = dial(callback.target)
        stub = callback_pb2_grpc.CallbacksStub(channel)
        message = callback_pb2.CallbackInvokeRequest(token=callback.token, request=request.SerializeToString())
        try:
            response = stub.Invoke(message)
        except grpc.RpcError as e:
            if e.code() == grpc.StatusCode.UNAVAILABLE:
                raise ProgramError("the program is gone: its functions can't be called any more") from e
            raise ProgramError(details(e)) from e
        return answer.FromString(response.response)  # type: ignore[attr-defined,no-any-return]

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for channel in self._channels.values():
                channel.close()
            self._channels.clear()
