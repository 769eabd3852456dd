"""Which image of a tag is the one that an endpoint's instances run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from knowledge.registries import RUNS_ON
from pipeline.registry.errors import PlatformError

if TYPE_CHECKING:
    from pipeline.registry.client import Manifest, Registry


@dataclass(frozen=True)
class Platform:
    """As in `linux/amd64`."""

    system: str
    architecture: str

    def __str__(self) -> str:
        return f"{self.system or '?'}/{self.architecture or '?'}"


def of_configuration(configuration: dict[str, Any]) -> Platform:
    """What an image's configuration says of itself."""
    return Platform(str(configuration.get("os") or ""), str(configuration.get("architecture") or ""))


def for_instances(registry: Registry, repository: str, manifest: Manifest, architecture: str) -> Manifest:
    """
    The one image that instances of `architecture` run: the manifest itself, or the one that an index has for it.

    Raises:
        PlatformError: there is none.
        RegistryError: the registry doesn't give what has to be looked at.

    """
    wanted = Platform(RUNS_ON, architecture)
    if not manifest.is_index:
        found = of_configuration(registry.configuration(repository, manifest))
        if found != wanted:
            raise PlatformError(
                f"{registry.host} has {repository}@{manifest.digest} for {found}, and the endpoint's instances run "
                f"{wanted}. Push an image for {wanted}, or choose another instance type."
            )
        return manifest
    digest = choose(manifest.document, architecture)
    if digest is None:
        listed = ", ".join(map(str, listed_platforms(manifest.document))) or "nothing"
        raise PlatformError(
            f"{registry.host} has {repository}@{manifest.digest} as a list of images for {listed}; none is for "
            f"{wanted}, which the endpoint's instances run. Push one for {wanted}, or choose another instance type."
        )
    return for_instances(registry, repository, registry.manifest(repository, digest), architecture)


def listed_platforms(index: dict[str, Any]) -> list[Platform]:
    """The platforms that an index names; attestations, which builders list beside images, name `unknown`."""
    platforms = [entry.get("platform") or {} for entry in _entries(index)]
    return [Platform(str(one.get("os") or ""), str(one.get("architecture") or "")) for one in platforms]


def choose(index: dict[str, Any], architecture: str) -> str | None:
    """Digest of the index's image for linux and an architecture; None when it has none."""
    for entry, platform in zip(_entries(index), listed_platforms(index), strict=True):
        if platform == Platform(RUNS_ON, architecture) and isinstance(entry.get("digest"), str):
            return str(entry["digest"])
    return None


def _entries(index: dict[str, Any]) -> list[dict[str, Any]]:
    entries = index.get("manifests")
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
