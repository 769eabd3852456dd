"""The account's ear: connections stay open, and end when the account does."""

from __future__ import annotations

import http.client
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

from rehearsal.account.listening import Server, listen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def echo(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """Answers with the request's method, path and body; fails at /fails."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if environ["PATH_INFO"] == "/fails":
        raise ValueError("as told")
    said = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']} ".encode() + body
    start_response("200 OK", [("Content-Length", str(len(said)))])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [said]


@pytest.fixture
def server() -> Iterator[Server]:
    """A server of `echo`, running."""
    made = listen(echo)
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()


def test_requests_share_a_connection(server: Server) -> None:
    """One connection for a GET, a HEAD, a POST with a body, and one after it."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    answers = []
    connection.connect()
    ours = connection.sock.getsockname()
    for method, body in (("GET", None), ("HEAD", None), ("POST", b"x" * 100_000), ("GET", None)):
        connection.request(method, "/a", body)
        answers.append(connection.getresponse().read())
    still = connection.sock.getsockname()
    connection.close()

    assert answers == [b"GET /a ", b"", b"POST /a " + b"x" * 100_000, b"GET /a "]
    assert ours == still


def test_a_failure_is_told_and_ends_its_connection(server: Server, capfd: pytest.CaptureFixture[str]) -> None:
    """Nobody knows what of the request has been read, so nothing is read after it; the next connection is sound."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("GET", "/fails")
    failed = connection.getresponse()
    failed.read()
    connection.request("GET", "/a")
    status = connection.getresponse().status
    connection.close()

    assert failed.status == 500
    assert failed.getheader("Connection") == "close"
    assert "as told" in capfd.readouterr().err
    assert status == 200


def test_hanging_up_ends_connections_that_wait(server: Server) -> None:
    """A client that keeps a connection learns that the account has ended."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(b"GET /a HTTP/1.1\r\nHost: here\r\n\r\n")
        first = client.recv(1000)
        server.hang_up()
        last = client.recv(1000)

    assert first.startswith(b"HTTP/1.1 200 OK")
    assert last == b""
