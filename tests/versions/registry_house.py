"""An account with an image, an artifact and a group in it, and the commands as a person gives them."""

from __future__ import annotations

import itertools
import json
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import yaml
from typer.testing import CliRunner

from pipeline.command import app
from rehearsal.account import ensure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.account import Account

REGION = "us-east-1"
ACCOUNT = "111122223333"
STACK = "rehearsal-versions"
MANIFEST = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": []})
GROUPS = itertools.count()
SPEED = 200
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}


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

    def as_role(self, name: str, service: str, *but: dict[str, Any]) -> Any:
        """A client of somebody who may do everything `but` what these statements deny."""
        iam = self.client("iam")
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        statements = [{"Effect": "Allow", "Action": "*", "Resource": "*"}, *but]
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document)
        made = self.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=os.environ["AWS_ENDPOINT_URL"],
            aws_access_key_id=made["AccessKeyId"],
            aws_secret_access_key=made["SecretAccessKey"],
            aws_session_token=made["SessionToken"],
        )

    def deploy(self, arn: str) -> str:
        """Begins to make an endpoint of a version; its name."""
        name, sagemaker, iam = self.group, self.client("sagemaker"), self.client("iam")
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(everything))
        sagemaker.create_model(ModelName=name, ExecutionRoleArn=role, Containers=[{"ModelPackageName": arn}])
        variant = {"VariantName": "main", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        return name

    @contextmanager
    def standing_still(self) -> Iterator[Account]:
        """The account's clock, which moves only by `advance` here."""
        account = ensure(ACCOUNT, Path(os.environ["REHEARSAL_HOME"]))
        account.set_speed(0)
        try:
            yield account
        finally:
            account.set_speed(SPEED)

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
