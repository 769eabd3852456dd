"""A token server for a registry ("Token Authentication Specification"): gives bearer tokens for a name and password."""

from __future__ import annotations

import base64
import json
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives import serialization
from joserfc import jwt
from joserfc.jwk import import_key

if TYPE_CHECKING:
    from certificates import Certificate

ISSUER, SERVICE = "tests-token-server", "tests-registry"


class TokenServer:
    """Answers on loopback over TLS; `asked` keeps what it was asked for, without passwords."""

    def __init__(self, certificate: Certificate, user: tuple[str, str]) -> None:
        self._user = user
        self._pem = certificate.chain.read_text()
        self._key = certificate.key.read_bytes()
        self.asked: list[dict[str, str]] = []
        self._server = server(self._handler(), certificate)
        self.realm = f"https://localhost:{self._server.server_address[1]}/token"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
                outer.asked.append(query)
                wanted = base64.b64encode(":".join(outer._user).encode()).decode()
                if self.headers.get("Authorization") != f"Basic {wanted}":
                    self._say(401, {"errors": [{"message": f"no, {self.headers.get('Authorization')}"}]})
                    return
                self._say(200, {"token": outer.token(query.get("scope", ""))})

            def _say(self, status: int, value: Any) -> None:
                body = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        return Handler

    def token(self, scope: str) -> str:
        """A token for pulling and pushing what `scope` names."""
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": SERVICE, "sub": self._user[0], "iat": now, "nbf": now - 5, "exp": now + 300}
        claims["jti"] = str(time.monotonic_ns())
        claims["access"] = []
        if scope:
            kind, name, _ = scope.split(":")
            claims["access"] = [{"type": kind, "name": name, "actions": ["pull", "push"]}]
        private = serialization.load_pem_private_key(self._key, password=None)
        pem = private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        chain = self._pem.split("-----BEGIN CERTIFICATE-----")[1].split("-----END")[0]
        header = {"alg": "ES256", "x5c": ["".join(chain.split())]}
        return jwt.encode(header, claims, import_key(pem, "EC"))

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def server(handler: type[BaseHTTPRequestHandler], certificate: Certificate) -> ThreadingHTTPServer:
    """A TLS server on a free port of loopback, running in a thread of its own."""
    made = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    made.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.chain, certificate.key)
    made.socket = context.wrap_socket(made.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    return made
