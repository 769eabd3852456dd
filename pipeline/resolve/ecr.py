"""A tag in Amazon ECR: the digest that it has now. Asked: ECR DescribeImages, BatchGetImage (API reference)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from findings import exit_codes
from knowledge.arns import Image, parse_image
from knowledge.registries import INDEX_TYPES, without_version
from pipeline.errors import PipelineError
from pipeline.registry import platforms
from pipeline.resolve.resolver import Resolved, Resolver

if TYPE_CHECKING:
    from pipeline.resolve.resolver import Asking

_GONE = ("RepositoryNotFoundException", "ImageNotFoundException")


def resolve(text: str, asking: Asking) -> Resolved:
    """The digest of the image for the stack's instances; of an index, the one that it lists for them."""
    image = parse_image(text)
    client = asking.client("ecr", region=image.region)
    wanted = {"imageDigest": image.digest} if image.digest else {"imageTag": image.tag or "latest"}
    found = _ask(client, "describe_images", image, imageIds=[wanted])["imageDetails"][0]
    digest = str(found["imageDigest"])
    said = f"Amazon ECR ({image.account}, {image.region})"
    if found.get("imageManifestMediaType") in INDEX_TYPES:
        held = _ask(
            client,
            "batch_get_image",
            image,
            imageIds=[{"imageDigest": digest}],
            acceptedMediaTypes=sorted(INDEX_TYPES),
        )
        index = json.loads(held["images"][0]["imageManifest"])
        chosen = platforms.choose(index, asking.architecture)
        if chosen is None:
            listed = ", ".join(map(str, platforms.listed_platforms(index))) or "nothing"
            raise PipelineError(
                f"{said} has {text} as a list of images for {listed}; none is for linux/{asking.architecture}, which "
                "the endpoint's instances run. Push one, or choose another instance type."
            )
        digest, said = chosen, f"{said}, for linux/{asking.architecture} of its list"
    return Resolved("image", f"{without_version(text)}@{digest}", said)


def _ask(client: Any, operation: str, image: Image, **parameters: Any) -> Any:
    from botocore.exceptions import BotoCoreError, ClientError

    call = f"ecr:{operation.title().replace('_', '')}"
    try:
        answer = getattr(client, operation)(registryId=image.account, repositoryName=image.repository, **parameters)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        said = " ".join(str(error.response.get("Error", {}).get("Message", "")).split())
        fault = exit_codes.BAD_INPUT if code in _GONE else exit_codes.UNKNOWN
        step = (
            "Push the image, or name one that is there" if code in _GONE else "See that the identity may make the call"
        )
        raise PipelineError(
            f"{call} was asked for {image.reference} and answered {code}: {said}. {step}.", fault
        ) from None
    except BotoCoreError as error:
        message = f"{call} was asked for {image.reference} and no answer could be had: {error}. Sign in, or try later."
        raise PipelineError(message, exit_codes.UNKNOWN) from None
    if answer.get("failures") or not (answer.get("imageDetails") or answer.get("images")):
        raise PipelineError(f"{call} was asked for {image.reference} and found no such image. Push it first.")
    return answer


resolver = Resolver(
    form="<account>.dkr.ecr.<region>.amazonaws.com/<repository>:<tag>, of Amazon ECR",
    takes=lambda text: parse_image(text).is_ecr,
    resolve=resolve,
)
