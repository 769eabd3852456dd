"""A snapshot: all resources of a stack in an order in which each comes after what it needs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rehearsal.version import ENGINE_VERSION

if TYPE_CHECKING:
    from rehearsal.state.resource import PendingOperation, ResourceState

__all__ = ["ENGINE_VERSION", "Manifest", "Snapshot", "now"]


def now() -> str:
    """The present moment as state writes it: RFC 3339 in UTC."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


@dataclass
class Manifest:
    """Who wrote a snapshot and when. `magic` is the SHA-256 of the version, by which tampering shows."""

    time: str = ""
    version: str = ""
    magic: str | None = None
    plugins: list[dict[str, Any]] = field(default_factory=list)

    def expected_magic(self) -> str:
        """The magic that fits the version; empty for no version."""
        return hashlib.sha256(self.version.encode()).hexdigest() if self.version else ""


@dataclass
class Snapshot:
    """The state of a stack. `metadata` is carried along unread."""

    resources: list[ResourceState] = field(default_factory=list)
    pending_operations: list[PendingOperation] = field(default_factory=list)
    manifest: Manifest = field(default_factory=Manifest)
    metadata: dict[str, Any] = field(default_factory=dict)

    def stack_resource(self) -> ResourceState | None:
        """The root resource, whose outputs are the stack's; None before the first `up`."""
        for resource in self.resources:
            if resource.type == "pulumi:pulumi:Stack" and not resource.delete:
                return resource
        return None
