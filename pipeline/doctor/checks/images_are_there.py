"""The images that endpoints run are in their repositories. Asked: ECR DescribeImages.

By what runs, not only by what the model names: a tag may have moved on since (DeployedImages of DescribeEndpoint).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from guards import usage
from knowledge.arns import parse_image
from pipeline.doctor.check import Check, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from guards.usage import Node
    from pipeline.doctor.examination import Examination


def examine(examination: Examination, one: Node) -> Iterator[Problem]:
    """Images of other registries and Regions can't be looked up from here; nothing is said of them."""
    image = parse_image(one.identity)
    account = examination.account
    if not image.is_ecr or image.region != account.region:
        return
    chosen = {"imageDigest": image.digest} if image.digest else {"imageTag": image.tag or "latest"}
    answer = account.ask(
        "ecr", "describe_images", registryId=image.account, repositoryName=image.repository, imageIds=[chosen]
    )
    if not (answer and answer.get("imageDetails")):
        yield Problem(
            f"Repository {image.repository} of registry {image.account} no longer holds {one.identity}: a new instance "
            "could not pull it.",
            "Push the image again (by the same digest), or deploy a model of another image.",
        )


check = Check(
    name="images-are-there",
    title="The images that endpoints run are in their repositories.",
    kinds=(usage.IMAGE,),
    examine=examine,
)
