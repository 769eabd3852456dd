"""A SageMaker model: one container, the containers of a pipeline, or a model package; and the role it runs under."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components import names, tags
from knowledge.model_versions import container_count_problem


class ModelContainerArgs(TypedDict):
    """One container of a pipeline."""

    image: pulumi.Input[str]
    """Reference of its image in Amazon ECR."""

    artifact_url: NotRequired[pulumi.Input[str]]
    """S3 URL of its model.tar.gz."""

    environment: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]] | None]
    """Its variables."""

    hostname: NotRequired[str]
    """Its name in the pipeline."""


class ModelArgs(TypedDict):
    """What a Model is made from: image and artifact_url, or containers, or model_package_arn."""

    image: NotRequired[pulumi.Input[str]]
    """Reference of the inference image, at most 255 characters; by digest, if it shall stay what it is."""

    artifact_url: NotRequired[pulumi.Input[str]]
    """S3 URL of the model.tar.gz, at most 1024 characters."""

    containers: NotRequired[Sequence[ModelContainerArgs]]
    """The 2 to 15 containers of an inference pipeline, in the order in which they are asked."""

    model_package_arn: NotRequired[pulumi.Input[str]]
    """ARN of a version of a model package group; images, artifacts and containers are those of the version."""

    execution_role_arn: pulumi.Input[str]
    """ARN of the role that SageMaker assumes for the container."""

    environment: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]] | None]
    """Environment of the container: at most 100 variables, names and values of at most 1024 characters."""

    subnet_ids: Sequence[pulumi.Input[str]]
    """1 to 16 subnets for the container's network interfaces, in at least two Availability Zones."""

    security_group_ids: Sequence[pulumi.Input[str]]
    """1 to 5 security groups for them."""

    stage: pulumi.Input[tags.Stage]
    """`production` or `development`: written as the tag holdfast:stage."""

    repository_access_mode: NotRequired[Literal["Platform", "Vpc"]]
    """`Vpc` for an image outside Amazon ECR, which is then pulled by way of the subnets; `Platform` is the default."""

    credentials_provider_arn: NotRequired[pulumi.Input[str] | None]
    """ARN of the Lambda function that tells that registry's credentials; None where it wants none."""

    after: NotRequired[Sequence[pulumi.Resource]]
    """What has to be there before the model and may go only after it: the role's rights, the network."""


class Model(pulumi.ComponentResource):
    """
    A model with a single container, of an inference pipeline, or of a version in the Model Registry.

    SageMaker can't change a model: whatever changes here (tags apart) makes a new one under a new name, and the old one
    is deleted at the end of the run, when nothing uses it any more.
    """

    name: pulumi.Output[str]
    """The generated name of the model, for an endpoint configuration."""

    tags: dict[str, pulumi.Input[str]]
    """What says which release it is, for configuration and endpoint."""

    def __init__(self, name: str, args: ModelArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        names.check_logical("Model", name)
        super().__init__("holdfast:index:Model", name, {}, opts)
        made_of = _made_of(args)
        self.tags = _tags(args)
        self.model = aws.sagemaker.Model(
            name,
            execution_role_arn=args["execution_role_arn"],
            **made_of,
            vpc_config={"subnets": args["subnet_ids"], "security_group_ids": args["security_group_ids"]},
            tags=self.tags,
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=False, depends_on=args.get("after")),
        )
        self.name = self.model.name
        self.register_outputs({"name": self.name})


def _made_of(args: ModelArgs) -> dict[str, Any]:
    """PrimaryContainer or Containers, of exactly one of the three."""
    ways = [each for each in ("image", "containers", "model_package_arn") if each in args]
    if len(ways) != 1:
        given = ", ".join(ways) or "none"
        raise ValueError(f"Model: exactly one of image, containers and model_package_arn is to be given, not {given}")
    if "model_package_arn" in args:
        environment = args.get("environment")
        return {"primary_container": {"model_package_name": args["model_package_arn"], "environment": environment}}
    if "containers" in args:
        if wrong := container_count_problem(len(args["containers"])):
            raise ValueError(f"Model: {wrong}")
        return {"containers": [_container(each) for each in args["containers"]]}
    return {
        "primary_container": {
            "image": args["image"],
            "model_data_url": args["artifact_url"],
            "environment": args.get("environment"),
            "image_config": image_config(args),
        }
    }


def _container(each: ModelContainerArgs) -> dict[str, Any]:
    return {
        "image": each["image"],
        "model_data_url": each.get("artifact_url") or None,
        "environment": each.get("environment"),
        "container_hostname": each.get("hostname") or None,
    }


def _tags(args: ModelArgs) -> dict[str, pulumi.Input[str]]:
    if "model_package_arn" in args:
        return tags.of_package(args["stage"], args["model_package_arn"])
    if "containers" in args:
        first = args["containers"][0]
        return tags.of_release(args["stage"], first["image"], first.get("artifact_url", ""))
    return tags.of_release(args["stage"], args["image"], args["artifact_url"])


def image_config(args: ModelArgs) -> dict[str, Any] | None:
    """Where and how the image is pulled (CreateModel, ContainerDefinition.ImageConfig); None for Amazon ECR."""
    mode = args.get("repository_access_mode", "Platform")
    provider = args.get("credentials_provider_arn")
    if mode == "Platform":
        if provider is not None:
            raise ValueError("Model: credentials_provider_arn is for images that are pulled with access mode Vpc")
        return None
    made: dict[str, Any] = {"repository_access_mode": mode}
    if provider is not None:
        made["repository_auth_config"] = {"repository_credentials_provider_arn": provider}
    return made
