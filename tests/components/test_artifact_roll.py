"""The program on the rehearsal's engine: a new artifact, with its object and its rights, rolls around the endpoint."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from users_environment import without_the_users

from rehearsal import account, environment

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "examples" / "decision-trees-sample"
ORDERED = ("BucketObjectv2", "RolePolicy", "Model", "EndpointConfiguration", "Endpoint")


class Rehearsed:
    """The bare engine on a copy of the project, with states and account of its own."""

    def __init__(self, folder: Path) -> None:
        self.project = folder / "project"
        self.home = folder / "home"
        self.project.mkdir()
        for name in ("Pulumi.yaml", "Pulumi.rehearsal.yaml", "__main__.py"):
            shutil.copy(ROOT / name, self.project / name)
        for name in (".venv", "examples"):
            (self.project / name).symlink_to(ROOT / name)
        self.environment = without_the_users() | {"REHEARSAL_HOME": str(self.home)}

    def call(self, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run it in the project; it has to succeed."""
        done = subprocess.run(
            command,
            cwd=self.project,
            env=self.environment | more,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done

    def pulumi(self, *args: str, **settings: object) -> list[tuple[str, str]]:
        """The steps, as (operation, type), in the order in which they began."""
        log = self.project / "events.jsonl"
        log.unlink(missing_ok=True)
        self.call(
            str(ROOT / "rehearsal" / "bin" / "pulumi"),
            *args,
            *("--stack", "rehearsal", "--parallel", "1", "--event-log", str(log)),
            HOLDFAST_SET=json.dumps(settings),
        )
        events: list[dict[str, Any]] = [json.loads(line) for line in log.read_text().splitlines()]
        steps = [each["resourcePreEvent"]["metadata"] for each in events if "resourcePreEvent" in each]
        return [(step["op"], step["type"].split(":")[-1]) for step in steps]


@pytest.fixture
def rehearsed(tmp_path: Path) -> Iterator[Rehearsed]:
    """With the sample's images pushed."""
    found = Rehearsed(tmp_path)
    found.call(str(ROOT / "rehearsal" / "bin" / "pulumi"), "stack", "init", "rehearsal")
    emulated = account.ensure(environment.DEFAULT_ACCOUNT, found.home)
    try:
        found.call(
            sys.executable,
            str(SAMPLE / "publish.py"),
            AWS_ENDPOINT_URL=emulated.url,
            AWS_REGION="us-east-1",
            AWS_ACCESS_KEY_ID="AKIAREHEARSAL0000000",
            AWS_SECRET_ACCESS_KEY="rehearsal",
            AWS_EC2_METADATA_DISABLED="true",
        )
        yield found
    finally:
        emulated.stop()


@pytest.mark.timeout(300)
def test_a_new_artifact_comes_before_the_model_and_the_old_one_goes_after_it(
    rehearsed: Rehearsed, artifact: Path
) -> None:
    """While the endpoint is on the old release, that release is whole; the guards agree."""
    rehearsed.pulumi("up", "--yes", "--skip-preview")
    rolled = rehearsed.pulumi("up", "--yes", "--skip-preview", artifact=str(artifact))

    steps = [step for step in rolled if step[0] in {"create-replacement", "update", "delete-replaced"}]
    assert steps == [
        *(("create-replacement", type_) for type_ in ORDERED[:-1]),
        ("update", "Endpoint"),
        *(("delete-replaced", type_) for type_ in reversed(ORDERED[:-1])),
    ]
