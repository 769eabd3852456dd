"""An account made by boto3 alone (moto), and a run of the guards without an engine, driven by the engine's requests."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from google.protobuf import json_format, struct_pb2
from moto import mock_aws
from pulumi.runtime.proto import resource_pb2

from guards import kinds
from guards.hooks import Guards
from guards.live import Account
from guards.report import Report

ACCOUNT = "123456789012"
REGION = "eu-west-1"
REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
DIGEST = "sha256:" + "a" * 64
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


@functools.cache
def client(service: str) -> Any:
    """A client, made once in a test process: making one takes far longer than using it."""
    return shared_account().client(service)


@functools.cache
def shared_account() -> Account:
    """Whose clients all runs of a test process share; what it remembers is forgotten before each test."""
    return Account(boto3.session.Session("testing", "testing", region_name=REGION))


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Any:
    """An empty account in eu-west-1; nothing leaves this process."""
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "HOLDFAST_FINDINGS", "HOLDFAST_EXEMPTIONS"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")  # 1,296 images and their snapshots for each account
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        account = shared_account()
        account._kept.clear()
        account._described.clear()
        account._identity = None
        yield client


def struct(values: dict[str, Any]) -> struct_pb2.Struct:
    """A property bag on the wire."""
    bag = struct_pb2.Struct()
    json_format.ParseDict(values, bag)
    return bag


@dataclass
class Program:
    """Stands in for the program: whether it is done."""

    program_done: bool = False


@dataclass
class Run:
    """One run of a program, `dry_run` or not, as the engine would drive the guards."""

    tmp_path: Any
    dry_run: bool = True
    program: Program = field(default_factory=Program)
    account: Account | None = None

    def __post_init__(self) -> None:
        self.report = Report(dry_run=self.dry_run, directory=self.tmp_path)
        self.guards = Guards(
            program_done=lambda: self.program.program_done,
            dry_run=self.dry_run,
            project="p",
            stack="s",
            report=self.report,
            account=self.account or shared_account(),
        )

    def urn(self, token: str, name: str) -> str:
        return kinds.urn_of("s", "p", "", token, name)

    def register(
        self, token: str, name: str, inputs: dict[str, Any], *, needs: tuple[str, ...] = (), **options: Any
    ) -> Any:
        """The transform's answer to a registration."""
        request = resource_pb2.TransformRequest(type=token, name=name, custom=True, properties=struct(inputs))
        request.options.depends_on.extend(needs)
        for key, value in options.items():
            setattr(request.options, key, value)
        return self.guards.registering.transform(request)

    def _request(self, token: str, name: str, identity: str, *, retained: bool = False, **bags: dict[str, Any]) -> Any:
        request = resource_pb2.ResourceHookRequest(urn=self.urn(token, name), id=identity, name=name, type=token)
        for key, values in bags.items():
            getattr(request, key).CopyFrom(struct(values))
        request.old_options.retain_on_delete = retained
        return request

    def create(self, token: str, name: str, inputs: dict[str, Any]) -> None:
        self.guards.before_create(self._request(token, name, "", new_inputs=inputs))

    def update(self, token: str, name: str, identity: str, old: dict[str, Any], new: dict[str, Any]) -> None:
        self.guards.before_update(self._request(token, name, identity, old_inputs=old, old_outputs=old, new_inputs=new))

    def updated(self, token: str, name: str, identity: str, old: dict[str, Any], new: dict[str, Any]) -> None:
        self.guards.after_change(
            self._request(token, name, identity, old_inputs=old, old_outputs=old, new_inputs=new, new_outputs=new)
        )

    def delete(self, token: str, name: str, identity: str, old: dict[str, Any], *, retained: bool = False) -> None:
        self.guards.before_delete(
            self._request(token, name, identity, old_inputs=old, old_outputs=old, retained=retained)
        )


@pytest.fixture
def preview(tmp_path: Any) -> Run:
    """A preview in which the program has made all its registrations (tests set `program.program_done` otherwise)."""
    return Run(tmp_path, dry_run=True, program=Program(program_done=True))


@pytest.fixture
def up(tmp_path: Any) -> Run:
    """An `up` whose program is done."""
    return Run(tmp_path, dry_run=False, program=Program(program_done=True))


@pytest.fixture(params=[True, False], ids=["preview", "up"])
def run(request: pytest.FixtureRequest, tmp_path: Any) -> Run:
    """Both: the end of a preview, and the end of an `up`."""
    return Run(tmp_path, dry_run=request.param, program=Program(program_done=True))


@dataclass
class Tenant:
    """Another team's endpoint `tenant` and everything that it uses, made by boto3 alone."""

    key: str
    key_arn: str
    role: str
    role_arn: str
    bucket: str
    artifact: str
    repository: str
    subnet: str
    group: str
    vpc: str
    model: str = "tenant-model"
    configuration: str = "tenant-configuration"
    endpoint: str = "tenant"

    @property
    def image(self) -> str:
        return f"{REGISTRY}/{self.repository}@{DIGEST}"


TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)


@pytest.fixture
def tenant() -> Tenant:
    """The tenant's endpoint, in service."""
    kms, s3, iam, ecr, ec2 = (client(one) for one in ("kms", "s3", "iam", "ecr", "ec2"))
    key = kms.create_key()["KeyMetadata"]
    kms.create_alias(AliasName="alias/tenant", TargetKeyId=key["KeyId"])
    s3.create_bucket(Bucket="models", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="models", Key="tenant/model.tar.gz", Body=b"model")
    role = iam.create_role(RoleName="tenant-role", AssumeRolePolicyDocument=TRUST)["Role"]
    ecr.create_repository(repositoryName="serving")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="serving", Description="serving", VpcId=vpc)["GroupId"]
    made = Tenant(
        key=key["KeyId"],
        key_arn=key["Arn"],
        role="tenant-role",
        role_arn=role["Arn"],
        bucket="models",
        artifact="tenant/model.tar.gz",
        repository="serving",
        subnet=subnet,
        group=group,
        vpc=vpc,
    )
    make_endpoint(made)
    return made


def make_endpoint(tenant: Tenant, *, key: str | None = None, **changes: str) -> None:
    """CreateModel, CreateEndpointConfig, CreateEndpoint for what `tenant` describes."""
    sagemaker = client("sagemaker")
    sagemaker.create_model(
        ModelName=changes.get("model", tenant.model),
        ExecutionRoleArn=tenant.role_arn,
        PrimaryContainer={"Image": tenant.image, "ModelDataUrl": f"s3://{tenant.bucket}/{tenant.artifact}"},
        VpcConfig={"Subnets": [tenant.subnet], "SecurityGroupIds": [tenant.group]},
    )
    sagemaker.create_endpoint_config(
        EndpointConfigName=changes.get("configuration", tenant.configuration),
        KmsKeyId=key or "alias/tenant",
        ProductionVariants=[
            {
                "VariantName": "v",
                "ModelName": changes.get("model", tenant.model),
                "InstanceType": "ml.m5.large",
                "InitialInstanceCount": 1,
            }
        ],
    )
    sagemaker.create_endpoint(
        EndpointName=changes.get("endpoint", tenant.endpoint),
        EndpointConfigName=changes.get("configuration", tenant.configuration),
    )
