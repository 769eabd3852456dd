"""What `--apply` writes into the settings: all of it or nothing, and variables only where the settings take them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from answers import benchmark, result

from pipeline.errors import PipelineError
from pipeline.recommend import applying, results, showing
from pipeline.stack_file import StackFile

if TYPE_CHECKING:
    from pathlib import Path

RESULT = result(benchmark("ml.c5.large", 1e-6, 20, variables={"WORKERS": "2"}))
ARN = "arn:aws:sagemaker:us-east-1:111122223333:model-package/decision-trees/1"


def applied(folder: Path, settings: str) -> tuple[dict[str, Any], str]:
    """The settings afterwards, and what is said of the variables."""
    file = StackFile(folder, "production")
    file.path.write_text(f"config:\n  holdfast:instanceType: ml.m5.large\n{settings}")
    chosen = results.choose(RESULT, "cheapest")
    implied = applying.implied(
        {name: file.setting(name) for name in ("modelPackage", "modelVersion")}, chosen, file.path.name
    )
    applying.apply(file, RESULT, chosen)
    return yaml.safe_load(file.path.read_text())["config"], implied


def test_variables_are_added_to_those_that_are_there(tmp_path: Path) -> None:
    written, implied = applied(tmp_path, "  holdfast:environment:\n    LOG: debug\n")

    assert written["holdfast:environment"] == {"LOG": "debug", "WORKERS": "2"}
    assert implied == ""


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (f"  holdfast:modelPackage: {ARN}\n", "modelPackage says what is deployed"),
        ("  holdfast:modelVersion:\n    containers: [{image: a}]\n", "modelVersion.containers says what is registered"),
    ],
)
def test_variables_are_not_written_where_the_settings_would_contradict(
    tmp_path: Path, settings: str, says: str
) -> None:
    """The next preview would refuse the file."""
    written, implied = applied(tmp_path, settings)

    assert "holdfast:environment" not in written
    assert written["holdfast:instanceType"] == "ml.c5.large"
    assert implied.startswith("Its variables (WORKERS=2) are not written")
    assert says in implied


def test_that_variables_make_a_new_version_is_said(tmp_path: Path) -> None:
    assert "registers a new one" in applied(tmp_path, "  holdfast:modelVersion:\n    description: x\n")[1]


def test_when_one_setting_cannot_be_written_none_is(tmp_path: Path) -> None:
    settings = "  holdfast:environment: {LOG: debug}   # in a form that isn't edited\n"
    with pytest.raises(PipelineError, match="write it there by hand"):
        applied(tmp_path, settings)

    assert (tmp_path / "Pulumi.production.yaml").read_text().endswith(f"ml.m5.large\n{settings}")


def test_settings_are_said_as_they_are_written() -> None:
    said = showing.setting({"WORKERS": "2", "simulated": True}), showing.setting(None)

    assert said == ("{WORKERS: 2, simulated: true}", "unset")
