"""A server on loopback that misbehaves as registries do: hangs, redirects, limits, changes what it sends."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, Self

from token_server import server

if TYPE_CHECKING:
    from collections.abc import Callable

    from certificates import Certificate


class OddRegistry:
    """Answers every GET by `behave(handler)`; `seen` keeps paths and Authorization headers."""

    def __init__(self, certificate: Certificate, behave: Callable[[Any], None]) -> None:
        outer = self
        self.seen: list[tuple[str, str | None]] = []
        self.over = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            over = self.over

            def do_GET(self) -> None:
                outer.seen.append((self.path, self.headers.get("Authorization")))
                behave(self)

            def say(self, status: int, body: bytes = b"{}", **headers: str) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = server(Handler, certificate)
        self.port = self._server.server_address[1]

    @property
    def host(self) -> str:
        return f"localhost:{self.port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
