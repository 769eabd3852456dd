"""The tests' certificate authorities: one that stands for the public ones, one that stands for a company's own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import trustme

from pipeline.registry.trust import TrustStore

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Certificate:
    """Files of one certificate: chain and key."""

    chain: Path
    key: Path


class Authority:
    """A certificate authority with a trust store of its own name."""

    def __init__(self, name: str, folder: Path, *, public: bool) -> None:
        self._ca = trustme.CA(organization_name=name)
        self._folder = folder
        self.store_path = folder / f"{name}.pem"
        self._ca.cert_pem.write_to_path(str(self.store_path))
        self.store = TrustStore(name, self.store_path, public=public)
        self._count = 0

    def issue(self, *names: str, expired: bool = False) -> Certificate:
        """A certificate for `localhost`, or for other names."""
        until = datetime.now(UTC) - timedelta(days=1) if expired else None
        leaf = self._ca.issue_cert(*(names or ("localhost", "127.0.0.1")), not_after=until)
        self._count += 1
        base = self._folder / f"{self.store.name}-{self._count}"
        chain, key = base.with_suffix(".crt"), base.with_suffix(".key")
        chain.write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
        leaf.private_key_pem.write_to_path(str(key))
        return Certificate(chain, key)
