"""Three accounts of a model registry: one trains, one keeps versions, one deploys; documents as on AWS's pages."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
from account_world import REGION, SERVE, TRUST, World, artifact, image_layer
from botocore.config import Config

if TYPE_CHECKING:
    from rehearsal.account import Account

REGISTRY, TRAINING, DEPLOYING = "111111111111", "222222222222", "333333333333"
GROUP, BUCKET, REPOSITORY = "trees", "trained-trees", "trees"
GROUP_ARN = f"arn:aws:sagemaker:{REGION}:{REGISTRY}:model-package-group/{GROUP}"
VERSIONS = f"arn:aws:sagemaker:{REGION}:{REGISTRY}:model-package/{GROUP}/*"
EXECUTION = f"arn:aws:iam::{DEPLOYING}:role/execution"
URL = f"s3://{BUCKET}/model.tar.gz"


def root(account: str) -> dict[str, str]:
    """An account as a principal."""
    return {"AWS": f"arn:aws:iam::{account}:root"}


def statement(actions: list[str], resource: Any = None, principal: Any = None) -> dict[str, Any]:
    """An Allow."""
    made: dict[str, Any] = {"Effect": "Allow", "Action": actions}
    return made | ({"Resource": resource} if resource else {}) | ({"Principal": principal} if principal else {})


def document(*statements: dict[str, Any]) -> str:
    """A policy."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


OWN_KEY = statement(["kms:*"], "*", root(TRAINING))
PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"]
BUCKET_ARN = f"arn:aws:s3:::{BUCKET}"
# What each document holds, by what it is put on: every statement is needed.
DOCUMENTS: dict[str, list[dict[str, Any]]] = {
    "repository": [
        statement(["ecr:BatchGetImage", "ecr:Describe*"], None, root(REGISTRY)),
        statement(PULL, None, root(DEPLOYING)),
    ],
    "bucket": [
        statement(
            ["s3:GetObject", "s3:GetObjectAcl", "s3:GetBucketAcl"], [BUCKET_ARN, f"{BUCKET_ARN}/*"], root(REGISTRY)
        ),
        statement(["s3:GetObject"], f"{BUCKET_ARN}/*", root(DEPLOYING)),
    ],
    "key": [
        statement(["kms:Decrypt", "kms:GenerateDataKey"], "*", root(REGISTRY)),
        statement(["kms:Decrypt"], "*", root(DEPLOYING)),
    ],
    "group": [
        statement(["sagemaker:CreateModelPackage", "sagemaker:DescribeModelPackage"], VERSIONS, root(TRAINING)),
        statement(["sagemaker:DescribeModelPackage", "sagemaker:CreateModel"], VERSIONS, root(DEPLOYING)),
    ],
    "registrar": [statement(["sagemaker:CreateModelPackage", "sagemaker:DescribeModelPackage"], VERSIONS)],
    "deployer": [
        statement(["sagemaker:DescribeModelPackage", "sagemaker:CreateModel"], VERSIONS),
        statement(
            ["sagemaker:CreateModel", "sagemaker:CreateEndpoint*", "sagemaker:DescribeEndpoint"],
            f"arn:aws:sagemaker:{REGION}:{DEPLOYING}:*",
        ),
        statement(["iam:PassRole"], EXECUTION),
    ],
    "execution": [
        statement(["s3:GetObject"], f"{BUCKET_ARN}/*"),
        statement(["kms:Decrypt"], f"arn:aws:kms:{REGION}:{TRAINING}:key/*"),
        statement(["ecr:GetAuthorizationToken"], "*"),
        statement(PULL, f"arn:aws:ecr:{REGION}:{TRAINING}:repository/{REPOSITORY}"),
    ],
}


@dataclass
class Registry:
    """The three accounts, and clients for whoever acts in them."""

    accounts: dict[str, Account]
    image: str = ""
    key: str = ""
    clients: dict[Any, Any] = field(default_factory=dict)

    def admin(self, account: str, service: str) -> Any:
        """A client of somebody who may do everything in an account."""
        made = self.clients.setdefault(account, World(self.accounts[account]))
        return made.client(service)

    def as_role(self, account: str, role: str, service: str, by_way_of: str | None = None) -> Any:
        """A client with the credentials of a role of an account; `by_way_of` is the account whose address it has."""
        known = (account, role, service, by_way_of)
        if known not in self.clients:
            self.clients[known] = self._new_client(account, role, service, by_way_of or account)
        return self.clients[known]

    def _new_client(self, account: str, role: str, service: str, asked: str) -> Any:
        arn = f"arn:aws:iam::{account}:role/{role}"
        made = self.admin(account, "sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.accounts[asked].url,
            aws_access_key_id=made["AccessKeyId"],
            aws_secret_access_key=made["SecretAccessKey"],
            aws_session_token=made["SessionToken"],
            config=Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"}),
        )

    # --- what is there from the beginning ---------------------------------------------------------------------------

    def furnish(self) -> Registry:
        """Bucket, key, artifact, image, group and roles, with all documents in place."""
        kms, s3 = self.admin(TRAINING, "kms"), self.admin(TRAINING, "s3")
        self.key = kms.create_key()["KeyMetadata"]["Arn"]
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_object(
            Bucket=BUCKET,
            Key="model.tar.gz",
            Body=artifact("iris"),
            ServerSideEncryption="aws:kms",
            SSEKMSKeyId=self.key,
        )
        self.image = self.push()
        self.admin(REGISTRY, "sagemaker").create_model_package_group(ModelPackageGroupName=GROUP)
        for account, role in ((TRAINING, "registrar"), (DEPLOYING, "deployer"), (DEPLOYING, "execution")):
            trust = json.dumps(TRUST)
            self.admin(account, "iam").create_role(RoleName=role, AssumeRolePolicyDocument=trust)
        for name in DOCUMENTS:
            self.put(name)
        return self

    def push(self) -> str:
        """Pushes the image; its reference by digest."""
        ecr = self.admin(TRAINING, "ecr")
        ecr.create_repository(repositoryName=REPOSITORY)
        layer, tar = image_layer({"opt/program/serve.py": SERVE})
        settings = {"Entrypoint": ["python", "/opt/program/serve.py"], "Env": ["GREETING=from the image"]}
        files = {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(tar).hexdigest()}"]}
        config = json.dumps({"architecture": "amd64", "os": "linux", "config": settings, "rootfs": files}).encode()
        digests = []
        for blob in (layer, config):
            digests.append(f"sha256:{hashlib.sha256(blob).hexdigest()}")
            upload = ecr.initiate_layer_upload(repositoryName=REPOSITORY)["uploadId"]
            part = {"partFirstByte": 0, "partLastByte": len(blob) - 1, "layerPartBlob": blob}
            ecr.upload_layer_part(repositoryName=REPOSITORY, uploadId=upload, **part)
            ecr.complete_layer_upload(repositoryName=REPOSITORY, uploadId=upload, layerDigests=digests[-1:])
        kind = "application/vnd.oci.image"
        manifest = {
            "schemaVersion": 2,
            "mediaType": f"{kind}.manifest.v1+json",
            "config": {"mediaType": f"{kind}.config.v1+json", "digest": digests[1], "size": len(config)},
            "layers": [{"mediaType": f"{kind}.layer.v1.tar+gzip", "digest": digests[0], "size": len(layer)}],
        }
        pushed = ecr.put_image(repositoryName=REPOSITORY, imageManifest=json.dumps(manifest), imageTag="v1")
        digest = pushed["image"]["imageId"]["imageDigest"]
        return f"{TRAINING}.dkr.ecr.{REGION}.amazonaws.com/{REPOSITORY}@{digest}"

    def put(self, name: str, without: int | None = None) -> None:
        """Puts a document, complete or without one of its statements."""
        kept = [each for number, each in enumerate(DOCUMENTS[name]) if number != without]
        text = document(*kept)
        if name == "repository":
            self._put_repository(text, bool(kept))
        elif name == "bucket":
            self.admin(TRAINING, "s3").put_bucket_policy(Bucket=BUCKET, Policy=text)
        elif name == "key":
            self.admin(TRAINING, "kms").put_key_policy(
                KeyId=self.key, PolicyName="default", Policy=document(OWN_KEY, *kept)
            )
        elif name == "group":
            self.admin(REGISTRY, "sagemaker").put_model_package_group_policy(
                ModelPackageGroupName=GROUP, ResourcePolicy=text
            )
        else:
            account = TRAINING if name == "registrar" else DEPLOYING
            iam = self.admin(account, "iam")
            if kept:
                iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=text)
            else:
                iam.delete_role_policy(RoleName=name, PolicyName="rights")

    def _put_repository(self, text: str, any_left: bool) -> None:
        ecr = self.admin(TRAINING, "ecr")
        if any_left:
            ecr.set_repository_policy(repositoryName=REPOSITORY, policyText=text)

    # --- what the accounts do ---------------------------------------------------------------------------------------

    def register(self, client: Any = None) -> str:
        """The registrar registers the next version; its ARN."""
        client = client or self.as_role(TRAINING, "registrar", "sagemaker")
        specification = {
            "Containers": [{"Image": self.image, "ModelDataUrl": URL}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        }
        made = client.create_model_package(ModelPackageGroupName=GROUP_ARN, InferenceSpecification=specification)
        client.describe_model_package(ModelPackageName=made["ModelPackageArn"])
        return str(made["ModelPackageArn"])

    def approve(self, version: str) -> None:
        """The registry's account approves a version."""
        client = self.admin(REGISTRY, "sagemaker")
        client.update_model_package(ModelPackageArn=version, ModelApprovalStatus="Approved")

    def deploy(self, version: str, name: str) -> dict[str, Any]:
        """The deployer makes model, configuration and endpoint; the endpoint's description when it has come to rest."""
        client = self.as_role(DEPLOYING, "deployer", "sagemaker")
        client.describe_model_package(ModelPackageName=version)
        client.create_model(ModelName=name, ExecutionRoleArn=EXECUTION, PrimaryContainer={"ModelPackageName": version})
        variant = {"VariantName": "main", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
        client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
        client.create_endpoint(EndpointName=name, EndpointConfigName=name)
        self.accounts[DEPLOYING].advance(600)
        return dict(client.describe_endpoint(EndpointName=name))
