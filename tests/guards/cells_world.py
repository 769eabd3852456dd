"""What boto3 alone makes for the cells of the table: what they need, and afterwards who uses them."""

from __future__ import annotations

import io
import itertools
import json
import zipfile
from typing import Any

from cells_elsewhere import Elsewhere, Packages, allow, document, package
from cells_network import Networks

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
ACCOUNT = "111122223333"
REGION = "us-east-1"
REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
VARIANTS = 10
HANDLER = "def handler(event, context): return {'Credentials': {'Username': 'u', 'Password': 'p'}}\n"
ARTIFACT = "s3://cells-artifacts/model.tar.gz"


def zipped() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("index.py", HANDLER)
    return made.getvalue()


class World(Networks):
    """The account of the cells."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.cidrs = (f"10.0.{number}.0/24" for number in itertools.count(150))
        self.iam, self.s3, self.ec2, self.kms = (client(one) for one in ("iam", "s3", "ec2", "kms"))
        self.ecr, self.sagemaker, self.lambda_ = (client(one) for one in ("ecr", "sagemaker", "lambda"))
        self.facts: dict[str, Any] = {}
        self._elsewhere = Elsewhere(self)

    # --- before the program ---------------------------------------------------------------------------------------

    def make(self) -> dict[str, Any]:
        """Everything that the program refers to, as plain values."""
        services = ("sagemaker.amazonaws.com", "lambda.amazonaws.com")
        trust = document({"Effect": "Allow", "Principal": {"Service": list(services)}, "Action": "sts:AssumeRole"})
        bare = [f"rights-{change}{twin}" for change in ("removed", "replaced", "narrowed") for twin in ("", "-twin")]
        bare += ["rights-removed-spare", "attachment-removed", "attachment-removed-twin", "attachment-removed-spare"]
        bare += ["managed-policy-narrowed", "managed-policy-narrowed-twin", "guest", "login"]
        bare += [f"policy-swapped{twin}" for twin in ("", "-twin", "-spare")]
        bare += ["powerless", "far-rights-narrowed", "far-rights-narrowed-twin"]
        for role in ("serving", *bare):
            self.iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust)
        self.may("serving", "*")
        self.may("rights-removed-twin", "s3:GetObject")  # what the program gives it besides, no model needs
        for name, action in (("reading", "s3:GetObject"), ("writing", "s3:PutObject"), ("all", "*")):
            self.iam.create_policy(PolicyName=name, PolicyDocument=allow(action))
        twins = ("", "-twin", "-spare")
        buckets = [f"{name}{twin}" for name in ("bucket-policy-removed", "bucket-policy-narrowed") for twin in twins]
        own = ("lifecycle-widened", "default-key-moved", "shared-bucket-policy-narrowed")
        buckets += [f"{name}{twin}" for name in own for twin in ("", "-twin")]
        for bucket in ("cells-artifacts", *buckets):
            self.s3.create_bucket(Bucket=bucket)
            self.s3.put_object(Bucket=bucket, Key="model.tar.gz", Body=b"model")
        self.s3.put_object(Bucket="cells-artifacts", Key="function.zip", Body=zipped())
        repositories = [f"repository-policy-{change}{twin}" for change in ("removed", "narrowed") for twin in twins]
        repositories += [f"shared-repository-policy-narrowed{twin}" for twin in ("", "-twin")]
        for repository in ("cells-serving", "image-expiring", "image-expiring-twin", *repositories):
            self.ecr.create_repository(repositoryName=repository)
        root = f"arn:aws:iam::{ACCOUNT}:root"
        nobody = {"Effect": "Deny", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/serving"}, "Action": "kms:*"}
        everybody = {"Effect": "Allow", "Principal": {"AWS": root}, "Action": "kms:*", "Resource": "*"}
        keys = {name: self.key() for name in ("key", "other_key")}
        keys["closed_key"] = self.key(Policy=document(everybody, {**nobody, "Resource": "*"}))
        policed = ("key-policy-removed", "key-policy-narrowed", "grant-removed", "shared-key-policy-narrowed")
        for name in (
            "function-permission",
            "permission-removed",
            "permission-removed-twin",
            "permission-removed-spare",
        ):
            self.function(name)
        self.sagemaker.create_model(ModelName="cells", **self.model({}))
        self.configure("cells", {"ModelName": "cells"})
        self.facts = {
            **keys,
            **self.network(),
            "root": root,
            "role": f"arn:aws:iam::{ACCOUNT}:role/serving",
            "function_role": f"arn:aws:iam::{ACCOUNT}:role/serving",
            "roles": f"arn:aws:iam::{ACCOUNT}:role/",
            "policies": f"arn:aws:iam::{ACCOUNT}:policy/",
            "functions": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:",
            "bucket": "cells-artifacts",
            "image": self.image("cells-serving"),
            "foreign_image": f"999988887777.dkr.ecr.{REGION}.amazonaws.com/other@sha256:{'a' * 64}",
            "model": "cells",
            "configuration": "cells",
            "keys": {f"{name}{twin}": self.key() for name in policed for twin in ("", "-twin")}
            | {"shared-grant-removed": self.key()},
        }
        self.facts |= Packages(self).make()
        self._elsewhere.make()
        return self.facts

    def may(self, role: str, *actions: str) -> None:
        """Give a role an inline policy `made`."""
        self.iam.put_role_policy(RoleName=role, PolicyName="made", PolicyDocument=allow(*actions))

    def key(self, **given: Any) -> str:
        """A key's ARN."""
        arn: str = self.kms.create_key(**given)["KeyMetadata"]["Arn"]
        return arn

    def function(self, name: str, **variables: str) -> str:
        """A function's ARN."""
        code = {"S3Bucket": "cells-artifacts", "S3Key": "function.zip"}
        role = f"arn:aws:iam::{ACCOUNT}:role/serving"
        made = self.lambda_.create_function(
            FunctionName=name,
            Role=role,
            Runtime="python3.12",
            Handler="index.handler",
            Code=code,
            Environment={"Variables": variables},
        )
        arn: str = made["FunctionArn"]
        return arn

    def image(self, repository: str) -> str:
        """An image in a repository, by digest; its tag is `served`."""
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "layers": [], "annotations": {"of": repository}}
        pushed = self.ecr.put_image(
            repositoryName=repository,
            imageManifest=json.dumps(manifest),
            imageManifestMediaType=MANIFEST,
            imageTag="served",
        )
        return f"{REGISTRY}/{repository}@{pushed['image']['imageId']['imageDigest']}"

    # --- after the program ----------------------------------------------------------------------------------------

    def serve(self, uses: dict[str, tuple[dict[str, Any], str]]) -> None:
        """Endpoints on what the program has made: for each resource its use, and its id."""
        for role in ("guest", "login"):
            self.may(role, "*")
        variants: list[str] = []
        for name, (use, identity) in uses.items():
            self._prepare(use)
            if "shared" in use:
                self._elsewhere.share(name, identity, use["shared"]["open_to"])
            if "far" in use:
                self._elsewhere.use_from_afar(name, use["far"])
            if "model" in use:
                self.sagemaker.create_model(ModelName=f"uses-{name}", **self.model(use["model"], identity, name))
                variants.append(f"uses-{name}")
            if "variant" in use:
                variants.append(use["variant"])
            if "config" in use:
                self._serve_configuration(name, use["config"], identity)
            if "endpoint" in use:
                self.sagemaker.create_endpoint(EndpointName=f"uses-{name}", EndpointConfigName=use["endpoint"])
        for number, some in enumerate(_lots(variants)):
            self.configure(f"shared-{number}", *({"ModelName": model} for model in some))
            self.sagemaker.create_endpoint(EndpointName=f"shared-{number}", EndpointConfigName=f"shared-{number}")
        self._elsewhere.serve()
        self.iam.delete_role_policy(RoleName="guest", PolicyName="made")
        self.may("login", "ecr:GetAuthorizationToken")

    def _prepare(self, use: dict[str, Any]) -> None:
        if "attach" in use:
            arn = f"arn:aws:iam::{ACCOUNT}:policy/{use['attach']}"
            self.iam.attach_role_policy(RoleName=use["attach"], PolicyArn=arn)
        if "grant" in use:
            self.may(use["grant"], "*")

    def _serve_configuration(self, name: str, use: dict[str, str], identity: str) -> None:
        model, given = "cells", {}
        if "Role" in use:
            model = f"uses-{name}"
            wanted = {"ExecutionRoleArn": use["Role"], "Image": self.facts["foreign_image"], "ModelDataUrl": ""}
            self.sagemaker.create_model(ModelName=model, **self.model(wanted))
        if "KmsKeyId" in use:
            given["KmsKeyId"] = use["KmsKeyId"].replace("{id}", identity)
        if "DataCaptureConfig" in use:
            given["DataCaptureConfig"] = {
                "EnableCapture": True,
                "InitialSamplingPercentage": 100,
                "DestinationS3Uri": use["DataCaptureConfig"],
                "CaptureOptions": [{"CaptureMode": "Input"}],
            }
        self.configure(f"uses-{name}", {"ModelName": model}, **given)
        self.sagemaker.create_endpoint(EndpointName=f"uses-{name}", EndpointConfigName=f"uses-{name}")

    def configure(self, name: str, *variants: dict[str, str], **given: Any) -> None:
        """An endpoint configuration."""
        self.sagemaker.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[
                {"VariantName": f"v{number}", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1, **variant}
                for number, variant in enumerate(variants)
            ],
            **given,
        )

    def model(self, use: dict[str, str], identity: str = "", name: str = "") -> dict[str, Any]:
        """CreateModel's parameters for a use."""
        use = {key: value.replace("{id}", identity) for key, value in use.items()}
        role = use.get("ExecutionRoleArn", f"arn:aws:iam::{ACCOUNT}:role/serving")
        if "PackageGroup" in use or "Package" in use:
            arn = use.get("Package") or package(self.sagemaker, use["PackageGroup"], self.facts["image"], ARTIFACT)
            return {"ExecutionRoleArn": role, "PrimaryContainer": {"ModelPackageName": arn}}
        container: dict[str, Any] = {"Image": self._image(use, role)}
        if use.get("ModelDataUrl", ARTIFACT):
            container["ModelDataUrl"] = use.get("ModelDataUrl", ARTIFACT)
        function = use.get("Function") or (
            self.function(f"reads-{name}", SECRET=use["Secret"]) if "Secret" in use else ""
        )
        made: dict[str, Any] = {"ExecutionRoleArn": role, "PrimaryContainer": container}
        if function:
            access = {"RepositoryCredentialsProviderArn": function}
            container["Image"] = "registry.example.com/serving:1"
            container["ImageConfig"] = {"RepositoryAccessMode": "Vpc", "RepositoryAuthConfig": access}
        network = self._vpc_config(use)
        if network or function:
            made["VpcConfig"] = network or {
                "Subnets": [self.facts["subnet"]],
                "SecurityGroupIds": [self.facts["group"]],
            }
        return made

    def _image(self, use: dict[str, str], role: str) -> str:
        image = use.get("Image", "")
        if not image:
            return self.facts["image"] if role.endswith("/serving") and self.facts.get("image") else FOREIGN
        return image if "/" in image else self.image(image)

    def _vpc_config(self, use: dict[str, str]) -> dict[str, list[str]]:
        if "Vpc" in use:
            return {"Subnets": [self.subnet(use["Vpc"])], "SecurityGroupIds": [self.group("own", use["Vpc"])]}
        if "RouteTable" in use:
            subnet = self.subnet()
            self.ec2.associate_route_table(SubnetId=subnet, RouteTableId=use["RouteTable"])
            return {"Subnets": [subnet], "SecurityGroupIds": [self.facts["group"]]}
        if "Subnets" in use or "SecurityGroupIds" in use:
            subnet = use.get("Subnets", self.facts["subnet"])
            return {"Subnets": [subnet], "SecurityGroupIds": [use.get("SecurityGroupIds", self.facts["group"])]}
        return {}


FOREIGN = f"999988887777.dkr.ecr.{REGION}.amazonaws.com/other@sha256:{'a' * 64}"


def _lots(names: list[str]) -> list[list[str]]:
    return [names[start : start + VARIANTS] for start in range(0, len(names), VARIANTS)]
