"""What client and server of the prefork say to each other: frames of JSON on a Unix socket, the first with three files.

The client's only frame is a request (`command`, `cwd`, `environment`) with its standard streams. The server answers
`{"pid": n}` and, when the process has ended, `{"status": n}`; or `{"refused": reason}`. Whoever hangs up early ends it:
a client that is gone takes its process along.
"""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

_LENGTH = struct.Struct("!I")
MOST_FILES = 4
"""Three standard streams and, from the server to a nursery, the connection to who asks."""


def send(connection: socket.socket, message: dict[str, Any], streams: tuple[int, ...] = ()) -> None:
    """Send one frame. Raises OSError when nobody listens any more."""
    frame = json.dumps(message).encode()
    head = _LENGTH.pack(len(frame))
    if streams:
        socket.send_fds(connection, [head], list(streams))
        connection.sendall(frame)
    else:
        connection.sendall(head + frame)


def receive(connection: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """The next frame and the files that came with it; None when the other side hung up. Raises OSError."""
    head, streams, _, _ = socket.recv_fds(connection, _LENGTH.size, MOST_FILES)
    head += _exactly(connection, _LENGTH.size - len(head)) if head else b""
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    frame = _exactly(connection, length)
    return (json.loads(frame), list(streams)) if len(frame) == length else None


def _exactly(connection: socket.socket, length: int) -> bytes:
    pieces = bytearray()
    while len(pieces) < length:
        piece = connection.recv(length - len(pieces))
        if not piece:
            break
        pieces += piece
    return bytes(pieces)
