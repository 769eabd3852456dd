"""
Models with an image outside Amazon ECR reach its registry through a VPC.

Avoid
    Model("scoring", primary_container={"image": "registry.example.com/scoring@sha256:4f0c..."})

Prefer
    Model("scoring",
          primary_container={"image": "registry.example.com/scoring@sha256:4f0c...",
                             "image_config": {"repository_access_mode": "Vpc"}},
          vpc_config={"subnets": [...], "security_group_ids": [...]})

Why
    SageMaker pulls images from Amazon ECR unless the access mode is `Vpc`, and then only through the subnets and
    security groups of the model. Without them the image can't be pulled: the endpoint is never created, or breaks when
    an instance is replaced.

Not covered
    Whether the registry can be reached from these subnets, lets these security groups in and has a certificate of a
    public authority; whether the Lambda function that fetches its credentials works.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from knowledge.arns import parse_image
from policies.models import containers
from policies.rule import ResourceRule
from policies.tokens import MODEL

if TYPE_CHECKING:
    from policies.reading import Resource
    from policies.verdict import Verdict


def judge(model: Resource, verdict: Verdict) -> None:
    """A mode of `Vpc` needs the network; an image outside ECR needs the mode."""
    for container in containers(model):
        with verdict.considering(model):
            config = container.block("imageConfig")
            if config is not None and config.text("repositoryAccessMode") == "Vpc":
                network = model.properties.block("vpcConfig")
                if network is None or not network.count("subnets") or not network.count("securityGroupIds"):
                    verdict.violated(
                        model,
                        f"{config.where('repositoryAccessMode')} is Vpc and vpcConfig names no subnets or no security "
                        "groups; SageMaker can't reach the registry.",
                        fix="Set vpcConfig to subnets and security groups from which the registry can be reached.",
                    )
                continue
            image = container.text("image")
            if image and not parse_image(image).is_ecr:
                verdict.violated(
                    model,
                    f"{container.where('image')} is {image}, which isn't in Amazon ECR, and imageConfig doesn't set "
                    "repositoryAccessMode to Vpc; SageMaker can't pull it.",
                    fix=f"Set {container.where('imageConfig')}.repositoryAccessMode to Vpc and vpcConfig to the "
                    "registry's network, or push the image to Amazon ECR.",
                )


rule = ResourceRule(
    name="private-registry-models-are-in-a-vpc",
    title="Models with an image outside Amazon ECR reach its registry through a VPC.",
    severity="high",
    concern="private registry",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-containers-inference-private.html",
    remedy="Set imageConfig.repositoryAccessMode to Vpc and vpcConfig to the registry's network.",
    types=(MODEL,),
    judge=judge,
)
