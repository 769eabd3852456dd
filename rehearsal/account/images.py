"""Reads images and artifacts out of the account and unpacks them as a model container would see them.

Sources: the OCI image specification (manifest, index, config, layers and their whiteouts); "Use Your Own Inference Code
with Hosting Services" (Developer Guide): `docker run <image> serve`, the artifact is unpacked to /opt/ml/model.
"""

from __future__ import annotations

import io
import json
import shutil
import sys
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rehearsal.account.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MODEL_ERROR = 424
_WHITEOUT, _OPAQUE = ".wh.", ".wh..wh..opq"


def unfetched(reason: str) -> Refusal:
    """`ModelError` (HTTP 424): the container of an endpoint can't be had, with the reason."""
    return Refusal("ModelError", reason, MODEL_ERROR, {"OriginalStatusCode": 0, "OriginalMessage": reason})


@dataclass(frozen=True)
class Image:
    """An image as it is run: digest of its manifest, digests of its layers, and its config's `config` member."""

    digest: str
    layers: tuple[str, ...]
    settings: dict[str, Any]


def read_image(repository: Any, held: Any, blob: Callable[[str], bytes | None]) -> Image:
    """The image that moto's `held` stands for; raises ModelError when its manifest, config or layers can't be read.

    Args:
        repository: moto's repository, in which an index's images are looked up.
        held: moto's image.
        blob: gives the bytes of a layer or config by digest, or None.

    """
    digest = held.get_image_digest()
    manifest = json.loads(held.get_image_manifest())
    if "manifests" in manifest:
        wanted = _platform(manifest["manifests"])
        for image in repository.images:
            if image.get_image_digest() == wanted:
                return read_image(repository, image, blob)
        raise unfetched(f"Image {digest} is an index without an image for linux/amd64 in its repository.")
    config = blob(manifest.get("config", {}).get("digest", ""))
    layers = tuple(layer["digest"] for layer in manifest["layers"])
    if config is None:
        raise unfetched(f"Image {digest} has no config in its repository: it was pushed without its layers.")
    return Image(digest, layers, json.loads(config).get("config") or {})


def _platform(entries: list[dict[str, Any]]) -> str | None:
    for entry in entries:
        platform = entry.get("platform") or {}
        if platform.get("os", "linux") == "linux" and platform.get("architecture", "amd64") == "amd64":
            return str(entry["digest"])
    return None


def unpack_layer(content: bytes, root: Path) -> None:
    """Unpacks one layer over what is there, with its whiteouts; nothing leaves `root`."""
    with _open(content, "a layer of the image") as tar:
        for member in tar:
            name = member.name.rpartition("/")[2]
            if not name.startswith(_WHITEOUT):
                _extract(tar, member, root)
                continue
            folder = _inside(root, member.name.rpartition("/")[0])
            for path in list(folder.iterdir()) if name == _OPAQUE else [folder / name.removeprefix(_WHITEOUT)]:
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)


def unpack_artifact(content: bytes, folder: Path) -> None:
    """Unpacks a model.tar.gz; raises ModelError when it isn't one, or when it would leave its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with _open(content, "the model artifact") as tar:
        for member in tar:
            _extract(tar, member, folder)


def _open(content: bytes, what: str) -> tarfile.TarFile:
    try:
        return tarfile.open(fileobj=io.BytesIO(content), mode="r:*")
    except tarfile.TarError as error:
        raise unfetched(f"Could not unpack {what}: {error}.") from error


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, root: Path) -> None:
    if not hasattr(tarfile, "data_filter"):
        raise unfetched("This Python can't unpack safely (PEP 706); 3.11.4 or later can.")
    try:
        tar.extract(member, root, filter="data")
    except tarfile.TarError as error:
        raise unfetched(f"Refused to unpack {member.name}: {error}.") from error


def _inside(root: Path, name: str) -> Path:
    folder = (root / name).resolve()
    if not folder.is_relative_to(root.resolve()):
        raise unfetched(f"Refused to unpack: {name} lies outside the image.")
    return folder


def command(image: Image, root: Path) -> list[str]:
    """What starts the image's server: its entry point with the argument `serve`, by this machine's Python.

    Only Python scripts of the image are run: there is no container, and nothing else of an image would work outside
    one.
    """
    entry = image.settings.get("Entrypoint") or []
    arguments = [*entry, "serve"] if entry else list(image.settings.get("Cmd") or [])
    for number, argument in enumerate(arguments[:2]):
        script = root / argument.lstrip("/")
        if argument.endswith(".py") and script.is_file():
            launcher = str(__file__).replace("images.py", "container.py")
            return [sys.executable, "-P", launcher, str(script), *arguments[number + 1 :]]
    raise unfetched(
        f"The entry point {arguments} of image {image.digest} is no Python script of the image; the emulated account "
        "runs nothing else, as it has no containers."
    )
