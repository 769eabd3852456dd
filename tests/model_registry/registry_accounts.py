"""The programs of three accounts, made of this product's components, and who acts in them.

A statement is taken out of what a program emits by a transform, wherever it stands: the variable WITHOUT holds it.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
import pulumi
from botocore.config import Config

import guards
from components import account
from components.artifact_bucket import ArtifactBucket
from components.deploying_account_access import DeployingAccountAccess
from components.encryption_key import EncryptionKey
from components.execution_role import ExecutionRole
from components.model import Model
from components.model_package_group import ModelPackageGroup
from components.model_version import ModelVersion
from components.training_account_access import TrainingAccountAccess
from knowledge.cross_account import Reader
from knowledge.model_packages import ARTIFACT_KEY, Place, containers_in, pinned_image, urls_of
from rehearsal.urns import name_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rehearsal.account import Account
    from rehearsal.harness import Rehearsed

REGION = "us-east-1"
REGISTRY, TRAINING, DEPLOYING = "111111111111", "222222222222", "333333333333"
GROUP = Place("aws", REGION, REGISTRY, "trees")
DOCUMENTS = ("policy", "resourcePolicy")


def _without(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
    if not os.environ.get("WITHOUT"):
        return None
    gone = json.loads(os.environ["WITHOUT"])

    def shortened(text: Any) -> Any:
        document = json.loads(text) if isinstance(text, str) else {}
        kept = [one for one in document.get("Statement", []) if one != gone]
        return json.dumps({**document, "Statement": kept}) if kept != document.get("Statement", []) else text

    names = [name for name in DOCUMENTS if name in args.props]
    shorter = {name: pulumi.Output.from_input(args.props[name]).apply(shortened) for name in names}
    return pulumi.ResourceTransformResult({**args.props, **shorter}, args.opts) if names else None


def _begin() -> account.Account:
    pulumi.runtime.register_resource_transform(_without)
    if os.environ.get("GUARDED"):
        guards.install()
    return account.current()


def registry() -> None:
    """The group, for one training and one deploying account."""
    _begin()
    accounts = {"training_accounts": [TRAINING], "deploying_accounts": [DEPLOYING]}
    ModelPackageGroup("trees", {"group_name": GROUP.name, **accounts})  # type: ignore[typeddict-item]


def training() -> None:
    """Key, artifact, access of the others to them, and a version of the group in the registry's account."""
    here = _begin()
    readers = [Reader(REGISTRY, "registry"), Reader(DEPLOYING, "deploying")]
    key = EncryptionKey("trees", {"account": here, "alias": "trees", "readers": readers})
    artifact = os.environ["ARTIFACT"]
    bucket = ArtifactBucket(
        "trees", {"artifact": _path(artifact), "key_arn": key.arn, "key_name": "own", "retained": True}
    )
    access = TrainingAccountAccess(
        "trees",
        {
            "account": here,
            "readers": readers,
            "images": [os.environ["IMAGE"]],
            "bucket": bucket.bucket.bucket,
            "key_arn": key.arn,
            "grants": False,
            "group": GROUP,
            "registrars": ["registrar"],
        },
    )
    ModelVersion(
        "trees",
        {
            "group": GROUP.group_arn,
            "containers": [{"image": os.environ["IMAGE"], "artifact_url": bucket.url}],
            "content_types": ["text/csv"],
            "response_types": ["text/csv"],
            "instance_types": ["ml.m5.large"],
            "description": os.environ.get("DESCRIPTION", "the first"),
            "artifact_key_arn": key.arn,
            "after": [bucket, access, key],
        },
    )


def deploying() -> None:
    """A model of an approved version, its role, and the rights of who deploys."""
    here = _begin()
    DeployingAccountAccess("trees", {"account": here, "group": GROUP, "deployers": ["deployer"]})
    described = json.loads(os.environ["DESCRIBED"])
    role = ExecutionRole(
        "trees",
        {
            "account": here,
            "images": [pinned_image(one) for one in containers_in(described)],
            "artifact_urls": list(urls_of(described)),
            "artifact_key_arns": [described["CustomerMetadataProperties"][ARTIFACT_KEY]],
            "volume_key_arn": None,
            "ssm_access": False,
        },
    )
    pulumi.export("role", role.arn)
    pulumi.export("rights", role.rights.name)
    Model(
        os.environ.get("MODEL", "trees"),
        {
            "model_package_arn": described["ModelPackageArn"],
            "execution_role_arn": role.arn,
            "subnet_ids": os.environ["SUBNETS"].split(","),
            "security_group_ids": [os.environ["SECURITY_GROUP"]],
            "stage": "development",
            "after": [role],
        },
    )


def _path(text: str) -> Path:
    from pathlib import Path

    return Path(text)


@dataclass
class Emitted:
    """One statement of a document that a program emits, and where it lies in the account."""

    account: str
    type: str
    name: str
    id: str
    statement: dict[str, Any]
    document: dict[str, Any] = field(repr=False)

    @property
    def called(self) -> str:
        """A name for it."""
        what = self.statement.get("Sid") or self.statement["Action"]
        return f"{self.account} {self.type.rpartition(':')[2]}: {what}"


def emitted(number: str, rehearsed: Rehearsed) -> Iterator[Emitted]:
    """The statements by which another account is let in, or by which one's own reach into another account."""
    for resource in rehearsed.state:
        for name in DOCUMENTS:
            text = resource.inputs.get(name)
            if not isinstance(text, str):
                continue
            document = json.loads(text)
            for statement in document["Statement"]:
                if _crosses(number, statement):
                    yield Emitted(number, resource.type, name_of(resource.urn), resource.id, statement, document)


def _crosses(number: str, statement: dict[str, Any]) -> bool:
    """Whether a statement names another account, as principal or in an ARN; or a bucket of one, whose ARN has none."""
    others = {REGISTRY, TRAINING, DEPLOYING} - {number}
    text = json.dumps([statement.get("Principal"), statement.get("Resource")])
    foreign_bucket = number == DEPLOYING and "arn:aws:s3:::" in text
    return foreign_bucket or any(other in text for other in others)


@functools.cache
def client(of: Account, service: str, credentials: tuple[str, str, str] | None = None) -> Any:
    """A client of an account: of somebody who may do everything there, or with a role's credentials."""
    key, secret, token = credentials or ("AKIAREHEARSAL0000000", "rehearsal", None)
    return boto3.client(
        service,
        region_name=REGION,
        endpoint_url=of.url,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"}),
    )


def make_network(of: Account) -> dict[str, str]:
    """Two subnets and a group, as the deploying program wants them."""
    ec2 = client(of, "ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{REGION}{zone}")
        for number, zone in enumerate("ab")
    ]
    group = ec2.create_security_group(GroupName="trees", Description="trees", VpcId=vpc)["GroupId"]
    return {"SUBNETS": ",".join(each["Subnet"]["SubnetId"] for each in subnets), "SECURITY_GROUP": group}


def push_image(of: Account) -> str:
    """An image in the training account; its reference by digest."""
    ecr, blob = client(of, "ecr"), b"{}"
    digest = "sha256:" + hashlib.sha256(blob).hexdigest()
    ecr.create_repository(repositoryName="trees")
    upload = ecr.initiate_layer_upload(repositoryName="trees")["uploadId"]
    part = {"partFirstByte": 0, "partLastByte": len(blob) - 1, "layerPartBlob": blob}
    ecr.upload_layer_part(repositoryName="trees", uploadId=upload, **part)
    ecr.complete_layer_upload(repositoryName="trees", uploadId=upload, layerDigests=[digest])
    manifest = {"schemaVersion": 2, "config": {"digest": digest}, "layers": []}
    pushed = ecr.put_image(repositoryName="trees", imageManifest=json.dumps(manifest), imageTag="v1")
    return f"{TRAINING}.dkr.ecr.{REGION}.amazonaws.com/trees@{pushed['image']['imageId']['imageDigest']}"
