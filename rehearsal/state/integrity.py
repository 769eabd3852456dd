"""Whether a snapshot can be worked with: what `pulumi stack import` would refuse is refused here too.

Source: pulumi/pulumi, pkg/resource/deploy/snapshot.go (VerifyIntegrity).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rehearsal import urns
from rehearsal.errors import StateError

if TYPE_CHECKING:
    from rehearsal.state.resource import ResourceState
    from rehearsal.state.snapshot import Snapshot


def verify(snapshot: Snapshot) -> None:
    """Raise StateError at the first thing that doesn't hold."""
    manifest = snapshot.manifest
    if manifest.magic is not None and manifest.magic != manifest.expected_magic():
        raise StateError(
            "the state's magic doesn't fit its version: the file was edited or damaged; import a good copy of it"
        )
    seen: set[str] = set()
    providers: set[str] = set()
    for resource in snapshot.resources:
        _verify_resource(resource, seen, providers)
        seen.add(resource.urn)
    kept = Counter(r.urn for r in snapshot.resources if not r.delete)
    for urn, count in kept.items():
        if count > 1:
            raise StateError(f"the state holds {urn} {count} times", urn=urn)


def _verify_resource(resource: ResourceState, seen: set[str], providers: set[str]) -> None:
    urn = resource.urn
    if resource.id and not resource.custom:
        raise StateError(f"the component {urn} has an id in the state", urn=urn)
    if urns.is_provider_type(resource.type):
        if not resource.id:
            raise StateError(f"the provider {urn} has no id in the state", urn=urn)
        providers.add(urns.provider_reference(urn, resource.id))
    if resource.provider and resource.provider not in providers and not resource.pending_replacement:
        raise StateError(
            f"{urn} refers to the provider {resource.provider}, which isn't before it in the state", urn=urn
        )
    for needed in resource.all_dependencies():
        if needed not in seen:
            raise StateError(f"{urn} needs {needed}, which isn't before it in the state", urn=urn)
