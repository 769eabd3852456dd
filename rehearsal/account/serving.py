"""InvokeEndpoint: predictions by the code and the artifact that the account holds.

The container's definition is that of the running fleet; its image is fetched from the account's ECR by the digest that was
deployed, its artifact from S3 as it is stored now: every prediction is one of an instance started just then. (AWS's
instances keep what they fetched when they were started; see docs/account.md.) What was fetched is cached by image digest,
artifact ETag and version, and environment.

Sources: InvokeEndpoint (runtime API reference: headers, ModelError, HTTP 424), "Use Your Own Inference Code with Hosting
Services" (Developer Guide: GET /ping, POST /invocations, /opt/ml/model).
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import os
import random
import shutil
import socket
import subprocess
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rehearsal.account.calls import Answer, Call
from rehearsal.account.dependencies import artifact_urls, is_prefix
from rehearsal.account.errors import Refusal
from rehearsal.account.holdings import image_reference, s3_location
from rehearsal.account.images import MODEL_ERROR, Image, command, read_image, unfetched, unpack_artifact, unpack_layer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rehearsal.account.inference.records import Endpoint, Variant
    from rehearsal.account.inference.service import Inference

MOST_RUNNING = 4
START_SECONDS = 60.0
ANSWER_SECONDS = 60.0  # InvokeEndpoint: "Your model's response must be returned within 60 seconds"
_ANSWERING = ("InService", "Updating", "SystemUpdating", "RollingBack", "UpdateRollbackFailed")


@dataclass(frozen=True)
class Package:
    """All that one container is made of, as bytes that can be fetched; `key` is the same for the same contents."""

    key: str
    image: Image
    artifacts: tuple[tuple[str, Callable[[], bytes]], ...]
    environment: dict[str, str]
    region: str


@dataclass(frozen=True)
class Target:
    """What answers one prediction: the endpoint's name, the variant, and its containers in order."""

    endpoint: str
    variant: str
    packages: tuple[Package, ...]
    region: str


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


class Serving:
    """The containers of an account's endpoints.

    Args:
        inference: the emulated SageMaker.
        directory: where images and artifacts are unpacked; emptied at the start.
        blob: gives a layer's bytes by region, repository and digest.

    """

    def __init__(self, inference: Inference, directory: Path, blob: Callable[[str, str, str], bytes | None]) -> None:
        self._inference = inference
        self._directory = directory
        self._blob = blob
        self._slots: dict[str, _Slot] = {}
        self._lock = threading.Lock()
        self._count = 0
        shutil.rmtree(directory, ignore_errors=True)

    def target(self, call: Call) -> Target:
        """What a prediction is to be made by; raises ValidationError or ModelError, with the reason."""
        name = call.parameters["EndpointName"]
        endpoint = self._inference.endpoints(call.region).get(name)
        if endpoint is None or endpoint.fleet is None or endpoint.status not in _ANSWERING:
            state = "" if endpoint is None else f" in service (its status is {endpoint.status})"
            words = f"Endpoint {name} of account {self._inference.account} not found{state}."
            raise Refusal("ValidationError", words)
        variant = _choose(endpoint, call.environ.get("HTTP_X_AMZN_SAGEMAKER_TARGET_VARIANT"))
        containers = variant.model.containers if variant.model is not None else []
        if not containers:
            raise unfetched(f"Variant {variant.name} of endpoint {name} has no container to answer.")
        packages = [self._package(variant, number, endpoint.region) for number in range(len(containers))]
        return Target(name, variant.name, tuple(packages), endpoint.region)

    def _package(self, variant: Variant, number: int, region: str) -> Package:
        model = variant.model
        container = model.containers[number] if model is not None else {}
        image = self._image(container, variant.images[number].resolved)
        parts, artifacts = [image.digest], []
        for url in artifact_urls(container):
            for key, held in self._objects(container, url):
                parts.append(f"{key} {held.etag} {held.version_id}")
                artifacts.append((key, lambda held=held: held.value))
        environment = container.get("Environment") or {}
        parts.append(json.dumps(environment, sort_keys=True))
        key = hashlib.sha256("\n".join(parts).encode()).hexdigest()
        return Package(key, image, tuple(artifacts), environment, region)

    def _image(self, container: dict[str, Any], resolved: str | None) -> Image:
        specified = container.get("Image", "")
        reference = image_reference(resolved or specified)
        if reference is None or reference.account != self._inference.account:
            raise unfetched(f"Image {specified} lies outside this emulated account's ECR; it can't be run here.")
        repository = self._inference.holdings.repository(reference)
        held = self._inference.holdings.image(reference)
        if held is None:
            raise unfetched(f"Requested image {resolved or specified} not found.")
        return read_image(repository, held, lambda digest: self._blob(reference.region, reference.repository, digest))

    def _objects(self, container: dict[str, Any], url: str) -> list[tuple[str, Any]]:
        bucket, key = s3_location(url) or ("", "")
        if is_prefix(container, url):
            found = [
                (entry.name.removeprefix(key).lstrip("/"), entry)
                for entry in self._inference.holdings.objects(bucket, key)
            ]
        else:
            held = self._inference.holdings.object(bucket, key)
            found = [] if held is None else [("model.tar.gz", held)]
        if not found:
            raise unfetched(
                f'Failed to download model data from URL: "{url}". Please ensure that there is an object located at the URL '
                "and that the role passed to CreateModel has permissions to download the object."
            )
        return found

    def predict(self, target: Target, call: Call) -> Answer:
        """The containers' answer to a request; one container's answer is the next one's request (inference pipeline)."""
        content = call.environ.get("CONTENT_TYPE", "application/octet-stream")
        body = call.body
        answer = Answer(200, b"")
        for package in target.packages:
            answer = self._ask(package, target, call, content, body)
            body = answer.body
            content = next((value for name, value in answer.headers if name == "Content-Type"), content)
        return Answer(200, answer.body, [*answer.headers, ("x-Amzn-Invoked-Production-Variant", target.variant)])

    def _ask(self, package: Package, target: Target, call: Call, content: str, body: bytes) -> Answer:
        with self._lock:
            slot = self._slots.setdefault(package.key, _Slot())
        with slot.lock:
            if slot.running is None or slot.running.process.poll() is not None:
                self._end(slot)
                slot.running = self._start(package)
            running = slot.running
            running.used = time.monotonic()
        self._make_room()
        headers = {"Content-Type": content, "Accept": call.environ.get("HTTP_ACCEPT", "*/*")}
        attributes = call.environ.get("HTTP_X_AMZN_SAGEMAKER_CUSTOM_ATTRIBUTES")
        if attributes:
            headers["X-Amzn-SageMaker-Custom-Attributes"] = attributes
        try:
            status, given, said = _http(running.port, "POST", "/invocations", body, headers)
        except OSError as error:
            raise unfetched(f"The container of endpoint {target.endpoint} did not answer ({error}).") from error
        if status != 200:  # noqa: PLR2004
            raise _model_error(target, status, said, self._inference.account)
        kept = ("content-type", "x-amzn-sagemaker-custom-attributes")
        return Answer(200, said, [(name.title(), value) for name, value in given if name.lower() in kept])

    def _start(self, package: Package) -> _Running:
        with self._lock:
            self._count += 1
            root = self._directory / str(self._count)
        root.mkdir(parents=True)
        try:
            for digest in package.image.layers:
                unpack_layer(self._layer(package, digest), root)
            model = root / "opt" / "ml" / "model"
            model.mkdir(parents=True, exist_ok=True)
            for name, fetch in package.artifacts:
                _place(fetch(), name, model)
            return self._run(package, root)
        except BaseException:
            shutil.rmtree(root, ignore_errors=True)
            raise

    def _layer(self, package: Package, digest: str) -> bytes:
        for repository in self._inference.holdings.repositories(package.region):
            content = self._blob(package.region, repository, digest)
            if content is not None:
                return content
        raise unfetched(f"Layer {digest} of image {package.image.digest} is gone.")

    def _run(self, package: Package, root: Path) -> _Running:
        port = _free_port()
        log = root / "container.log"
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - the image's own entry point, which is the purpose
                command(package.image, root),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                cwd=_folder(package.image, root),
                env=_environment(package, root, port),
            )
        running = _Running(process, port, root)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(OSError):  # not listening yet
                if _http(port, "GET", "/ping", b"", {})[0] == 200:  # noqa: PLR2004
                    return running
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


def _choose(endpoint: Endpoint, wanted: str | None) -> Variant:
    variants = [variant for variant in endpoint.fleet.variants if not variant.shadow] if endpoint.fleet else []
    if wanted is not None:
        for variant in variants:
            if variant.name == wanted:
                return variant
        raise Refusal("ValidationError", f"Variant {wanted} not found for endpoint {endpoint.name}.")
    weights = [variant.weight for variant in variants]
    if not any(weights):
        return variants[0]
    return random.choices(variants, weights)[0]  # noqa: S311 - traffic is spread by weight, nothing secret


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
    """What the container sees: the image's variables, the model's, and SageMaker's; nothing of this machine's but PATH."""
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


def _http(
    port: int, method: str, path: str, body: bytes, headers: dict[str, str]
) -> tuple[int, list[tuple[str, str]], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response.status, response.getheaders(), response.read()
    except http.client.HTTPException as error:
        raise OSError(str(error) or type(error).__name__) from error
    finally:
        connection.close()


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()
    process.terminate()
    try:
        process.wait(timeout=3)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _model_error(target: Target, status: int, said: bytes, account: str) -> Refusal:
    text = said.decode("utf-8", "replace")
    kind = "client" if status < 500 else "server"  # noqa: PLR2004
    group = f"/aws/sagemaker/Endpoints/{target.endpoint}"
    message = (
        f'Received {kind} error ({status}) from primary with message "{text}". See '
        f"https://{target.region}.console.aws.amazon.com/cloudwatch/home?region={target.region}#logEventViewer:group={group} "
        f"in account {account} for more information."
    )
    fields = {
        "OriginalStatusCode": status,
        "OriginalMessage": text,
        "LogStreamArn": f"arn:aws:logs:{target.region}:{account}:log-group:{group}",
    }
    return Refusal("ModelError", message, MODEL_ERROR, fields)
