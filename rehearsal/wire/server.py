"""The one server of a run: monitor and engine service on a port of this machine."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from pulumi.runtime.proto import engine_pb2_grpc, resource_pb2_grpc

from rehearsal.wire.arrivals import Arrivals
from rehearsal.wire.channel import OPTIONS

_THREADS = 4096
"""Each registration that waits holds a thread; threads are made only when needed."""


class Server:
    """Serves from construction until `stop`."""

    def __init__(self, engine_service: Any) -> None:
        self.arrivals = Arrivals()
        workers = ThreadPoolExecutor(_THREADS, thread_name_prefix="monitor")
        self._server = grpc.server(workers, options=OPTIONS, interceptors=[self.arrivals])
        engine_pb2_grpc.add_EngineServicer_to_server(engine_service, self._server)
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"

    def start(self, monitor: Any | None = None) -> None:
        """Begin to serve; `monitor` None for runs without a program."""
        if monitor is not None:
            resource_pb2_grpc.add_ResourceMonitorServicer_to_server(monitor, self._server)
        self._server.start()

    def stop(self) -> None:
        """Answer nobody any more."""
        self._server.stop(grace=0.2).wait(2)
