"""An account with endpoints to connect to, the `holdfast` command in this process, and a stand-in for the AWS CLI."""

from __future__ import annotations

import json
import stat
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from account_world import REGION, World, put_configuration, put_model, wait
from typer.testing import CliRunner

from pipeline.command import app

if TYPE_CHECKING:
    from pathlib import Path

ROLE = "shells"
AGENT = [
    f"ssmmessages:{a}" for a in ("CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel")
]
LOGS = ["logs:CreateLogStream", "logs:PutLogEvents"]

# Writes what it was called with beside itself, and does what the AWS CLI does first: it asks for the session.
STAND_IN = f"""#!{sys.executable}
import json, os, sys
here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(here, "argv.json"), "w") as file:
    json.dump(sys.argv[1:], file)
import boto3, botocore.exceptions
given = dict(zip(sys.argv[3::2], sys.argv[4::2]))
keys = dict(zip(("aws_access_key_id", "aws_secret_access_key"), os.environ.get("STAND_IN_KEYS", "").split()))
asked = {{"Target": given["--target"]}}
if "--document-name" in given:
    asked["DocumentName"] = given["--document-name"]
try:
    boto3.client("ssm", region_name=given["--region"], **keys).start_session(**asked)
except botocore.exceptions.ClientError as error:
    sys.exit(f"\\n{{error}}")
"""


@dataclass
class Shells:
    """What the tests use."""

    world: World
    ground: dict[str, Any]
    project: Path
    programs: Path
    """The only folder on PATH: empty but for what a test puts there."""

    def holdfast(self, *arguments: str) -> tuple[int, str]:
        """A command's exit code, and everything it wrote."""
        done = CliRunner().invoke(app, [*arguments, "-C", str(self.project)])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, " ".join(done.output.split())

    def deploy(self, name: str, *, on: bool = True, count: int = 1, serving: bool = True, **model: Any) -> None:
        """An endpoint with one variant `main`."""
        if "Containers" in model:
            self.world.sagemaker.create_model(ModelName=name, ExecutionRoleArn=self.ground["role"], **model)
        else:
            put_model(self.world, self.ground, name, **model)
        put_configuration(self.world, name, name, variant={"EnableSSMAccess": on, "InitialInstanceCount": count})
        self.world.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        if serving:
            wait(self.world, name, "InService")

    def containers(self, *names: str | None) -> list[dict[str, Any]]:
        """Container definitions with these names; None leaves it to the default."""
        definition = {"Image": self.ground["image"], "ModelDataUrl": self.ground["url"]}
        return [{**definition, **({"ContainerHostname": name} if name else {})} for name in names]

    def grant(self, *actions: str) -> None:
        """What the execution role's agent may do."""
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.world.client("iam").put_role_policy(RoleName=ROLE, PolicyName="agent", PolicyDocument=document)

    def instances(self, name: str, group: str = "/aws/sagemaker/endpoints/") -> list[str]:
        """The instances in an endpoint's log, the oldest first."""
        streams = self.world.client("logs").describe_log_streams(logGroupName=group + name)["logStreams"]
        return [each["logStreamName"].split("/")[1] for each in sorted(streams, key=lambda each: each["creationTime"])]

    def install(self, *programs: str) -> None:
        """Puts stand-ins on PATH."""
        for program in programs:
            path = self.programs / program
            path.write_text(STAND_IN if program == "aws" else f"#!{sys.executable}\n")
            path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def started(self) -> list[str]:
        """The arguments that the stand-in was called with."""
        return json.loads((self.programs / "argv.json").read_text())


def target(endpoint: str, instance: str, container: str = "") -> str:
    """A target id, written out."""
    return f"sagemaker-endpoint:{endpoint}_main_{instance}{f'_{container}' if container else ''}"


__all__ = ["AGENT", "LOGS", "REGION", "ROLE", "Shells", "World", "target"]
