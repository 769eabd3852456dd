"""An account with an image, an artifact and a group in it, and the commands as a person gives them."""

from __future__ import annotations

import itertools
import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
import yaml
from typer.testing import CliRunner

from pipeline.command import app

if TYPE_CHECKING:
    from pathlib import Path

REGION = "us-east-1"
ACCOUNT = "111122223333"
STACK = "rehearsal-versions"
MANIFEST = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": []})
GROUPS = itertools.count()


@dataclass
class House:
    """A project whose stack registers in a group of its own, and the account that it leads to."""

    project: Path
    image: str = ""
    clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        if service not in self.clients:
            self.clients[service] = boto3.client(
                service,
                region_name=REGION,
                endpoint_url=os.environ["AWS_ENDPOINT_URL"],
                aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
                aws_secret_access_key="not-a-secret",
            )
        return self.clients[service]

    def settings(self, **given: Any) -> None:
        """What the stack's file sets."""
        config = {"aws:region": REGION} | {f"holdfast:{key}": value for key, value in given.items()}
        (self.project / f"Pulumi.{STACK}.yaml").write_text(yaml.safe_dump({"config": config}))

    def holdfast(self, *args: str, code: int = 0) -> dict[str, Any]:
        """A command with `--json`; its report. Fails unless it ends with `code`."""
        done = CliRunner().invoke(app, [*args, "--stack", STACK, "-C", str(self.project), "--json"])
        assert done.exit_code == code, done.output
        report: dict[str, Any] = json.loads(done.stdout)
        assert report["exit_code"] == code
        return report

    def says(self, *args: str, code: int = 0) -> str:
        """What a person reads of a command."""
        done = CliRunner().invoke(app, [*args, "--stack", STACK, "-C", str(self.project)])
        assert done.exit_code == code, done.output
        return done.output

    def refused(self, *args: str, code: int = 2) -> str:
        """The error that a command ends with, in one line."""
        return " ".join(self.holdfast(*args, code=code)["errors"])

    def versions(self) -> list[dict[str, Any]]:
        """What the group has, asked of the account itself."""
        group = self.group
        return self.client("sagemaker").list_model_packages(ModelPackageGroupName=group)["ModelPackageSummaryList"]

    group: str = ""
