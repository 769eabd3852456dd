"""Small OCI images, and oras (a well-kept client of registries) to push and to pull them."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import oras.client

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@dataclass(frozen=True)
class Image:
    """One image for one platform: its manifest's bytes and its blobs by digest."""

    manifest: bytes
    blobs: dict[str, bytes]
    architecture: str

    @property
    def digest(self) -> str:
        return digest_of(self.manifest)


def image(word: str = "hello", *, architecture: str = "amd64", system: str = "linux") -> Image:
    """An image with one file whose content is `word`."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        entry = tarfile.TarInfo("word.txt")
        entry.size = len(word)
        tar.addfile(entry, io.BytesIO(word.encode()))
    content = layer.getvalue()
    config = json.dumps(
        {
            "architecture": architecture,
            "os": system,
            "config": {"Entrypoint": ["/serve"]},
            "rootfs": {"type": "layers", "diff_ids": [digest_of(content)]},
        }
    ).encode()
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, "digest": digest_of(config), "size": len(config)},
            "layers": [{"mediaType": LAYER, "digest": digest_of(content), "size": len(content)}],
        }
    ).encode()
    return Image(manifest, {digest_of(config): config, digest_of(content): content}, architecture)


def index(*images: Image, system: str = "linux") -> bytes:
    """A list of images by platform."""
    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": INDEX,
            "manifests": [
                {
                    "mediaType": MANIFEST,
                    "digest": one.digest,
                    "size": len(one.manifest),
                    "platform": {"os": system, "architecture": one.architecture},
                }
                for one in images
            ],
        }
    ).encode()


def client(host: str, ca: Path, auth: str, user: tuple[str, str] | None) -> Any:
    """oras for a registry; `auth` is `basic` or `token`."""
    made = oras.client.OrasClient(hostname=host, tls_verify=str(ca), auth_backend=auth)
    if user is not None:
        made.auth.set_basic_auth(*user)
    return made


def push(oras_client: Any, host: str, name: str, one: Image, folder: Path) -> str:
    """Push an image under `name` (`team/model:tag`); its digest."""
    container = oras_client.get_container(f"{host}/{name}")
    for digest, content in one.blobs.items():
        path = folder / digest.removeprefix("sha256:")
        path.write_bytes(content)
        answer = oras_client.upload_blob(str(path), container, {"digest": digest, "size": len(content)})
        assert answer.status_code in (200, 201), answer.text
    return push_manifest(oras_client, host, name, one.manifest, MANIFEST)


def push_manifest(oras_client: Any, host: str, name: str, content: bytes, media_type: str) -> str:
    """Push the bytes of a manifest or index under `name`; its digest."""
    repository, _, tag = name.rpartition(":")
    url = f"https://{host}/v2/{repository}/manifests/{tag}"
    answer = oras_client.do_request(url, "PUT", data=content, headers={"Content-Type": media_type})
    assert answer.status_code == 201, answer.text
    return digest_of(content)


def pull(oras_client: Any, reference: str, folder: Path) -> dict[str, bytes]:
    """Pull an image by its reference: its blobs by digest."""
    manifest = oras_client.get_manifest(reference, allowed_media_type=[MANIFEST])
    blobs = {}
    for entry in [manifest["config"], *manifest["layers"]]:
        path = folder / "pulled"
        oras_client.download_blob(reference, entry["digest"], str(path))
        blobs[entry["digest"]] = path.read_bytes()
    return blobs
