"""A SageMaker model: one container, the artifact it loads, the role it runs under."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components import names, tags


class ModelArgs(TypedDict):
    """What a Model is made from."""

    image: pulumi.Input[str]
    """Reference of the inference image, at most 255 characters; by digest, if it shall stay what it is."""

    artifact_url: pulumi.Input[str]
    """S3 URL of the model.tar.gz, at most 1024 characters."""

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
    A model with a single container.

    SageMaker can't change a model: whatever changes here (tags apart) makes a new one under a new name, and the old one
    is deleted at the end of the run, when nothing uses it any more.
    """

    name: pulumi.Output[str]
    """The generated name of the model, for an endpoint configuration."""

    def __init__(self, name: str, args: ModelArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        names.check_logical("Model", name)
        super().__init__("holdfast:index:Model", name, {}, opts)
        self.model = aws.sagemaker.Model(
            name,
            execution_role_arn=args["execution_role_arn"],
            primary_container={
                "image": args["image"],
                "model_data_url": args["artifact_url"],
                "environment": args.get("environment"),
                "image_config": image_config(args),
            },
            vpc_config={"subnets": args["subnet_ids"], "security_group_ids": args["security_group_ids"]},
            tags=tags.of_release(args["stage"], args["image"], args["artifact_url"]),
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=False, depends_on=args.get("after")),
        )
        self.name = self.model.name
        self.register_outputs({"name": self.name})


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
