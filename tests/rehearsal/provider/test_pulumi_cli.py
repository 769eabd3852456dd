"""The provider attached to the Pulumi CLI (PULUMI_DEBUG_PROVIDERS): a program, a roll, a silent roll-back, the end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from provider_world import World

    from rehearsal.account import Account

pytestmark = [pytest.mark.pulumi_cli, pytest.mark.timeout(300)]

PROGRAM = """
import json
import pulumi
import pulumi_aws as aws

config = pulumi.Config()
caller = aws.get_caller_identity_output()
service = {"type": "Service", "identifiers": ["sagemaker.amazonaws.com"]}
assume = {"actions": ["sts:AssumeRole"], "principals": [service]}
role = aws.iam.Role("role", assume_role_policy=aws.iam.get_policy_document_output(statements=[assume]).json)
every = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
rights = aws.iam.RolePolicy("rights", role=role.id, policy=json.dumps(every))
key = aws.kms.Key("key", deletion_window_in_days=7)
bucket = aws.s3.Bucket("artifacts", force_destroy=True)
kept = aws.s3.BucketVersioning("kept", bucket=bucket.id, versioning_configuration={"status": "Enabled"})
artifact = aws.s3.BucketObjectv2(
    "artifact", bucket=bucket.id, key="model.tar.gz", source=pulumi.FileAsset("model.tar.gz"), kms_key_id=key.arn,
    opts=pulumi.ResourceOptions(depends_on=[kept]),
)
model = aws.sagemaker.Model(
    "model",
    execution_role_arn=role.arn,
    primary_container={
        "image": config.require("image"),
        "model_data_url": pulumi.Output.format("s3://{}/{}", bucket.id, artifact.key),
    },
    opts=pulumi.ResourceOptions(depends_on=[rights]),
)
sized = {"instance_type": "ml.m5.large", "initial_instance_count": 1}
variant = {"variant_name": "main", "model_name": model.name, **sized}
configuration = aws.sagemaker.EndpointConfiguration("configuration", kms_key_arn=key.arn, production_variants=[variant])
traffic = {"type": "ALL_AT_ONCE", "wait_interval_in_seconds": 0}
endpoint = aws.sagemaker.Endpoint(
    "endpoint",
    name="attached",
    endpoint_config_name=configuration.name,
    deployment_config={"blue_green_update_policy": {"traffic_routing_configuration": traffic}},
)
pulumi.export("account", caller.account_id)
pulumi.export("configuration", endpoint.endpoint_config_name)
"""


@pytest.fixture
def attached(account: Account, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Runs `pulumi` in a project of its own, with the provider attached."""
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": account.url,
        "AWS_ACCESS_KEY_ID": "AKIAREHEARSAL0000000",
        "AWS_SECRET_ACCESS_KEY": "rehearsal",
    }
    project = tmp_path / "project"
    for place in (project, tmp_path / "state"):
        place.mkdir()
    # An attached provider isn't told where the program lies: relative paths start where it was started.
    provider = subprocess.Popen(
        [sys.executable, "-m", "rehearsal.provider"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
        cwd=project,
    )
    port = provider.stdout.readline().strip()
    (project / "Pulumi.yaml").write_text(
        f"name: attached\nruntime:\n  name: python\n  options:\n    virtualenv: {sys.prefix}\n",
        encoding="utf-8",
    )
    (project / "__main__.py").write_text(PROGRAM, encoding="utf-8")
    (project / "model.tar.gz").write_bytes(b"trees")
    environment |= {
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "x",
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_DEBUG_PROVIDERS": f"aws:{port}",
    }

    def run(*arguments: str, code: int = 0) -> str:
        ran = subprocess.run(
            ["pulumi", *arguments], cwd=project, env=environment, capture_output=True, text=True, check=False
        )
        assert ran.returncode == code, f"{' '.join(arguments)}\n{ran.stdout}\n{ran.stderr}"
        return ran.stdout

    yield run
    provider.terminate()
    provider.wait(timeout=10)


def test_a_program_lives_its_whole_life_on_the_attached_provider(
    attached: Callable[..., Any], account: Account, world: World, aws: Any
) -> None:
    sagemaker = aws.client("sagemaker")
    account.set_speed(200)
    attached("stack", "init", "dev")
    attached("config", "set", "aws:region", "eu-central-1")
    attached("config", "set", "image", world.push("attached-one"))

    attached("up", "--yes", "--skip-preview")
    attached("preview", "--expect-no-changes")
    attached("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    first = sagemaker.describe_endpoint(EndpointName="attached")["EndpointConfigName"]
    assert json.loads(attached("stack", "output", "--json")) == {"account": "111122223333", "configuration": first}

    attached("config", "set", "image", world.push("attached-two"))
    shown = attached("up", "--yes", "--skip-preview")
    second = sagemaker.describe_endpoint(EndpointName="attached")["EndpointConfigName"]
    assert second != first
    assert shown.index("Endpoint endpoint updated") < shown.index(
        "EndpointConfiguration configuration deleting original"
    )

    account.arm("silent-roll-back")
    attached("config", "set", "image", world.push("attached-three"))
    attached("up", "--yes", "--skip-preview")
    assert sagemaker.describe_endpoint(EndpointName="attached")["EndpointConfigName"] == second
    assert "1 to update" in attached("preview")

    attached("up", "--yes", "--skip-preview")
    assert sagemaker.describe_endpoint(EndpointName="attached")["EndpointConfigName"] not in (first, second)

    attached("destroy", "--yes", "--skip-preview")
    account.set_speed(0)
    assert json.loads(attached("stack", "export"))["deployment"].get("resources", []) == []
