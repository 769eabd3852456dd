"""A tag in a private Docker registry or on Docker Hub: the digest that it has now, by the registry's own API."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from knowledge.registries import parse_reference
from pipeline.registry import platforms
from pipeline.registry.client import Registry
from pipeline.resolve.resolver import Resolved, Resolver

if TYPE_CHECKING:
    from pipeline.resolve.resolver import Asking

_FORM = re.compile(r"[^\s:@]+(:\d+/[^\s:@]+)?(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?")


def resolve(text: str, asking: Asking) -> Resolved:
    """The digest of the image for the stack's instances; of an index, the one that it lists for them."""
    reference = parse_reference(text)
    registry = Registry(
        reference.api,
        trust=asking.trust,
        credentials=asking.credentials(),
        loopback_only=asking.loopback_only,
    )
    found = registry.manifest(reference.repository, reference.named)
    chosen = platforms.for_instances(registry, reference.repository, found, asking.architecture)
    said = f"{reference.registry}, its certificate verified by {asking.trust.name}"
    if chosen is not found:
        said += f"; for linux/{asking.architecture} of its list {found.digest}"
    return Resolved("image", reference.pinned(chosen.digest), said)


resolver = Resolver(
    form="<registry>/<repository>:<tag>, of a registry that speaks the Docker Registry HTTP API V2, or of Docker Hub",
    takes=lambda text: _FORM.fullmatch(text) is not None,
    resolve=resolve,
)
