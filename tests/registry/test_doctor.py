"""What doctor says of endpoints that are pulled from a private registry (a real one; the account is boto3 alone)."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from guards.live import Account
from pipeline.doctor.checks import CHECKS
from pipeline.doctor.diagnosis import diagnose
from pipeline.doctor.examination import RegistryAccess

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oci_images import Image
    from real_registry import RealRegistry

    from findings.finding import Finding

REGION = "eu-west-1"
NAMES = {"credentials-providers-are-there", "private-images-can-be-pulled"}


class World:
    """An endpoint `private` whose image lies in the registry; what its function answers is said by the test."""

    def __init__(self, registry: RealRegistry, image: Image) -> None:
        self.registry = registry
        iam, secrets = boto3.client("iam"), boto3.client("secretsmanager")
        trust = json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Principal": {"Service": f"{name}.amazonaws.com"}, "Action": "sts:AssumeRole"}
                    for name in ("sagemaker", "lambda")
                ],
            }
        )
        role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        everything = json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        )
        iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=everything)
        self.secret = secrets.create_secret(Name="registry", SecretString="{}")["ARN"]
        self.function = boto3.client("lambda").create_function(
            FunctionName="opens",
            Runtime="python3.13",
            Role=role,
            Handler="index.handler",
            Code={"ZipFile": b"zip"},
            Environment={"Variables": {"REGISTRY_SECRET_ARN": self.secret}},
        )["FunctionArn"]
        auth = {"RepositoryAuthConfig": {"RepositoryCredentialsProviderArn": self.function}}
        config = {"RepositoryAccessMode": "Vpc", **({} if registry.authentication == "none" else auth)}
        self.image = f"{registry.host}/team/model@{image.digest}"
        sagemaker = boto3.client("sagemaker")
        sagemaker.create_model(
            ModelName="private",
            ExecutionRoleArn=role,
            PrimaryContainer={"Image": self.image, "ImageConfig": config},
        )
        variant = {"VariantName": "v", "ModelName": "private", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        sagemaker.create_endpoint_config(EndpointConfigName="private", ProductionVariants=[variant])
        sagemaker.create_endpoint(EndpointName="private", EndpointConfigName="private")
        username, password = registry.user
        self.answer: Any = {"Credentials": {"Username": username, "Password": password}}

    def found(self) -> dict[str, Finding]:
        account = Account(boto3.session.Session(region_name=REGION))
        real = account.ask

        def ask(service: str, operation: str, **parameters: Any) -> Any:
            if (service, operation) == ("lambda", "invoke"):
                return {"Payload": io.BytesIO(json.dumps(self.answer).encode())}
            return real(service, operation, **parameters)

        account.ask = ask  # type: ignore[method-assign]
        access = RegistryAccess(self.registry.authority.store, loopback_only=True)
        checks = [check for check in CHECKS if check.name in NAMES]
        return {one.name: one for one in diagnose(account, checks, registries=access).findings}


@pytest.fixture
def world(registry: RealRegistry, pushed: Image, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield World(registry, pushed)


that_wants_credentials = pytest.mark.parametrize("registry", ["basic", "bearer"], indirect=True)


def test_an_endpoint_whose_image_can_be_pulled_is_healthy(world: World) -> None:
    assert world.found() == {}


@pytest.mark.parametrize("registry", ["basic"], indirect=True)
def test_a_registry_that_went_away_under_an_endpoint_is_not_knowable(world: World) -> None:
    """It may be the registry, or that only the VPC reaches it: unknown, and never fine."""
    world.registry.stop()
    try:
        finding = world.found()["private-images-can-be-pulled"]
    finally:
        world.registry.start()

    assert (finding.outcome, finding.refuses) == ("unknown", True)
    assert "Not knowable from here" in finding.message


def test_an_image_that_went_away_under_an_endpoint_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.doctor.checks.private_images_can_be_pulled.parse_reference", _other)
    finding = world.found()["private-images-can-be-pulled"]

    assert finding.outcome == "violated"
    assert "has no such image" in finding.message
    assert finding.path[-1] == "endpoint private (EndpointConfigName)"


def _other(text: str) -> Any:
    from knowledge.registries import parse_reference

    return parse_reference(f"{text.partition('@')[0]}@sha256:{'0' * 64}")


@that_wants_credentials
@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ({"Credentials": {"Username": "robot", "Password": "hunter2"}}, "refuses"),
        ({"Username": "robot", "Password": "hunter2"}, "doesn't tell the credentials"),
    ],
)
def test_credentials_that_no_longer_open_it_are_told_and_not_shown(world: World, answer: Any, says: str) -> None:
    world.answer = answer
    finding = world.found()["private-images-can-be-pulled"]

    assert finding.outcome == "violated"
    assert says in finding.message
    assert "hunter2" not in str(finding)


@pytest.mark.parametrize("registry", ["basic"], indirect=True)
def test_a_function_that_is_gone_is_told(world: World) -> None:
    boto3.client("lambda").delete_function(FunctionName="opens")
    finding = world.found()["credentials-providers-are-there"]

    assert "Function opens" in finding.message
    assert finding.refuses


@pytest.mark.parametrize("registry", ["basic"], indirect=True)
@pytest.mark.parametrize("how", [{"RecoveryWindowInDays": 7}, {"ForceDeleteWithoutRecovery": True}])
def test_a_secret_that_was_deleted_is_told(world: World, how: dict[str, Any]) -> None:
    boto3.client("secretsmanager").delete_secret(SecretId=world.secret, **how)
    finding = world.found()["credentials-providers-are-there"]

    assert "Secret registry" in finding.message
    assert finding.path[-1] == "endpoint private (EndpointConfigName)"
