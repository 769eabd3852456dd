"""What the user chose is checked before anything runs, and each mistake is named."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from pipeline import choices
from pipeline.engine import engine_for
from pipeline.errors import PipelineError

if TYPE_CHECKING:
    from pathlib import Path


def test_values_that_are_json_are_taken_as_such_and_others_as_text() -> None:
    chosen = choices.settings(["ssmAccess=true", "instanceCount=2", "image=repo@sha256:0", "name=a=b"])

    assert chosen == {"ssmAccess": True, "instanceCount": 2, "image": "repo@sha256:0", "name": "a=b"}


@pytest.mark.parametrize("pair", ["instanceCount", "=2", ""])
def test_a_setting_without_key_or_value_is_refused(pair: str) -> None:
    with pytest.raises(PipelineError, match="key=value"):
        choices.settings([pair])


def test_a_folder_without_a_project_is_named(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r"no Pulumi\.yaml"):
        choices.project_folder(tmp_path)


def test_a_folder_that_is_no_pack_is_named(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r"no PulumiPolicy\.yaml"):
        choices.packs([tmp_path])


def test_exemptions_that_cannot_be_read_are_told_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file named from where the user stands is the same one for every process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOLDFAST_EXEMPTIONS", "mine.yaml")
    with pytest.raises(PipelineError, match=r"mine\.yaml, which HOLDFAST_EXEMPTIONS names, isn't there"):
        choices.exemptions(tmp_path / "project")

    (tmp_path / "mine.yaml").write_text("schema_version: 1\nexemptions: []\n")
    choices.exemptions(tmp_path / "project")
    assert os.environ["HOLDFAST_EXEMPTIONS"] == str(tmp_path / "mine.yaml")


def test_an_engine_that_there_is_not_is_refused() -> None:
    with pytest.raises(PipelineError, match="rehearsal, pulumi"):
        choices.engine("terraform")


def test_a_real_stack_never_runs_on_the_embedded_engine(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="is no rehearsal"), engine_for("production", "rehearsal", tmp_path):
        pass


def test_without_the_cli_a_real_stack_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(PipelineError, match="--install-pulumi"), engine_for("production", None, tmp_path):
        pass


def test_settings_that_people_write_without_quotation_marks_are_read(tmp_path: Path) -> None:
    """The Automation API's own reading fails on a number."""
    (tmp_path / "Pulumi.dev.yaml").write_text(
        "config:\n  holdfast:instanceCount: 2\n  holdfast:ssmAccess: true\n  a:b: text\n  c:d: {e: f}\n  x:y: [1]\n"
    )
    workspace = cast("Any", SimpleNamespace(work_dir=str(tmp_path)))

    assert choices.config_of(workspace, "dev") == {
        "holdfast:instanceCount": "2",
        "holdfast:ssmAccess": "True",
        "a:b": "text",
    }
    assert choices.config_of(workspace, "absent") == {}
