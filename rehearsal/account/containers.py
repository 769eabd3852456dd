"""The containers of an account's endpoints, as processes: unpacked, started, health-checked, ended.

Sources: "Use Your Own Inference Code with Hosting Services" (Developer Guide): `docker run <image> serve`, GET /ping,
POST /invocations, /opt/ml/model; SAGEMAKER_BIND_TO_PORT and SAGEMAKER_SAFE_PORT_RANGE as inference pipelines have them.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import socket
import subprocess
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rehearsal.account.images import Image, command, unfetched, unpack_artifact, unpack_layer

if TYPE_CHECKING:
    from pathlib import Path

MOST_RUNNING = 4
START_SECONDS = 60.0
ANSWER_SECONDS = 60.0  # InvokeEndpoint: a model's response must come within 60 seconds


@dataclass(frozen=True)
class Package:
    """All that one container is made of.

    Attributes:
        key: the same for the same image, artifacts and environment.
        image: what is run.
        environment: the model's own variables.
        region: region of the endpoint.
        layers: the image's layers, bytes; None when the container runs already.
        artifacts: the artifacts, by file name; None when the container runs already.

    """

    key: str
    image: Image
    environment: dict[str, str]
    region: str
    layers: tuple[bytes, ...] | None
    artifacts: tuple[tuple[str, bytes], ...] | None


@dataclass
class _Running:
    process: subprocess.Popen[bytes]
    port: int
    root: Path
    used: float = 0.0


@dataclass
class _Slot:
    lock: threading.Lock = field(default_factory=threading.Lock)
    running: _Running | None = None


class Containers:
    """Starts a container when it is first needed, keeps the last few, and ends all of them with the account.

    Args:
        directory: where images and artifacts are unpacked; emptied at the start.

    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._slots: dict[str, _Slot] = {}
        self._lock = threading.Lock()
        self._count = 0
        shutil.rmtree(directory, ignore_errors=True)

    def runs(self, key: str) -> bool:
        """Whether the container of that key is running."""
        slot = self._slots.get(key)
        return slot is not None and slot.running is not None and slot.running.process.poll() is None

    def port(self, package: Package) -> int:
        """The port at which a package's container answers, started if need be; raises ModelError when it can't be."""
        with self._lock:
            slot = self._slots.setdefault(package.key, _Slot())
        with slot.lock:
            if slot.running is None or slot.running.process.poll() is not None:
                self._end(slot)
                slot.running = self._start(package)
            slot.running.used = time.monotonic()
            port = slot.running.port
        self._make_room()
        return port

    def _start(self, package: Package) -> _Running:
        if package.layers is None or package.artifacts is None:
            raise unfetched("The container has just ended; it is started again by the next request.")
        with self._lock:
            self._count += 1
            root = self._directory / str(self._count)
        root.mkdir(parents=True)
        try:
            for layer in package.layers:
                unpack_layer(layer, root)
            model = root / "opt" / "ml" / "model"
            model.mkdir(parents=True, exist_ok=True)
            for name, content in package.artifacts:
                _place(content, name, model)
            return self._run(package, root)
        except BaseException:
            shutil.rmtree(root, ignore_errors=True)
            raise

    def _run(self, package: Package, root: Path) -> _Running:
        port = _free_port()
        log = root / "container.log"
        with log.open("wb") as output:
            process = subprocess.Popen(  # the image's own entry point, which is the purpose
                command(package.image, root),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                cwd=_folder(package.image, root),
                env=_environment(package, root, port),
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(OSError):  # not listening yet
                if request(port, "GET", "/ping", b"", {})[0] == http.HTTPStatus.OK:
                    return _Running(process, port, root)
            time.sleep(0.02)
        _kill(process)
        tail = " ".join(log.read_text(errors="replace").splitlines()[-3:])
        raise unfetched(f"The container did not pass the ping health check. The end of its log: {tail}")

    def _make_room(self) -> None:
        with self._lock:
            running = [(key, slot) for key, slot in self._slots.items() if slot.running is not None]
            running.sort(key=lambda entry: entry[1].running.used if entry[1].running else 0.0)
            for key, slot in running[: max(0, len(running) - MOST_RUNNING)]:
                if slot.lock.acquire(blocking=False):
                    self._end(slot)
                    slot.lock.release()
                    del self._slots[key]

    def _end(self, slot: _Slot) -> None:
        if slot.running is not None:
            _kill(slot.running.process)
            shutil.rmtree(slot.running.root, ignore_errors=True)
            slot.running = None

    def close(self) -> None:
        """Ends all containers and removes what was unpacked."""
        with self._lock:
            for slot in self._slots.values():
                self._end(slot)
            self._slots.clear()
        shutil.rmtree(self._directory, ignore_errors=True)


def request(
    port: int, method: str, path: str, body: bytes, headers: dict[str, str]
) -> tuple[int, list[tuple[str, str]], bytes]:
    """Asks a container: status, headers and body of its answer; raises OSError when there is none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response.status, response.getheaders(), response.read()
    except http.client.HTTPException as error:
        raise OSError(str(error) or type(error).__name__) from error
    finally:
        connection.close()


def _place(content: bytes, name: str, model: Path) -> None:
    if name.endswith((".tar.gz", ".tgz")):
        unpack_artifact(content, model)
        return
    path = (model / name).resolve()
    if not path.is_relative_to(model.resolve()):
        raise unfetched(f"Refused to place {name}: it lies outside /opt/ml/model.")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _folder(image: Image, root: Path) -> Path:
    folder = root / str(image.settings.get("WorkingDir") or "").lstrip("/")
    return folder if folder.is_dir() else root


def _environment(package: Package, root: Path, port: int) -> dict[str, str]:
    """What the container sees: the image's, the model's and SageMaker's variables; of this machine's only PATH."""
    image = dict(entry.split("=", 1) for entry in package.image.settings.get("Env") or [] if "=" in entry)
    image.pop("PATH", None)  # the image's programs aren't this machine's
    return {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(root),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        **image,
        **package.environment,
        "AWS_REGION": package.region,
        "AWS_DEFAULT_REGION": package.region,
        "SAGEMAKER_BIND_TO_PORT": str(port),
        "SAGEMAKER_SAFE_PORT_RANGE": f"{port}-{port}",
        "OPT_ML": str(root / "opt" / "ml"),
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()
    process.terminate()
    try:
        process.wait(timeout=3)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
