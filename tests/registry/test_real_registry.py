"""Our client against Debian's docker-registry: without authentication, with basic and with token authentication."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import oci_images
import pytest
from oci_images import INDEX, image, index

from pipeline.registry import platforms
from pipeline.registry.errors import CredentialsError, ImageNotFoundError, PlatformError, UnreachableError
from pipeline.registry.trust import Credentials

if TYPE_CHECKING:
    from pathlib import Path

    from oci_images import Image
    from real_registry import RealRegistry

NAME = "team/model"
SCHEMES = {"none": "", "basic": "Basic", "bearer": "Bearer"}
that_wants_credentials = pytest.mark.parametrize("registry", ["basic", "bearer"], indirect=True)


def test_the_registry_says_how_it_wants_to_be_asked(registry: RealRegistry) -> None:
    assert registry.asked(None).challenge() == SCHEMES[registry.authentication]


def test_a_tag_has_the_digest_that_a_client_pushed(registry: RealRegistry, pushed: Image) -> None:
    found = registry.asked().manifest(NAME, "1")

    assert found.digest == pushed.digest
    assert registry.asked().manifest(NAME, pushed.digest) == found


def test_what_was_pushed_is_what_is_pulled(registry: RealRegistry, pushed: Image, oras: Any, tmp_path: Path) -> None:
    """By the digest that we resolved, with the other client."""
    digest = registry.asked().manifest(NAME, "1").digest

    assert oci_images.pull(oras, f"{registry.host}/{NAME}@{digest}", tmp_path) == pushed.blobs


def test_the_platform_is_read_from_the_configuration(registry: RealRegistry, pushed: Image) -> None:
    asked = registry.asked()
    manifest = asked.manifest(NAME, "1")

    assert platforms.for_instances(asked, NAME, manifest, "amd64") is manifest
    with pytest.raises(PlatformError, match=r"for linux/amd64, and the endpoint's instances run linux/arm64"):
        platforms.for_instances(asked, NAME, manifest, "arm64")


def test_of_a_list_the_instances_image_is_taken(registry: RealRegistry, oras: Any, tmp_path: Path) -> None:
    arm, intel = image("arm", architecture="arm64"), image("intel")
    for one in (arm, intel):
        oci_images.push(oras, registry.host, f"{NAME}:{one.architecture}", one, tmp_path)
    oci_images.push_manifest(oras, registry.host, f"{NAME}:both", index(arm, intel), INDEX)
    asked = registry.asked()
    found = asked.manifest(NAME, "both")

    assert found.is_index
    assert platforms.for_instances(asked, NAME, found, "arm64").digest == arm.digest
    assert platforms.for_instances(asked, NAME, found, "amd64").digest == intel.digest


def test_a_list_without_a_usable_platform_is_told(registry: RealRegistry, oras: Any, tmp_path: Path) -> None:
    windows = image("windows", system="windows")
    oci_images.push(oras, registry.host, f"{NAME}:w", windows, tmp_path)
    oci_images.push_manifest(oras, registry.host, f"{NAME}:list", index(windows, system="windows"), INDEX)
    asked = registry.asked()

    with pytest.raises(PlatformError, match="a list of images for windows/amd64; none is for linux/amd64"):
        platforms.for_instances(asked, NAME, asked.manifest(NAME, "list"), "amd64")


@pytest.mark.parametrize("named", ["9", f"sha256:{'0' * 64}"])
def test_an_image_that_there_is_not_is_told(registry: RealRegistry, named: str) -> None:
    with pytest.raises(ImageNotFoundError, match="has no such image"):
        registry.asked().manifest(NAME, named)


def test_the_registry_lets_the_user_in(registry: RealRegistry) -> None:
    registry.asked().log_in(NAME)


@that_wants_credentials
def test_wrong_credentials_are_told_without_being_shown(registry: RealRegistry) -> None:
    wrong = Credentials("robot", "not-the-password")
    with pytest.raises(CredentialsError, match="refuses") as caught:
        registry.asked(wrong).manifest(NAME, "1")

    assert "not-the-password" not in str(caught.value)
    assert wrong.basic.removeprefix("Basic ") not in str(caught.value)


@that_wants_credentials
def test_missing_credentials_are_told(registry: RealRegistry) -> None:
    with pytest.raises(CredentialsError, match="wants a user name and password, and none were given"):
        registry.asked(None).manifest(NAME, "1")


def test_a_registry_that_is_gone_is_not_knowable(registry: RealRegistry) -> None:
    """And it is the same registry when it comes back."""
    registry.stop()
    with pytest.raises(UnreachableError, match="can't be reached from here") as caught:
        registry.asked().challenge()

    assert not caught.value.knowable
    registry.start()
    assert registry.asked(None).challenge() == SCHEMES[registry.authentication]
