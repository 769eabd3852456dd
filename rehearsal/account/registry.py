"""ECR with real layers: what is pushed is kept, checked and can be pulled again, byte for byte.

Sources: CompleteLayerUpload, PutImage, GetDownloadUrlForLayer of the ECR API reference (checks and error codes); the
OCI image specification (a manifest names its config and layers by digest; an image's digest is the SHA-256 of its
manifest's bytes as they were pushed). The rest of ECR is moto's.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rehearsal.account.errors import Refusal

if TYPE_CHECKING:
    from rehearsal.account.calls import Answer, Call
    from rehearsal.account.gateway import Gateway

_OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_OCI_INDEX = "application/vnd.oci.image.index.v1+json"


def answer(gateway: Gateway, call: Call) -> Answer | None:
    """Does what moto's ECR lacks; None for a call that is left to moto as it is."""
    if call.service != "ecr":
        return None
    if call.action == "CompleteLayerUpload":
        return _complete_layer_upload(gateway, call)
    if call.action == "PutImage":
        return _put_image(gateway, call)
    if call.action == "GetDownloadUrlForLayer":
        return _download_url(gateway, call)
    return None


def layer(gateway: Gateway, region: str, repository: str, digest: str) -> bytes | None:
    """Bytes of a layer (or config) that was pushed to a repository; None if it wasn't."""
    held = _backend(gateway.account, region).repositories.get(repository)
    if held is None or digest not in held.layers:
        return None
    return gateway.journal.load({"blob": digest.removeprefix("sha256:")})


def _backend(account: str, region: str) -> Any:
    from moto.ecr.models import ecr_backends

    return ecr_backends[account][region]


def _repository(gateway: Gateway, call: Call) -> Any:
    name = call.parameters.get("repositoryName", "")
    registry = call.parameters.get("registryId") or gateway.account
    held = _backend(gateway.account, call.region).repositories.get(name) if registry == gateway.account else None
    if held is None:
        raise Refusal(
            "RepositoryNotFoundException",
            f"The repository with name '{name}' does not exist in the registry with id '{registry}'",
        )
    return held


def _complete_layer_upload(gateway: Gateway, call: Call) -> Answer:
    repository = _repository(gateway, call)
    upload = repository.uploads.get(call.parameters.get("uploadId"))
    if upload is not None:
        content = bytes(upload.layer_parts)
        where = f"repository with name '{repository.name}' in registry with id '{gateway.account}'"
        if not content:
            raise Refusal("EmptyUploadException", f"The upload {upload.upload_id} in the {where} has no parts")
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        wanted = call.parameters.get("layerDigests") or []
        if wanted != [digest]:
            raise Refusal(
                "InvalidLayerException",
                f"The layer has digest '{digest}', not '{', '.join(map(str, wanted))}', in the {where}",
            )
        if digest in repository.layers:
            raise Refusal(
                "LayerAlreadyExistsException", f"The layer with digest '{digest}' already exists in the {where}"
            )
        gateway.journal.store_blob(content)
    return gateway.ask_moto(call)


def _put_image(gateway: Gateway, call: Call) -> Answer:
    repository = _repository(gateway, call)
    text = str(call.parameters.get("imageManifest", ""))
    manifest = _manifest(text)
    _check_references(gateway, repository, manifest)
    digest = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    given = call.parameters.get("imageDigest")
    if given and given != digest:
        raise Refusal(
            "ImageDigestDoesNotMatchException",
            f"The image has digest '{digest}', not '{given}', as its manifest was sent",
        )
    tag = call.parameters.get("imageTag")
    if tag is None and any(image.get_image_digest() == digest for image in repository.images):
        raise Refusal(
            "ImageAlreadyExistsException",
            f"Image with digest '{digest}' and tag 'null' already exists in the repository with name "
            f"'{repository.name}' in registry with id '{gateway.account}'",
        )
    media_type = call.parameters.get("imageManifestMediaType") or manifest.get("mediaType")
    parameters = {**call.parameters, "imageDigest": digest}
    parameters["imageManifestMediaType"] = media_type or (_OCI_INDEX if "manifests" in manifest else _OCI_MANIFEST)
    return gateway.ask_moto(replace(call, parameters=parameters, body=json.dumps(parameters).encode()))


def _manifest(text: str) -> dict[str, Any]:
    try:
        manifest = json.loads(text)
    except ValueError as error:
        raise Refusal(
            "InvalidParameterException",
            "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'",
        ) from error
    if not isinstance(manifest, dict) or not ("layers" in manifest or "manifests" in manifest):
        raise Refusal(
            "InvalidParameterException",
            "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid manifest: no layers'",
        )
    return manifest


def _check_references(gateway: Gateway, repository: Any, manifest: dict[str, Any]) -> None:
    where = f"repository with name '{repository.name}' in the registry with id '{gateway.account}'"
    try:
        entries = [*([manifest["config"]] if "config" in manifest else []), *manifest.get("layers", [])]
        needed = [entry["digest"] for entry in entries]
        referenced = [entry["digest"] for entry in manifest.get("manifests", [])]
    except (KeyError, TypeError) as error:
        raise Refusal(
            "InvalidParameterException",
            f"Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid manifest: {error}'",
        ) from error
    missing = [digest for digest in needed if digest not in repository.layers]
    if missing:
        raise Refusal(
            "LayersNotFoundException",
            f"Layers with digests '{missing}' required for pushing image into {where} do not exist",
        )
    held = {image.get_image_digest() for image in repository.images}
    absent = [digest for digest in referenced if digest not in held]
    if absent:
        raise Refusal(
            "ReferencedImagesNotFoundException",
            f"Images with digests '{absent}' required for pushing image into {where} do not exist",
        )


def _download_url(gateway: Gateway, call: Call) -> Answer:
    from rehearsal.account.calls import json_answer

    repository = _repository(gateway, call)
    digest = str(call.parameters.get("layerDigest", ""))
    if digest not in repository.layers:
        raise Refusal(
            "LayersNotFoundException",
            f"The layer with digest '{digest}' does not exist in the repository with name '{repository.name}' in "
            f"registry with id '{gateway.account}'",
        )
    url = f"http://{call.environ.get('HTTP_HOST')}/_rehearsal/layers/{call.region}/{repository.name}/{digest}"
    return json_answer({"downloadUrl": url, "layerDigest": digest})
