"""The account's ear: an HTTP server on loopback that keeps connections open between requests.

Clients of AWS ask hundreds of times in one run; a connection and a thread for each request cost both sides more than
most answers do. Werkzeug's own server closes every connection, because it can't know whether an application has read
the whole request: the account always has (gateway.py), unless it failed.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import traceback
from typing import Any, cast

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import ThreadedWSGIServer, connection_dropped_errors

HOST = "127.0.0.1"


class Handler(MotoRequestHandler):  # type: ignore[misc]  # moto has no types
    """One connection: its requests one after the other, each answer written at once and whole."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        """Remembers the connection, so that the server can end it."""
        super().setup()
        self._server.connections.add(self.connection)

    def finish(self) -> None:
        """Forgets the connection."""
        self._server.connections.discard(self.connection)
        super().finish()

    @property
    def _server(self) -> Server:
        return cast("Server", self.server)

    def run_wsgi(self) -> None:
        """Answers one request."""
        try:
            self._answer()
        except connection_dropped_errors:
            self.close_connection = True
        except Exception:  # noqa: BLE001 - the client is told; what it was stands in the log
            traceback.print_exc()
            self.close_connection = True
            self._write("500 Internal Server Error", [("Content-Length", "0")], b"")

    def _answer(self) -> None:
        environ = self.make_environ()
        told: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]]) -> None:
            told.append((status, headers))

        body = b"".join(self.server.app(environ, start_response))
        if "HTTP_TRANSFER_ENCODING" in environ:
            self.close_connection = True  # what comes after the last chunk isn't read
        self._write(*told[-1], body)

    def _write(self, status: str, headers: list[tuple[str, str]], body: bytes) -> None:
        lines = [f"{self.protocol_version} {status}", *(f"{name}: {value}" for name, value in headers)]
        lines += [f"Server: {self.server_version}", f"Date: {self.date_time_string()}"]
        lines += ["Connection: close"] if self.close_connection else []
        with contextlib.suppress(*connection_dropped_errors):
            self.wfile.write("\r\n".join([*lines, "", ""]).encode("latin-1") + body)


class Server(ThreadedWSGIServer):
    """The server of one account; `connections` are those that are open."""

    def __init__(self, application: Any, port: int) -> None:
        self.connections: set[socket.socket] = set()
        super().__init__(HOST, port, application, Handler)

    def hang_up(self) -> None:
        """Ends the connections, each after the answer that is on its way."""
        for connection in list(self.connections):
            with contextlib.suppress(OSError):  # it has ended by itself
                connection.shutdown(socket.SHUT_RD)

    def leave_to_the_original(self) -> None:
        """In a fork: lets go of what the original listens to."""
        for each in (self.socket, *self.connections):
            os.close(each.detach())


def listen(application: Any, port: int = 0) -> Server:
    """A server for a WSGI application on a port of loopback; 0 takes any that is free."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    return Server(application, port)
