"""The sample's scripts as modules, and its server as a process."""

import json
import os
import select
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from sample_scripts import load


@pytest.fixture(scope="session")
def build() -> ModuleType:
    """examples/decision-trees-sample/build.py."""
    return load("build")


@pytest.fixture(scope="session")
def built(build: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the packed artifact and both image layouts."""
    into = tmp_path_factory.mktemp("built")
    build.build(into)
    return into


@pytest.fixture(scope="session")
def serving(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """Start the server of an image version with the packed artifact; answers with its address."""
    processes = []
    addresses: dict[str, str] = {}

    def start(version: str) -> str:
        if version in addresses:
            return addresses[version]
        base = tmp_path_factory.mktemp(f"opt-ml-{version}")
        rootfs = unpack_image(built / f"image-{version}", tmp_path_factory.mktemp(f"rootfs-{version}"))
        with tarfile.open(built / "model.tar.gz") as archive:
            archive.extractall(base / "model", filter="data")
        process = subprocess.Popen(
            [sys.executable, str(rootfs / "opt/program/serve.py")],
            env=os.environ | {"OPT_ML": str(base), "SAGEMAKER_BIND_TO_PORT": "0"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        processes.append(process)
        ready, _, _ = select.select([process.stdout], [], [], 20)

        assert ready, "the server said nothing for 20 s"
        addresses[version] = f"http://127.0.0.1:{process.stdout.readline().split()[-1]}"
        return addresses[version]

    yield start
    for process in processes:
        process.terminate()
        process.wait(timeout=10)
        process.stdout.close()


def unpack_image(layout: Path, into: Path) -> Path:
    """What a container of that image has for its file system: the layers, one over the other."""

    def blob(digest: str) -> Path:
        return layout / "blobs" / "sha256" / digest.removeprefix("sha256:")

    index = json.loads((layout / "index.json").read_text())
    for layer in json.loads(blob(index["manifests"][0]["digest"]).read_text())["layers"]:
        with tarfile.open(blob(layer["digest"]), "r:") as archive:
            archive.extractall(into, filter="data")
    return into
