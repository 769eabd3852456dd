"""What boto3 makes for the cells beside the account: another account, another Region, and the Model Registry."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from knowledge.cross_account import Reader, bucket_policy, key_statements, repository_policy

if TYPE_CHECKING:
    from cells_world import World

ACCOUNT, OTHER = "111122223333", "444455556666"
REGION, FAR = "us-east-1", "eu-west-1"
ROOT, OTHER_ROOT, OTHER_ROLE = (
    f"arn:aws:iam::{one}" for one in (f"{ACCOUNT}:root", f"{OTHER}:root", f"{OTHER}:role/theirs")
)
FOREIGN = f"999988887777.dkr.ecr.{REGION}.amazonaws.com/other@sha256:{'a' * 64}"
FAR_ARTIFACT = "s3://cells-far/model.tar.gz"
SERVICES = {"Service": "sagemaker.amazonaws.com"}
VARIANT = {"VariantName": "v", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
EVERYTHING = {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*", "Resource": "*"}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(*actions: str) -> str:
    return document({"Effect": "Allow", "Action": list(actions), "Resource": "*"})


def package(sagemaker: Any, group: str, image: str, artifact: str, approval: str = "Approved", **more: Any) -> str:
    """A version's ARN."""
    specification = {
        "Containers": [{"Image": image, "ModelDataUrl": artifact}],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    }
    made: str = sagemaker.create_model_package(
        ModelPackageGroupName=group, InferenceSpecification=specification, ModelApprovalStatus=approval, **more
    )["ModelPackageArn"]
    return made


class Packages:
    """Groups and versions, here and in the other account, and what a version for the other account is made of."""

    def __init__(self, world: World) -> None:
        self.world = world

    def make(self) -> dict[str, Any]:
        """The facts of it."""
        world, sagemaker = self.world, self.world.sagemaker
        for group in ("packages", "packages-2", "taken"):
            sagemaker.create_model_package_group(ModelPackageGroupName=group)
        artifact, image = f"s3://{world.facts['bucket']}/model.tar.gz", world.facts["image"]
        empty = artifact.replace("model.tar", "empty.tar")
        world.s3.put_object(Bucket=world.facts["bucket"], Key="empty.tar.gz", Body=b"model")
        packages = {
            "approved": package(sagemaker, "packages", image, artifact),
            "pending": package(sagemaker, "packages", image, artifact, "PendingManualApproval"),
            "empty": package(sagemaker, "packages", image, empty),
        }
        world.s3.delete_object(Bucket=world.facts["bucket"], Key="empty.tar.gz")
        world.may("powerless", "ecr:*")
        return {
            "packages": packages,
            "root": ROOT,
            "other_root": OTHER_ROOT,
            "other_role": OTHER_ROLE,
            "other_group": self._other_group(),
            "readable": self._readable(),
        }

    def _other_group(self) -> str:
        theirs = self.world.client("sagemaker", account=OTHER)
        arn: str = theirs.create_model_package_group(ModelPackageGroupName="theirs")["ModelPackageGroupArn"]
        opened = {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "sagemaker:*"}
        versions = arn.replace(":model-package-group/", ":model-package/") + "/*"
        policy = document({**opened, "Sid": "a", "Resource": [arn, versions]})
        theirs.put_model_package_group_policy(ModelPackageGroupName="theirs", ResourcePolicy=policy)
        return arn

    def _readable(self) -> dict[str, str]:
        """An image and two artifacts, all open to the registry's account but for the bucket of `closed`."""
        readers = [Reader(OTHER, "registry")]
        key = self.world.key(Policy=document(EVERYTHING, *key_statements(readers)))
        self.world.ecr.create_repository(repositoryName="readable")
        policy = json.dumps(repository_policy(readers))
        self.world.ecr.set_repository_policy(repositoryName="readable", policyText=policy)
        for bucket in ("version-open", "version-closed"):
            self.world.s3.create_bucket(Bucket=bucket)
            given = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}
            self.world.s3.put_object(Bucket=bucket, Key="model.tar.gz", Body=b"model", **given)
        policy = json.dumps(bucket_policy(readers, "version-open"))
        self.world.s3.put_bucket_policy(Bucket="version-open", Policy=policy)
        return {
            "image": self.world.image("readable"),
            "open": "s3://version-open/model.tar.gz",
            "closed": "s3://version-closed/model.tar.gz",
        }


class Elsewhere:
    """Endpoints of the other account and the other Region."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._shared: dict[str, str] = {}
        self._models: list[str] = []
        self._far = world.client("sagemaker", region=FAR)

    def make(self) -> None:
        """What an endpoint of the other Region needs there."""
        place = {"LocationConstraint": FAR}
        self.world.client("s3", region=FAR).create_bucket(Bucket="cells-far", CreateBucketConfiguration=place)
        self.world.s3.put_object(Bucket="cells-far", Key="model.tar.gz", Body=b"model")

    # --- another account --------------------------------------------------------------------------------------------

    def share(self, name: str, identity: str, who: str) -> None:
        """Open a thing of this account to `who` by its policy."""
        world = self.world
        opened = {"Effect": "Allow", "Principal": {"AWS": who}}
        if "bucket" in name:
            world.s3.put_object(Bucket=name, Key="model.tar.gz", Body=b"model")
            policy = document({**opened, "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{name}/*"})
            world.s3.put_bucket_policy(Bucket=name, Policy=policy)
        elif "key" in name:
            actions = ["kms:Decrypt", "kms:CreateGrant", "kms:DescribeKey"]
            policy = document(EVERYTHING, {**opened, "Action": actions, "Resource": "*"})
            world.kms.put_key_policy(KeyId=identity, PolicyName="default", Policy=policy)
        elif "repository" in name:
            self._shared[name] = world.image(name)
            policy = document({**opened, "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]})
            world.ecr.set_repository_policy(repositoryName=name, policyText=policy)
        else:
            arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/{name}/*"
            actions = ["sagemaker:DescribeModelPackage", "sagemaker:CreateModel"]
            policy = document({**opened, "Sid": "a", "Action": actions, "Resource": arn})
            world.sagemaker.put_model_package_group_policy(ModelPackageGroupName=name, ResourcePolicy=policy)
        self._shared.setdefault(name, identity)

    def serve(self) -> None:
        """The other account's endpoint, on this account's image, artifact and key; and the other Region's."""
        theirs = {one: self.world.client(one, account=OTHER) for one in ("iam", "sagemaker")}
        trust = document({"Effect": "Allow", "Principal": SERVICES, "Action": "sts:AssumeRole"})
        theirs["iam"].create_role(RoleName="theirs", AssumeRolePolicyDocument=trust)
        theirs["iam"].put_role_policy(RoleName="theirs", PolicyName="all", PolicyDocument=allow("*"))
        container = {
            "Image": self._shared["shared-repository-removed"],
            "ModelDataUrl": "s3://shared-bucket-removed/model.tar.gz",
        }
        key = self._shared["shared-key-removed"]
        arn = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{key}"
        sagemaker = theirs["sagemaker"]
        sagemaker.create_model(ModelName="theirs", ExecutionRoleArn=OTHER_ROLE, PrimaryContainer=container)
        variants = [{**VARIANT, "ModelName": "theirs"}]
        sagemaker.create_endpoint_config(EndpointConfigName="theirs", KmsKeyId=arn, ProductionVariants=variants)
        sagemaker.create_endpoint(EndpointName="theirs", EndpointConfigName="theirs")
        variants = [{**VARIANT, "VariantName": one, "ModelName": one} for one in self._models]
        self._far.create_endpoint_config(EndpointConfigName="far", ProductionVariants=variants)
        self._far.create_endpoint(EndpointName="far", EndpointConfigName="far")

    # --- another Region ---------------------------------------------------------------------------------------------

    def use_from_afar(self, name: str, use: dict[str, str]) -> None:
        """A model there; a configuration of its own where it writes."""
        role = use.get("ExecutionRoleArn", f"arn:aws:iam::{ACCOUNT}:role/serving")
        container = {"Image": FOREIGN.replace(REGION, FAR)}
        if use.get("ModelDataUrl", FAR_ARTIFACT):
            container["ModelDataUrl"] = FAR_ARTIFACT
        self._far.create_model(ModelName=name, ExecutionRoleArn=role, PrimaryContainer=container)
        if "DestinationS3Uri" not in use:
            self._models.append(name)
            return
        capture = {
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": use["DestinationS3Uri"],
            "CaptureOptions": [{"CaptureMode": "Input"}],
        }
        variants = [{**VARIANT, "ModelName": name}]
        self._far.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=variants, DataCaptureConfig=capture
        )
        self._far.create_endpoint(EndpointName=name, EndpointConfigName=name)
