"""The packs on the real Pulumi engine: a deliberately bad program trips every rule, and all four outcomes are seen."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from policies.everything.pack import LEVELS
from policies.rules import RULES

HERE = Path(__file__).parent
PACKS = HERE.parents[1] / "policies"
Preview = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = [pytest.mark.pulumi_cli]

LATER = "2999-12-31T18:00:00+01:00"


@pytest.fixture(scope="module")
def preview(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Preview]:
    """`preview(pack, STAGE=...)` of the bad program, with the stand-in provider attached."""
    work = tmp_path_factory.mktemp("packs")
    project = work / "project"
    shutil.copytree(HERE / "programs" / "everything_wrong", project)
    (work / "state").mkdir()
    command = [sys.executable, str(HERE / "stand_in_provider.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as provider:
        assert provider.stdout is not None
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("PULUMI_", "HOLDFAST_"))},
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PULUMI_BACKEND_URL": f"file://{work / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_HOME": str(work / "home"),
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_DEBUG_PROVIDERS": f"aws:{int(provider.stdout.readline())}",
        }

        def pulumi(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                ["pulumi", *arguments, "--non-interactive"],
                cwd=project,
                env={**environment, **more},
                capture_output=True,
                text=True,
                check=False,
            )

        assert pulumi("stack", "init", "test").returncode == 0
        yield lambda pack, **more: pulumi("preview", "--policy-pack", str(PACKS / pack), **more)
        provider.kill()


def test_a_deliberately_bad_program_trips_every_rule(preview: Preview) -> None:
    """A rule that stays silent here would stay silent in production, but for those that are off unless configured."""
    done = preview("everything")

    silent = {rule.name for rule in RULES if f"]  {rule.name}  (" not in done.stdout}
    assert silent == {name for name, level in LEVELS.items() if level == "disabled"}
    assert done.returncode != 0
    assert "Path of use: Key unguarded <- EndpointConfiguration scoring (kmsKeyArn) <- Endpoint scoring" in done.stdout
    assert "Resources:" not in done.stdout or "[mandatory]" in done.stdout


@pytest.mark.parametrize("until", ["", "2020-01-01T00:00:00Z", "2999-12-31T18:00:00"])
def test_a_development_endpoint_without_an_end_to_come_is_refused(preview: Preview, until: str) -> None:
    done = preview("container_access", STAGE="development", UNTIL=until)

    assert done.returncode != 0
    assert "[mandatory] [severity: high]  ssm-access-has-an-end-date" in done.stdout


def test_what_is_undecided_is_seen_in_a_preview_that_goes_on(preview: Preview) -> None:
    """Advisory, with our words: not a silent pass."""
    done = preview("container_access", STAGE="", UNTIL=LATER)

    assert done.returncode == 0
    assert "[advisory] [severity: high]  production-variants-have-no-ssm-access" in done.stdout
    assert "undecided: EndpointConfiguration scoring: productionVariants[0].enableSsmAccess is true" in done.stdout


def test_what_is_exempted_is_seen_in_a_preview_that_goes_on(preview: Preview, tmp_path: Path) -> None:
    """With who answers for it and until when; without the exemption the same preview fails."""
    exemptions = tmp_path / "exemptions.yaml"
    exemptions.write_text(
        "schema_version: 1\nexemptions:\n  - rule: production-variants-have-no-ssm-access\n    resource: scoring\n"
        "    reason: debugging\n    owner: ml-platform\n    expires: 2999-12-31\n",
        encoding="utf-8",
    )

    refused = preview("container_access", UNTIL=LATER)
    exempted = preview("container_access", UNTIL=LATER, HOLDFAST_EXEMPTIONS=str(exemptions))

    assert refused.returncode != 0
    assert exempted.returncode == 0
    assert "[advisory] [severity: low]  resource-exemptions-in-force" in exempted.stdout
    assert "Exempted: debugging (owner: ml-platform, until 2999-12-31)" in exempted.stdout


def test_a_development_endpoint_passes(preview: Preview) -> None:
    """The pack says so with a tick and nothing else."""
    done = preview("container_access", STAGE="development", UNTIL=LATER)

    assert done.returncode == 0
    assert "✅ holdfast-container-access@v0.1.0" in done.stdout
