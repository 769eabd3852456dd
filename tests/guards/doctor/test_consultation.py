"""`holdfast doctor` as it is asked: what it answers to an endpoint or a stack that isn't there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from findings import exit_codes
from pipeline.doctor.consultation import Asked, consult
from pipeline.errors import PipelineError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose one stack is in the tenant's Region."""
    (tmp_path / "Pulumi.yaml").write_text("name: p\nruntime: python\n")
    (tmp_path / "Pulumi.production.yaml").write_text("config:\n  aws:region: eu-west-1\n")
    return tmp_path


def test_an_endpoint_that_is_not_there_is_told_with_those_that_are(project: Path, tenant: Any) -> None:
    """All of them, not just the ones asked for; its twin is examined."""
    with pytest.raises(PipelineError, match=rf"has no endpoint nope in eu-west-1.*\({tenant.endpoint}\)") as refused:
        consult(Asked("production", project, endpoints=["nope"]))

    assert refused.value.exit_code == exit_codes.BAD_INPUT
    assert consult(Asked("production", project, endpoints=[tenant.endpoint], checks=["definitions-are-there"])) == 0


def test_a_stack_without_settings_is_told_with_those_that_have_them(
    project: Path, monkeypatch: pytest.MonkeyPatch, tenant: Any
) -> None:
    """Unless something else says where to look: a stack needs no file of its own."""
    asked = Asked("prodcution", project, checks=["definitions-are-there"])
    assert consult(asked) == 0

    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(PipelineError, match=r"Pulumi\.prodcution\.yaml isn't in.*settings of: production"):
        consult(asked)
