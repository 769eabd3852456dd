"""Registries other than Amazon ECR: where a reference points, and which platform an image has to be for.

Sources: "Use a Private Docker Registry for Real-Time Inference Containers" (SageMaker Developer Guide,
your-algorithms-containers-inference-private); the OCI distribution and image specifications (references, media types,
platforms); Docker Hub's own rules for short names ("docker pull", reference documentation).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from knowledge.arns import parse_image

DOCKER_HUB = "docker.io"
DOCKER_HUB_API = "registry-1.docker.io"
_DOCKER_HUB_NAMES = frozenset({DOCKER_HUB, "index.docker.io", DOCKER_HUB_API})

INDEX_TYPES = frozenset(
    {"application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"}
)
"""Media types of a list of manifests, one for each platform."""
MANIFEST_TYPES = frozenset(
    {"application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"}
)
"""Media types of one image."""

RUNS_ON = "linux"
_FAMILY = re.compile(r"^ml\.[a-z]+\d+(?P<suffix>[a-z]*)(?:-[a-z0-9]+)?\.")


@dataclass(frozen=True)
class Reference:
    """An image outside Amazon ECR: registry, repository in it, tag and digest ("" where it has none)."""

    text: str
    registry: str
    """Host, and port where one is given: `registry.example.com:5000`; Docker Hub is `docker.io`."""
    repository: str
    """`team/model`; on Docker Hub short names lie under `library/`."""
    tag: str
    digest: str

    @property
    def api(self) -> str:
        """The host (and port) where the registry's API answers."""
        return DOCKER_HUB_API if self.is_docker_hub else self.registry

    @property
    def is_docker_hub(self) -> bool:
        """Whether it lies on the public Docker Hub."""
        return self.registry == DOCKER_HUB

    @property
    def named(self) -> str:
        """What the registry is asked for: the digest, else the tag, else `latest`."""
        return self.digest or self.tag or "latest"

    def pinned(self, digest: str) -> str:
        """The same image by digest, with registry and repository written as they were given."""
        return f"{without_version(self.text)}@{digest}"


def parse_reference(text: str) -> Reference:
    """
    Take a reference to a registry other than Amazon ECR apart.

    The first part is the registry when it has a dot or a port or is `localhost`; else it is Docker Hub's.
    """
    image = parse_image(text)
    first, slash, rest = image.repository.partition("/")
    if slash and (first == "localhost" or re.search(r"[.:]", first)):
        registry, repository = first, rest
    else:
        registry, repository = DOCKER_HUB, image.repository
    if registry in _DOCKER_HUB_NAMES:
        registry, repository = DOCKER_HUB, repository if "/" in repository else f"library/{repository}"
    return Reference(text, registry, repository, image.tag, image.digest)


def without_version(text: str) -> str:
    """A reference without its tag and its digest."""
    return re.sub(r"(:[^:/@]+)?(@.+)?$", "", text)


def architecture_of(instance_type: str) -> str:
    """
    The architecture that a hosting instance runs: `arm64` for Graviton, else `amd64`.

    In EC2's naming a `g` behind the generation's number means Graviton (EC2 User Guide, "Instance type naming").
    """
    found = _FAMILY.match(instance_type)
    return "arm64" if found and "g" in found["suffix"] else "amd64"
