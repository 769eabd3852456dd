"""Registries for the tests: real ones, one for each way of authentication, and what was pushed to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import oci_images
import pytest
from certificates import Authority
from real_registry import RealRegistry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REPOSITORY = "team/model"


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Stands for a public certificate authority: the trust store `tests`."""
    return Authority("tests", tmp_path_factory.mktemp("authority"), public=True)


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A company's own authority, which nobody outside trusts."""
    return Authority("company", tmp_path_factory.mktemp("company"), public=False)


@pytest.fixture(scope="module", params=["none", "basic", "bearer"])
def registry(
    request: pytest.FixtureRequest, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealRegistry]:
    """A real registry of each way of authentication."""
    made = RealRegistry(tmp_path_factory.mktemp("registry"), authority, request.param)
    try:
        yield made.start()
    finally:
        made.close()


@pytest.fixture
def oras(registry: RealRegistry) -> Any:
    """The well-kept client, signed in."""
    auth = "token" if registry.authentication == "bearer" else "basic"
    user = None if registry.authentication == "none" else registry.user
    return oci_images.client(registry.host, registry.authority.store_path, auth, user)


@pytest.fixture
def pushed(registry: RealRegistry, oras: Any, tmp_path: Path) -> oci_images.Image:
    """An image for linux/amd64, pushed as team/model:1."""
    one = oci_images.image()
    oci_images.push(oras, registry.host, f"{REPOSITORY}:1", one, tmp_path)
    return one
