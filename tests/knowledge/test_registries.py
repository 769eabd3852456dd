"""Where a reference outside Amazon ECR points, and which platform an instance runs."""

import pytest

from knowledge.registries import architecture_of, parse_reference

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "registry", "api", "repository", "named"),
    [
        (f"registry.example.com/team/m@{DIGEST}", "registry.example.com", "registry.example.com", "team/m", DIGEST),
        ("registry.example.com:5000/m:1", "registry.example.com:5000", "registry.example.com:5000", "m", "1"),
        ("localhost/m", "localhost", "localhost", "m", "latest"),
        (f"r.example.com/m:1@{DIGEST}", "r.example.com", "r.example.com", "m", DIGEST),
        ("docker.io/team/m:1", "docker.io", "registry-1.docker.io", "team/m", "1"),
        ("index.docker.io/team/m", "docker.io", "registry-1.docker.io", "team/m", "latest"),
        ("team/m:1", "docker.io", "registry-1.docker.io", "team/m", "1"),
        ("python", "docker.io", "registry-1.docker.io", "library/python", "latest"),
    ],
)
def test_a_reference_leads_to_its_registry(text: str, registry: str, api: str, repository: str, named: str) -> None:
    found = parse_reference(text)

    assert (found.registry, found.api, found.repository, found.named) == (registry, api, repository, named)
    assert found.is_docker_hub is (registry == "docker.io")


@pytest.mark.parametrize(
    ("text", "pinned"),
    [
        ("r.example.com:5000/team/m:1", "r.example.com:5000/team/m"),
        (f"r.example.com/m:1@{DIGEST}", "r.example.com/m"),
        ("m", "m"),
    ],
)
def test_what_is_pinned_keeps_the_name_as_it_was_written(text: str, pinned: str) -> None:
    assert parse_reference(text).pinned("sha256:1") == f"{pinned}@sha256:1"


@pytest.mark.parametrize(
    ("instance", "architecture"),
    [
        ("ml.m5.large", "amd64"),
        ("ml.c7g.xlarge", "arm64"),
        ("ml.m6gd.large", "arm64"),
        ("ml.c6gn.large", "arm64"),
        ("ml.g5.xlarge", "amd64"),
        ("ml.p4d.24xlarge", "amd64"),
        ("ml.inf2.xlarge", "amd64"),
        ("ml.m7i-flex.large", "amd64"),
    ],
)
def test_graviton_is_arm(instance: str, architecture: str) -> None:
    """A `g` behind the generation's number; before it, the family has graphics processors."""
    assert architecture_of(instance) == architecture
