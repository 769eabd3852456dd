"""An account under test: clients for it, and what an endpoint needs, put into it with boto3."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.account import Account

REGION = "eu-west-1"
ACCOUNT = "111122223333"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


@dataclass
class World:
    """An account and clients for it."""

    account: Account
    clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str, region: str = REGION) -> Any:
        """A real boto3 client of a service, pointed at the account."""
        if (service, region) not in self.clients:
            self.clients[service, region] = boto3.client(
                service,
                region_name=region,
                endpoint_url=self.account.url,
                aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
                aws_secret_access_key="not-a-secret",
                config=Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"}),
            )
        return self.clients[service, region]

    @property
    def sagemaker(self) -> Any:
        """SageMaker's client."""
        return self.client("sagemaker")


def image_layer(files: dict[str, bytes]) -> tuple[bytes, bytes]:
    """A gzipped tar layer of some files, and the tar itself."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return gzip.compress(buffer.getvalue(), mtime=0), buffer.getvalue()


SERVE = b"""
import json, os
from http.server import BaseHTTPRequestHandler, HTTPServer

base = os.environ.get("OPT_ML", "/opt/ml")
with open(os.path.join(base, "model", "answer.txt")) as file:
    word = file.read()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.say(200, b"")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        said = {"word": word, "sent": body.decode(), "type": self.headers["Content-Type"]}
        said["greeting"] = os.environ.get("GREETING")
        self.say(500 if body == b"boom" else 200, json.dumps(said).encode())

    def say(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


HTTPServer(("127.0.0.1", int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))), Handler).serve_forever()
"""


def push_image(world: World, repository: str, tag: str, files: dict[str, bytes]) -> str:
    """Pushes an OCI image of one layer and returns its reference by digest."""
    ecr = world.client("ecr")
    layer, tar = image_layer(files)
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Entrypoint": ["python", "/opt/program/serve.py"], "Env": ["GREETING=from the image"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(tar).hexdigest()}"]},
        }
    ).encode()
    digests = []
    for blob in (layer, config):
        digest = f"sha256:{hashlib.sha256(blob).hexdigest()}"
        digests.append(digest)
        known = ecr.batch_check_layer_availability(repositoryName=repository, layerDigests=[digest])
        if known["layers"]:
            continue
        upload = ecr.initiate_layer_upload(repositoryName=repository)["uploadId"]
        ecr.upload_layer_part(
            repositoryName=repository, uploadId=upload, partFirstByte=0, partLastByte=len(blob) - 1, layerPartBlob=blob
        )
        ecr.complete_layer_upload(repositoryName=repository, uploadId=upload, layerDigests=[digest])
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": digests[1],
                "size": len(config),
            },
            "layers": [
                {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": digests[0], "size": len(layer)}
            ],
        }
    )
    image = ecr.put_image(repositoryName=repository, imageManifest=manifest, imageTag=tag)["image"]
    digest = image["imageId"]["imageDigest"]
    assert digest == f"sha256:{hashlib.sha256(manifest.encode()).hexdigest()}"
    return f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{repository}@{digest}"


def artifact(word: str) -> bytes:
    """A model.tar.gz that holds one word."""
    layer, _ = image_layer({"answer.txt": word.encode()})
    return layer


def put_ground(world: World, name: str) -> dict[str, Any]:
    """A bucket with an artifact, a repository with an image, a role, a key and a network, all called after `name`."""
    s3, iam, kms, ec2 = (world.client(service) for service in ("s3", "iam", "kms", "ec2"))
    bucket = f"{name}-artifacts"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=bucket, Key="m/model.tar.gz", Body=artifact("iris"))
    world.client("ecr").create_repository(repositoryName=name)
    image = push_image(world, name, "v1", {"opt/program/serve.py": SERVE})
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"},
            {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
            {
                "Effect": "Allow",
                "Action": ["ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"],
                "Resource": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{name}",
            },
        ],
    }
    iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=json.dumps(policy))
    key = kms.create_key()["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName=f"alias/{name}", TargetKeyId=key)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
    return {
        "name": name,
        "bucket": bucket,
        "url": f"s3://{bucket}/m/model.tar.gz",
        "image": image,
        "role": role,
        "key": key,
        "alias": f"alias/{name}",
        "subnet": subnet,
        "group": group,
    }


def put_model(world: World, ground: dict[str, Any], name: str, **changes: Any) -> None:
    """CreateModel on the ground, with changes to the container or (VpcConfig, ...) to the model."""
    container = {"Image": ground["image"], "ModelDataUrl": ground["url"]}
    container.update({key: value for key, value in changes.items() if key in ("Image", "ModelDataUrl", "Environment")})
    rest = {key: value for key, value in changes.items() if key not in container and key != "Environment"}
    arguments = {"ExecutionRoleArn": ground["role"], **rest}
    world.sagemaker.create_model(ModelName=name, PrimaryContainer=container, **arguments)


def put_configuration(world: World, name: str, model: str, **changes: Any) -> None:
    """CreateEndpointConfig with one variant `main` of two instances."""
    variant = {
        "VariantName": "main",
        "ModelName": model,
        "InitialInstanceCount": 2,
        "InstanceType": "ml.m5.large",
        **changes.pop("variant", {}),
    }
    world.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant], **changes)


def wait(world: World, name: str, *statuses: str) -> dict[str, Any]:
    """Moves the clock on until the endpoint has one of the statuses, and returns its description."""
    for _ in range(200):
        described = world.sagemaker.describe_endpoint(EndpointName=name)
        if described["EndpointStatus"] in statuses:
            return dict(described)
        world.account.advance(30)
    pytest.fail(f"endpoint {name} stays {described['EndpointStatus']}, never {statuses}")


def until(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Whether a condition comes true within some real seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return condition()
