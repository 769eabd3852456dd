"""The account that every history begins in: images in two repositories, artifacts, keys, a network; forked for each."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import forks
import warm
from users_environment import without_the_users

from rehearsal import environment
from rehearsal.account import Account, AccountError, ensure

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCOUNT = "111122223333"
SAMPLE = warm.REPOSITORY / "examples" / "decision-trees-sample"
SPEED = 1000.0  # virtual seconds a real second
# An account loads what it needs for a service when it is first asked; the template has done so before it is forked.
FIRST_CALLS = {
    "sagemaker": "list_endpoints",
    "iam": "list_roles",
    "s3": "list_buckets",
    "cloudwatch": "describe_alarms",
    "ecr": "describe_repositories",
    "sts": "get_caller_identity",
    "ec2": "describe_vpcs",
    "kms": "list_aliases",
    "lambda": "list_functions",
    "secretsmanager": "list_secrets",
}
REPOSITORIES = ("decision-trees-sample", "decision-trees-other")


@dataclass(frozen=True)
class Ground:
    """What there is to deploy from: images, artifacts, a KMS key, subnets, a security group, approved versions.

    And of a private registry: images, the secret that opens it, its security group.
    """

    images: tuple[str, ...]
    artifacts: tuple[str, ...]
    key: str
    subnets: tuple[str, ...]
    group: str
    versions: tuple[str, ...]
    private_images: tuple[str, ...]
    secret: str
    registry_group: str


@dataclass
class Template:
    """A running account that is only ever forked."""

    account: Account
    ground: Ground
    folder: Path
    forked: int = 0
    ports: list[int] = field(default_factory=list)

    def fork(self, original: Account) -> Account:
        """A copy of an account, at a port at which there was one already, where that is free.

        For an account at the same address the clients are there (`warm.clients`), and every fork has them.
        """
        self.forked += 1
        home = self.folder / f"world-{os.getpid()}-{self.forked}"
        port = self.ports.pop() if self.ports else _port()
        try:
            made = original.fork(home, idle_minutes=10, port=port)
        except AccountError:  # somebody else has taken the port
            made = original.fork(home.with_name(f"{home.name}-again"), idle_minutes=10)
        warm.clients(variables(made))
        return made

    def close(self) -> None:
        """Stop it and forget everything."""
        self.account.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def _port() -> int:
    """A port that is free, below those that Linux takes by itself."""
    while True:
        port = random.SystemRandom().randint(18000, 31000)  # hypothesis seeds the others
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def memory() -> str | None:
    """A folder in memory, where there is one: nothing here is to outlive the machine."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


@functools.cache
def template() -> Template:
    """The account, made once a process."""
    import atexit

    warm.warm_up()
    folder = Path(tempfile.mkdtemp(prefix="holdfast-reliability-", dir=memory()))
    account = ensure(ACCOUNT, folder / "template", idle_minutes=5, speed=SPEED)
    made = Template(account, _furnish(account, folder), folder)
    owner = os.getpid()
    atexit.register(lambda: made.close() if os.getpid() == owner else None)
    return made


def variables(account: Account) -> dict[str, str]:
    """The environment of program and provider."""
    return {
        **without_the_users(),
        **environment.settings(account.url),
        "AWS_REGION": warm.REGION,
        "AWS_DEFAULT_REGION": warm.REGION,
    }


def _furnish(account: Account, folder: Path) -> Ground:
    import boto3

    settings = variables(account)
    images: list[str] = []
    for repository in REPOSITORIES:
        done = subprocess.run(
            [sys.executable, str(SAMPLE / "publish.py"), "--repository", repository],
            cwd=warm.REPOSITORY, env=settings, check=True, capture_output=True, text=True,
        )  # fmt: skip
        images += [word for line in done.stdout.splitlines() for word in line.split() if "@sha256:" in word]

    def client(service: str) -> Any:
        return boto3.client(
            service,
            region_name=warm.REGION,
            endpoint_url=account.url,
            aws_access_key_id="a",
            aws_secret_access_key="b",
        )

    artifact = SAMPLE / "build" / "model.tar.gz"
    other = folder / "other-model.tar.gz"
    other.write_bytes(artifact.read_bytes() + b"\0" * 512)
    kms, ec2 = client("kms"), client("ec2")
    policy = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*"}
        | {"Resource": "*"},
    }
    key = kms.create_key(Policy=json.dumps(policy))["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName="alias/everybodys", TargetKeyId=key)
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnets = tuple(
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{n}.0/24", AvailabilityZone=f"{warm.REGION}{'ab'[n]}")["Subnet"][
            "SubnetId"
        ]
        for n in range(2)
    )
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    group, registry = (
        ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
        for name in ("theirs", "registry")
    )
    user = json.dumps({"username": "puller", "password": "hush"})
    secret = client("secretsmanager").create_secret(Name="registry", SecretString=user)["ARN"]
    private = tuple(f"registry.example.com:5000/team/model@sha256:{digit * 64}" for digit in "ab")
    versions = _versions(client, images, artifact)
    for service, operation in FIRST_CALLS.items():
        getattr(client(service), operation)()
    return Ground(
        tuple(images),
        (str(artifact), str(other)),
        "alias/everybodys",
        subnets,
        group,
        versions,
        private,
        secret,
        registry,
    )


def _versions(client: Any, images: list[str], artifact: Path) -> tuple[str, ...]:
    """ARNs of two approved versions of a model package group."""
    client("s3").create_bucket(Bucket="everybodys-models")
    client("s3").put_object(Bucket="everybodys-models", Key="model.tar.gz", Body=artifact.read_bytes())
    sagemaker = client("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName="everybodys")
    return tuple(
        sagemaker.create_model_package(
            ModelPackageGroupName="everybodys", ModelApprovalStatus="Approved",
            InferenceSpecification={
                "Containers": [{"Image": image, "ModelDataUrl": "s3://everybodys-models/model.tar.gz"}],
                "SupportedContentTypes": ["text/csv"], "SupportedResponseMIMETypes": ["text/csv"],
            },
        )["ModelPackageArn"]
        for image in images[:2]
    )  # fmt: skip


@dataclass
class World:
    """One history's own account and provider."""

    account: Account
    ground: Ground
    folder: Path
    variables: dict[str, str]
    provider: forks.Provider | None = None
    seen: int = 0
    clients: dict[str, Any] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """What a run's children get; the provider is started when it is first wanted."""
        if self.provider is None:
            self.provider = forks.Provider(self.variables, self.folder)
        return {**self.variables, "PULUMI_DEBUG_PROVIDERS": f"aws:{self.provider.port}"}

    def lose_provider(self) -> None:
        """The provider dies with the engine that is killed."""
        if self.provider is not None:
            self.provider.kill()
            self.provider = None

    def breaches(self) -> list[dict[str, Any]]:
        """Calls since the last look that took something away from an endpoint that serves."""
        found = self.account.breaches(self.seen)
        self.seen += len(found)
        return list(found)

    def client(self, service: str) -> Any:
        """A boto3 client of the account."""
        if service not in self.clients:
            import boto3

            self.clients[service] = boto3.client(
                service, region_name=warm.REGION, endpoint_url=self.account.url, aws_access_key_id="a",
                aws_secret_access_key="b",
            )  # fmt: skip
        return self.clients[service]

    def statuses(self) -> dict[str, str]:
        """Endpoints and their statuses."""
        listed = self.client("sagemaker").list_endpoints(MaxResults=100)["Endpoints"]
        return {each["EndpointName"]: each["EndpointStatus"] for each in listed}

    def close(self) -> None:
        """Stop what was started."""
        self.lose_provider()
        self.account.stop()
        shutil.rmtree(self.account.directory.parents[1], ignore_errors=True)
        template().ports.append(self.account.port)


def world(folder: Path = warm.REPOSITORY) -> World:
    """A world for a program that lies in a folder."""
    made = template()
    account = made.fork(made.account)
    account.watch()
    return World(account, made.ground, folder, variables(account))


def fork_of(original: World) -> World:
    """A world that begins where another one is now."""
    account = template().fork(original.account)
    account.watch()
    return World(account, original.ground, original.folder, variables(account))


def worlds() -> Iterator[World]:
    """For fixtures: a world, and its end."""
    made = world()
    yield made
    made.close()
