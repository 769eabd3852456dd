"""InvokeEndpoint: predictions by the code and the artifact that the account holds.

The container's definition is that of the running fleet; its image is fetched from the account's ECR by the digest that
was deployed, its artifact from S3 as it is stored now: every prediction is one of an instance started just then. (AWS's
instances keep what they fetched when they were started; see docs/account.md.) What was fetched is cached by image
digest, artifact ETag and version, and environment.

Sources: InvokeEndpoint (runtime API reference: headers, ModelError, HTTP 424), "Use Your Own Inference Code with
Hosting Services" (Developer Guide: GET /ping, POST /invocations, /opt/ml/model).
"""

from __future__ import annotations

import hashlib
import http
import json
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rehearsal.account import provisions
from rehearsal.account.calls import Answer, Call
from rehearsal.account.containers import Containers, Package, request
from rehearsal.account.dependencies import artifact_urls, is_prefix
from rehearsal.account.errors import Refusal
from rehearsal.account.holdings import image_reference, s3_location
from rehearsal.account.images import MODEL_ERROR, unfetched

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rehearsal.account.inference.records import Endpoint, Variant
    from rehearsal.account.inference.service import Inference
    from rehearsal.account.provisions import Stored

_ANSWERING = ("InService", "Updating", "SystemUpdating", "RollingBack", "UpdateRollbackFailed")


@dataclass(frozen=True)
class Target:
    """What answers one prediction: the endpoint's name, the variant, and its containers in order."""

    endpoint: str
    variant: str
    packages: tuple[Package, ...]
    region: str


class Serving:
    """The containers of an account's endpoints.

    Args:
        inference: the emulated SageMaker.
        directory: where images and artifacts are unpacked; emptied at the start.
        blob: gives a layer's bytes by region, repository and digest.

    """

    def __init__(self, inference: Inference, directory: Path, blob: Callable[[str, str, str], bytes | None]) -> None:
        self._inference = inference
        self._containers = Containers(directory)
        self._blob = blob

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
        container = variant.model.containers[number] if variant.model is not None else {}
        specified, resolved = container.get("Image", ""), variant.images[number].resolved
        reference = image_reference(resolved or specified)
        if reference is None:
            raise unfetched(f"Image {specified} lies outside this emulated account's ECR; it can't be run here.")
        image, blob = provisions.pull(self._inference.holdings, reference, self._blob)
        objects = [entry for url in artifact_urls(container) for entry in self._objects(container, url)]
        environment = container.get("Environment") or {}
        parts = [image.digest, json.dumps(environment, sort_keys=True)]
        parts += [f"{name} {mark}" for name, mark, _ in objects]
        key = hashlib.sha256("\n".join(parts).encode()).hexdigest()
        if self._containers.runs(key):
            return Package(key, image, environment, region, None, None)
        layers = {digest: blob(digest) for digest in image.layers}
        lost = [digest for digest, content in layers.items() if content is None]
        if lost:
            raise unfetched(f"Layers {lost} of image {image.digest} are not in the repository {reference.repository}.")
        contents = tuple(content for content in layers.values() if content is not None)
        artifacts = tuple((name, value()) for name, _, value in objects)
        return Package(key, image, environment, region, contents, artifacts)

    def _objects(self, container: dict[str, Any], url: str) -> list[Stored]:
        location = s3_location(url) or ("", "")
        found = provisions.fetch(self._inference.holdings, location, prefix=is_prefix(container, url))
        if not found:
            raise unfetched(
                f'Failed to download model data from URL: "{url}". Please ensure that there is an object located at '
                "the URL and that the role passed to CreateModel has permissions to download the object."
            )
        return found

    def predict(self, target: Target, call: Call) -> Answer:
        """The containers' answer to a request; one's answer is the next one's request (inference pipeline)."""
        content = call.environ.get("CONTENT_TYPE", "application/octet-stream")
        body = call.body
        answer = Answer(200, b"")
        for package in target.packages:
            answer = self._ask(package, target, call, content, body)
            body = answer.body
            content = next((value for name, value in answer.headers if name == "Content-Type"), content)
        return Answer(200, answer.body, [*answer.headers, ("x-Amzn-Invoked-Production-Variant", target.variant)])

    def _ask(self, package: Package, target: Target, call: Call, content: str, body: bytes) -> Answer:
        port = self._containers.port(package)
        headers = {"Content-Type": content, "Accept": call.environ.get("HTTP_ACCEPT", "*/*")}
        attributes = call.environ.get("HTTP_X_AMZN_SAGEMAKER_CUSTOM_ATTRIBUTES")
        if attributes:
            headers["X-Amzn-SageMaker-Custom-Attributes"] = attributes
        try:
            status, given, said = request(port, "POST", "/invocations", body, headers)
        except OSError as error:
            raise unfetched(f"The container of endpoint {target.endpoint} did not answer ({error}).") from error
        if status != http.HTTPStatus.OK:
            raise _model_error(target, status, said, self._inference.account)
        kept = ("content-type", "x-amzn-sagemaker-custom-attributes")
        return Answer(200, said, [(name.title(), value) for name, value in given if name.lower() in kept])

    def close(self) -> None:
        """Ends all containers."""
        self._containers.close()


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


def _model_error(target: Target, status: int, said: bytes, account: str) -> Refusal:
    text = said.decode("utf-8", "replace")
    kind = "client" if status < http.HTTPStatus.INTERNAL_SERVER_ERROR else "server"
    group = f"/aws/sagemaker/Endpoints/{target.endpoint}"
    logs = f"https://{target.region}.console.aws.amazon.com/cloudwatch/home?region={target.region}#logEventViewer"
    message = (
        f'Received {kind} error ({status}) from primary with message "{text}". See {logs}:group={group} in account '
        f"{account} for more information."
    )
    fields = {
        "OriginalStatusCode": status,
        "OriginalMessage": text,
        "LogStreamArn": f"arn:aws:logs:{target.region}:{account}:log-group:{group}",
    }
    return Refusal("ModelError", message, MODEL_ERROR, fields)
