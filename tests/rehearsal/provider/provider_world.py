"""The things that other things need: a role, a key, a bucket, a network, an image, a model, a configuration."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from typing import TYPE_CHECKING, Any

from rehearsal.values import Archive, Asset

if TYPE_CHECKING:
    from provider_client import Engine, Resource

ROOT = "arn:aws:iam::111122223333:root"


def document(action: Any, principal: Any = None, resource: Any = "*") -> str:
    """A policy document with one statement."""
    statement = {"Effect": "Allow", "Action": action}
    statement |= {"Principal": principal} if principal else {}
    statement |= {"Resource": resource} if resource else {}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


class World:
    """Made through the provider, each on first use."""

    trust = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"},
                {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
            ],
        }
    )

    def __init__(self, engine: Engine, aws: Any) -> None:
        self.engine, self.aws = engine, aws
        self._scalable: dict[str, Resource] = {}

    def _create(self, token: str, **inputs: Any) -> Resource:
        return self.engine.create(token, "world", inputs)

    @cached_property
    def key(self) -> Resource:
        """A key."""
        return self._create("aws:kms/key:Key")

    @cached_property
    def spare_key(self) -> Resource:
        """A key whose policy may be played with."""
        return self._create("aws:kms/key:Key")

    @cached_property
    def role(self) -> Resource:
        """A role that may do everything."""
        made = self._create("aws:iam/role:Role", assumeRolePolicy=self.trust)
        self._create("aws:iam/rolePolicy:RolePolicy", role=made.id, policy=document("*"))
        return made

    @cached_property
    def policy(self) -> Resource:
        """A managed policy."""
        return self._create("aws:iam/policy:Policy", policy=document("s3:GetObject"))

    @cached_property
    def bucket(self) -> Resource:
        """A bucket."""
        return self._create("aws:s3/bucket:Bucket", forceDestroy=True)

    @cached_property
    def vpc(self) -> Resource:
        """A network."""
        return self._create("aws:ec2/vpc:Vpc", cidrBlock="10.0.0.0/16")

    @cached_property
    def gateway(self) -> Resource:
        """A gateway endpoint without a route table."""
        service = "com.amazonaws.eu-central-1.s3"
        return self._create("aws:ec2/vpcEndpoint:VpcEndpoint", vpcId=self.vpc.id, serviceName=service)

    @cached_property
    def subnet(self) -> Resource:
        """A subnet."""
        zone = "eu-central-1a"
        return self._create("aws:ec2/subnet:Subnet", vpcId=self.vpc.id, cidrBlock="10.0.1.0/24", availabilityZone=zone)

    @cached_property
    def group(self) -> Resource:
        """A security group."""
        return self._create("aws:ec2/securityGroup:SecurityGroup", vpcId=self.vpc.id)

    @cached_property
    def table(self) -> Resource:
        """A route table."""
        return self._create("aws:ec2/routeTable:RouteTable", vpcId=self.vpc.id)

    @cached_property
    def other_table(self) -> Resource:
        """Another route table."""
        return self._create("aws:ec2/routeTable:RouteTable", vpcId=self.vpc.id)

    @cached_property
    def repository(self) -> Resource:
        """A repository."""
        return self._create("aws:ecr/repository:Repository", forceDelete=True)

    @cached_property
    def image(self) -> str:
        """An image that is there."""
        return self.push("first")

    def push(self, tag: str) -> str:
        """Push a tiny image; returns its reference."""
        ecr, name, blob = self.aws.client("ecr"), self.repository.id, tag.encode()
        digest = "sha256:" + hashlib.sha256(blob).hexdigest()
        upload = ecr.initiate_layer_upload(repositoryName=name)["uploadId"]
        ecr.upload_layer_part(
            repositoryName=name, uploadId=upload, partFirstByte=0, partLastByte=len(blob) - 1, layerPartBlob=blob
        )
        ecr.complete_layer_upload(repositoryName=name, uploadId=upload, layerDigests=[digest])
        manifest = json.dumps({"schemaVersion": 2, "config": {"digest": digest}, "layers": []})
        ecr.put_image(repositoryName=name, imageManifest=manifest, imageTag=tag)
        return f"{self.repository.outputs['repositoryUrl']}:{tag}"

    @cached_property
    def secret(self) -> Resource:
        """A secret."""
        return self._create("aws:secretsmanager/secret:Secret", recoveryWindowInDays=0)

    @cached_property
    def function(self) -> Resource:
        """A Lambda function."""
        code = Archive("world", assets={"index.py": Asset("world", text="def handler(event, context): return 1")})
        role, runtime = self.role.outputs["arn"], "python3.12"
        return self._create(
            "aws:lambda/function:Function", role=role, runtime=runtime, handler="index.handler", code=code
        )

    def scalable(self, name: str, *, register: bool = False) -> dict[str, Any]:
        """What names a scalable target: a variant of an endpoint of its own."""
        if name not in self._scalable:
            inputs = {"endpointConfigName": self.configuration.id}
            self._scalable[name] = self.engine.create("aws:sagemaker/endpoint:Endpoint", f"scalable-{name}", inputs)
        made = {
            "serviceNamespace": "sagemaker",
            "resourceId": f"endpoint/{self._scalable[name].id}/variant/main",
            "scalableDimension": "sagemaker:variant:DesiredInstanceCount",
        }
        if register:
            self._create("aws:appautoscaling/target:Target", **made, minCapacity=1, maxCapacity=2)
        return made

    @cached_property
    def package_group(self) -> Resource:
        """A model package group."""
        return self._create("aws:sagemaker/modelPackageGroup:ModelPackageGroup", modelPackageGroupName="world")

    @cached_property
    def share(self) -> Resource:
        """A resource share."""
        return self._create("aws:ram/resourceShare:ResourceShare", allowExternalPrincipals=True)

    @cached_property
    def model(self) -> Resource:
        """A model."""
        return self.new_model("world")

    def new_model(self, name: str) -> Resource:
        """Another model."""
        inputs = {"executionRoleArn": self.role.outputs["arn"], "primaryContainer": {"image": self.image}}
        return self.engine.create("aws:sagemaker/model:Model", name, inputs)

    def variant(self, **more: Any) -> dict[str, Any]:
        """A production variant."""
        sized = {"instanceType": "ml.m5.large", "initialInstanceCount": 1}
        return {"variantName": "main", "modelName": self.model.id, **sized, **more}

    @cached_property
    def configuration(self) -> Resource:
        """An endpoint configuration."""
        return self.new_configuration("world")

    def new_configuration(self, name: str) -> Resource:
        """Another configuration."""
        inputs = {"productionVariants": [self.variant()]}
        return self.engine.create("aws:sagemaker/endpointConfiguration:EndpointConfiguration", name, inputs)
