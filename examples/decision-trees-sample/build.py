"""
Pack the sample: build/model.tar.gz, and the OCI image layouts build/image-1 and build/image-2.

Standard library only. The bytes are the same on every machine, so that the digests can be written down: times and
owners are zero, layers are plain tar, and the one gzip stream is stored without compressing, which no version of zlib
can do differently. OCI image specification: https://github.com/opencontainers/image-spec/blob/main/spec.md
"""

import hashlib
import io
import json
import os
import struct
import sys
import tarfile
import zlib
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
VERSIONS = ("1", "2")
PROGRAM = "opt/program"

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"
_EPOCH = "1970-01-01T00:00:00Z"
_LARGEST_STORED_BLOCK = 0xFFFF


def tar(files: dict[str, bytes]) -> bytes:
    """An uncompressed archive of the files and the folders above them, in the order of their names."""
    folders = {str(parent) for name in files for parent in Path(name).parents if str(parent) != "."}
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as out:
        for name in sorted(folders | files.keys()):
            member = tarfile.TarInfo(name)
            if name in files:
                member.size = len(files[name])
                member.mode = 0o644
                out.addfile(member, io.BytesIO(files[name]))
            else:
                member.type = tarfile.DIRTYPE
                member.mode = 0o755
                out.addfile(member)
    return archive.getvalue()


def gzip_stored(content: bytes) -> bytes:
    """The content as a gzip stream (RFC 1952) of stored blocks (RFC 1951, 3.2.4), without name and time."""
    blocks = [content[at : at + _LARGEST_STORED_BLOCK] for at in range(0, len(content), _LARGEST_STORED_BLOCK)] or [b""]
    stored = b"".join(
        struct.pack("<BHH", number == len(blocks), len(block), len(block) ^ _LARGEST_STORED_BLOCK) + block
        for number, block in enumerate(blocks, start=1)
    )
    header = b"\x1f\x8b\x08\x00" + bytes(4) + b"\x00\xff"
    return header + stored + struct.pack("<II", zlib.crc32(content), len(content) & 0xFFFFFFFF)


def model_artifact() -> bytes:
    """SageMaker's model.tar.gz: the tree, and the inference code below code/."""
    return gzip_stored(
        tar(
            {
                "tree.json": (HERE / "tree.json").read_bytes(),
                "code/inference.py": (HERE / "model/code/inference.py").read_bytes(),
            }
        )
    )


def write_image(version: str, layout: Path) -> str:
    """Write the image of that version as an OCI image layout; returns its digest, `sha256:...`."""
    layers = [
        _blob(layout, tar({f"{PROGRAM}/serve.py": (HERE / "image/serve.py").read_bytes()}), _LAYER),
        _blob(
            layout, tar({f"{PROGRAM}/answer.py": (HERE / f"image/versions/{version}/answer.py").read_bytes()}), _LAYER
        ),
    ]
    config = {
        "created": _EPOCH,
        "architecture": "amd64",
        "os": "linux",
        "config": {
            "Entrypoint": ["python3", f"/{PROGRAM}/serve.py"],
            "Env": ["PATH=/usr/local/bin:/usr/bin:/bin", "PYTHONUNBUFFERED=1"],
            "ExposedPorts": {"8080/tcp": {}},
            "Labels": {
                "com.amazonaws.sagemaker.capabilities.accept-bind-to-port": "true",
                "org.opencontainers.image.title": "decision-trees-sample",
                "org.opencontainers.image.version": version,
            },
            "WorkingDir": f"/{PROGRAM}",
        },
        # Uncompressed layers: what a layer unpacks to has the digest of the layer itself.
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"] for layer in layers]},
        "history": [
            {"created": _EPOCH, "created_by": "the serving program"},
            {"created": _EPOCH, "created_by": f"the answer of version {version}"},
        ],
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": _blob(layout, _json(config), _CONFIG),
        "layers": layers,
    }
    descriptor = _blob(layout, _json(manifest), _MANIFEST)
    descriptor["annotations"] = {"org.opencontainers.image.ref.name": version}
    _write(layout / "oci-layout", _json({"imageLayoutVersion": "1.0.0"}))
    _write(layout / "index.json", _json({"schemaVersion": 2, "manifests": [descriptor]}))
    return descriptor["digest"]


def _blob(layout: Path, content: bytes, media_type: str) -> dict[str, Any]:
    """Put the content where a layout keeps its blobs; returns its descriptor."""
    digest = hashlib.sha256(content).hexdigest()
    _write(layout / "blobs" / "sha256" / digest, content)
    return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content)}


def _write(path: Path, content: bytes) -> None:
    """Write the file unless it says the same already; somebody who reads it meanwhile never sees half of it."""
    if path.is_file() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.write_bytes(content)
    unfinished.replace(path)


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode("utf-8")


def build(into: Path) -> dict[str, str]:
    """Write artifact and images below `into`; returns what was written and its digest, `sha256:...`."""
    artifact = model_artifact()
    _write(into / "model.tar.gz", artifact)
    digests = {"model.tar.gz": f"sha256:{hashlib.sha256(artifact).hexdigest()}"}
    for version in VERSIONS:
        digests[f"image-{version}"] = write_image(version, into / f"image-{version}")
    return digests


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "build"
    for name, digest in build(target).items():
        print(f"{target / name}  {digest}")
