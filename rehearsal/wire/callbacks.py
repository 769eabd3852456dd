"""Calling back into the program: hooks and transforms are functions that live there."""

from __future__ import annotations

import threading
from typing import Any, TypeVar

import grpc
from google.protobuf.message import DecodeError
from pulumi.runtime.proto import callback_pb2, callback_pb2_grpc

from rehearsal.errors import ProgramError
from rehearsal.wire import patience
from rehearsal.wire.channel import details, dial

Message = TypeVar("Message")


class Callbacks:
    """Connections to the callback servers of programs, one per address."""

    def __init__(self) -> None:
        self._channels: dict[str, grpc.Channel] = {}
        self._lock = threading.Lock()

    def invoke(self, callback: callback_pb2.Callback, request: Any, answer: type[Message]) -> Message:
        """Call a function of the program. Raises ProgramError when it raised, is gone, or doesn't answer."""
        with self._lock:
            channel = self._channels.get(callback.target)
            if channel is None:
                channel = self._channels[callback.target] = dial(callback.target)
        stub = callback_pb2_grpc.CallbacksStub(channel)
        message = callback_pb2.CallbackInvokeRequest(token=callback.token, request=request.SerializeToString())
        try:
            response = stub.Invoke(message, timeout=patience.seconds())
        except grpc.RpcError as e:
            if e.code() == grpc.StatusCode.DEADLINE_EXCEEDED:
                raise ProgramError(
                    f"no answer within {patience.seconds():g} s: a function of the program hangs. "
                    "REHEARSAL_PATIENCE sets another number of seconds"
                ) from e
            if e.code() == grpc.StatusCode.CANCELLED:
                raise ProgramError("the run was given up while a function of the program was being called") from e
            if e.code() == grpc.StatusCode.UNAVAILABLE:
                raise ProgramError("the program is gone: its functions can't be called any more") from e
            raise ProgramError(details(e)) from e
        except ValueError as e:  # what gRPC raises for a channel that was closed meanwhile
            raise ProgramError("the run was given up while a function of the program was being called") from e
        try:
            return answer.FromString(response.response)  # type: ignore[attr-defined,no-any-return]
        except DecodeError as e:
            raise ProgramError(f"a function of the program answered what is no {answer.__name__}") from e

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for channel in self._channels.values():
                channel.close()
            self._channels.clear()
