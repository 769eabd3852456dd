"""Debian's `docker-registry` on loopback, with TLS, started and stopped by the tests."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import bcrypt
import pytest
import token_server
import yaml

from pipeline.registry.client import Registry
from pipeline.registry.trust import Credentials

if TYPE_CHECKING:
    from pathlib import Path

    from certificates import Authority, Certificate

USER = ("robot", 'p4ss"w\\rd-of-the-tests')
REQUIRED = "HOLDFAST_REQUIRE_DOCKER_REGISTRY"


def executable() -> str:
    """`docker-registry`; without it the test is skipped, or fails where the environment demands it."""
    found = shutil.which("docker-registry")
    if found:
        return found
    reason = "needs Debian's docker-registry on PATH (apt install docker-registry)"
    if os.environ.get(REQUIRED):
        pytest.fail(f"{reason}, and {REQUIRED} is set")
    pytest.skip(reason)


@dataclass
class RealRegistry:
    """One registry: `authentication` is `none`, `basic` or `bearer`."""

    folder: Path
    authority: Authority
    authentication: str = "none"
    certificate: Certificate | None = None
    user: tuple[str, str] = USER
    port: int = 0
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    tokens: token_server.TokenServer | None = field(default=None, repr=False)

    @property
    def host(self) -> str:
        return f"localhost:{self.port}"

    @property
    def credentials(self) -> Credentials | None:
        return None if self.authentication == "none" else Credentials(*self.user)

    def start(self) -> RealRegistry:
        """Start it on a free port, and wait until it listens."""
        binary = executable()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.certificate = self.certificate or self.authority.issue()
        if self.authentication == "bearer" and self.tokens is None:
            self.tokens = token_server.TokenServer(self.authority.issue(), self.user)
        if not self.port:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                self.port = probe.getsockname()[1]
        path = self.folder / "config.yml"
        path.write_text(yaml.safe_dump(self._configuration()))
        with (self.folder / "registry.log").open("ab") as log:
            self.process = subprocess.Popen(
                [binary, "serve", str(path)], stdout=log, stderr=log, env={"OTEL_TRACES_EXPORTER": "none"}
            )
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and self.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.01)
        raise AssertionError((self.folder / "registry.log").read_text()[-2000:])

    def _configuration(self) -> dict[str, Any]:
        assert self.certificate is not None
        made: dict[str, Any] = {
            "version": 0.1,
            "log": {"level": "error"},
            "storage": {"filesystem": {"rootdirectory": str(self.folder / "data")}, "delete": {"enabled": True}},
            "http": {
                "addr": f"127.0.0.1:{self.port}",
                "secret": "of-the-tests",
                "tls": {"certificate": str(self.certificate.chain), "key": str(self.certificate.key)},
            },
        }
        if self.authentication == "basic":
            hashed = bcrypt.hashpw(self.user[1].encode(), bcrypt.gensalt(4)).decode()
            (self.folder / "htpasswd").write_text(f"{self.user[0]}:{hashed}\n")
            made["auth"] = {"htpasswd": {"realm": "tests", "path": str(self.folder / "htpasswd")}}
        elif self.tokens is not None:
            made["auth"] = {
                "token": {
                    "realm": self.tokens.realm,
                    "service": token_server.SERVICE,
                    "issuer": token_server.ISSUER,
                    "rootcertbundle": str(self.authority.store_path),
                }
            }
        return made

    def asked(self, credentials: Credentials | bool | None = True, **more: Any) -> Registry:
        """Our own client for it, with its credentials unless others (or None) are given."""
        chosen = self.credentials if credentials is True else credentials or None
        return Registry(self.host, **{"trust": self.authority.store, "credentials": chosen, **more})

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def close(self) -> None:
        self.stop()
        if self.tokens is not None:
            self.tokens.stop()


def handshake(host: str, port: int, store: Path) -> None:
    """A TLS handshake, verified; raises ssl.SSLError."""
    context = ssl.create_default_context(cafile=str(store))
    with socket.create_connection((host, port)) as plain, context.wrap_socket(plain, server_hostname=host):
        pass
