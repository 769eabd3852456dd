"""The guards under an engine: a program of somebody else's, and an endpoint that boto3 alone has made in its account."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
PROGRAM = Path(__file__).parent / "program"
ACCOUNT = "111122223333"
REGION = "us-east-1"


@dataclass
class House:
    """The program's stack, its account, and runs of the engine on it."""

    project: Path
    home: Path
    stack: str = "rehearsal"

    def run(self, *args: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """One command of the embedded engine."""
        clean = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("AWS_", "PULUMI_", "HOLDFAST_", "REHEARSAL_"))
        }
        return subprocess.run(
            [str(REPOSITORY / "rehearsal" / "bin" / "pulumi"), *args, "--stack", self.stack, "--non-interactive"],
            cwd=self.project,
            env={**clean, "REHEARSAL_HOME": str(self.home), "AWS_REGION": REGION, **environment},
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )

    def outputs(self) -> dict[str, str]:
        """The stack's outputs."""
        done = self.run("stack", "output", "--json")
        assert done.returncode == 0, done.stderr
        found: dict[str, str] = json.loads(done.stdout)
        return found

    def findings(self, path: Path, **environment: str) -> list[dict[str, Any]]:
        """A preview that collects: every finding of it."""
        done = self.run("preview", HOLDFAST_FINDINGS=str(path), **environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def account(self) -> Any:
        """The emulated account."""
        from rehearsal import account

        return account.ensure(ACCOUNT, self.home)

    def client(self, service: str) -> Any:
        """A boto3 client of the account."""
        return boto3.client(
            service,
            endpoint_url=self.account().url,
            region_name=REGION,
            aws_access_key_id="x",
            aws_secret_access_key="x",
        )

    def fingerprint(self) -> tuple[str, str]:
        """State file and account, as they are."""
        return (self.home / "stacks" / self.stack / "state.json").read_text(), self.account().fingerprint()


def serve(house: House) -> None:
    """Another team's endpoint, by boto3 alone, on everything that the stack owns without `spare-`."""
    owned = house.outputs()
    sagemaker = house.client("sagemaker")
    pushed = house.client("ecr").put_image(
        repositoryName="house-serving",
        imageManifest=json.dumps(
            {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": []}
        ),
        imageManifestMediaType="application/vnd.oci.image.manifest.v1+json",
        imageTag="1",
    )
    digest = pushed["image"]["imageId"]["imageDigest"]
    sagemaker.create_model(
        ModelName="foreign",
        ExecutionRoleArn=owned["role"],
        PrimaryContainer={
            "Image": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/house-serving@{digest}",
            "ModelDataUrl": "s3://house-models/model.tar.gz",
        },
        VpcConfig={"Subnets": [owned["subnet"]], "SecurityGroupIds": [owned["group"]]},
    )
    sagemaker.create_endpoint_config(
        EndpointConfigName="foreign",
        KmsKeyId="alias/house",
        ProductionVariants=[
            {"VariantName": "v", "ModelName": "foreign", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        ],
    )
    sagemaker.create_endpoint(EndpointName="foreign", EndpointConfigName="foreign")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Deployed, and in use."""
    folder = tmp_path_factory.mktemp("house")
    shutil.copytree(PROGRAM, folder / "project")
    (folder / "project" / "requirements.txt").write_text("pulumi-aws\n")
    made = House(folder / "project", folder / "home")
    for args in (("stack", "init"), ("up", "--yes", "--skip-preview")):
        done = made.run(*args)
        assert done.returncode == 0, done.stdout + done.stderr
    try:
        serve(made)
        yield made
    finally:
        made.account().stop()
