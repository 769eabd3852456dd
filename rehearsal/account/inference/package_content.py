"""What a model package holds: its containers, their images and artifacts, and whether they can be had.

Sources: ModelPackageContainerDefinition (API reference), and the page named below.
SageMaker looks for the image and the artifact when a version is registered. Whose right to read them that takes isn't
documented. Source: "Register a Model Version from a Different Account" (SageMaker Developer Guide,
model-registry-version.html) has the account of the *registry* granted it by repository policy, bucket policy and grant,
so here that account reads (docs/unverified.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.account.dependencies import unread
from rehearsal.account.errors import Refusal, invalid
from rehearsal.account.holdings import image_reference, s3_location
from rehearsal.account.reach import Reader
from rehearsal.account.resource_policies import DENY

if TYPE_CHECKING:
    from rehearsal.account.inference.service import Inference, Request

# What the page has granted to the registry's account. kms:GenerateDataKey, which it grants too, isn't asked for.
_IMAGE = ("ecr:BatchGetImage", "ecr:DescribeImages")
_ARTIFACT = ("s3:GetObject", "s3:GetObjectAcl", "s3:GetBucketAcl")


def check(inference: Inference, request: Request) -> None:
    """Raises Refusal unless all that a new package names is there, and may be read."""
    parameters = request.parameters
    if parameters.get("InferenceSpecification") and parameters.get("SourceAlgorithmSpecification"):
        raise invalid("Only one of InferenceSpecification and SourceAlgorithmSpecification can be specified.")
    for specification in specifications(parameters):
        for container in specification["Containers"]:
            check_container(inference, container, request.region)
    key = (parameters.get("SecurityConfig") or {}).get("KmsKeyId")
    if key and Reader(inference.holdings, None).key(key, request.region, "kms:Decrypt", {})["state"] is None:
        raise invalid(f"Invalid KMS key: {key} does not exist.")


def check_container(inference: Inference, container: dict[str, Any], region: str) -> None:
    """Raises Refusal unless a container's image and artifact are there, and this account may read them."""
    reader = Reader(inference.holdings, None)
    image = container.get("Image")
    reference = image_reference(image) if image else None
    if image and reference is not None:
        _check_image(reader, image, container.get("ImageDigest"))
    url = container.get("ModelDataUrl")
    if not url:
        return
    location = s3_location(url)
    found = reader.objects(location, _ARTIFACT) if location is not None else None
    if location is None or (found is not None and not found["found"]):
        raise invalid(f"Could not find model data at {url}.")
    if found is None:
        return  # a bucket of no emulated account
    if found["region"] != region:
        raise invalid(f"The model data at {url} must be in the region of the model package ({region}).")
    if found["account"] == inference.account:
        _check_own(found["found"][0]["says"], url)
        return
    words = f"Could not access model data at {url} for account {inference.account}."
    for problem in unread(reader, found, found["found"][0], words):
        raise _denied(problem.reason)


def _check_image(reader: Reader, image: str, digest: str | None) -> None:
    reference = image_reference(image)
    found = reader.image(reference, image, _IMAGE) if reference is not None else None
    if reference is None or found is None:
        return  # of an account that isn't emulated
    if found["digest"] is None:
        raise invalid(f"Requested image {image} not found.")
    if digest and digest != found["digest"]:
        raise invalid(f"The image {image} has the digest {found['digest']}, not {digest}.")
    if found["account"] == reader.principal.account:
        _check_own(found["says"], image)
        return
    for action, says in sorted(found["says"].items()):
        decision = reader.may(found["account"], action, reference.repository_arn, says)
        if not decision.allowed:
            raise _denied(f"Could not access image {image} for account {reader.principal.account}. ({decision.reason})")


def _check_own(says: dict[str, dict[str, Any]], what: str) -> None:
    """The account's own policies may not keep the registry out, which reads from outside any VPC.

    Source: "Give Inference Recommender Jobs Access to Resources in Your Amazon VPC" ("Model Registry doesn't allow your
    model artifacts or Amazon ECR image to be VPC restricted").
    """
    for _, verdict in sorted(says.items()):
        if verdict["outcome"] == DENY:
            raise _denied(f"Could not access {what}. ({verdict['reason']})")


def _denied(words: str) -> Refusal:
    return Refusal("ValidationException", words)


def specifications(definition: dict[str, Any]) -> list[dict[str, Any]]:
    """A package's inference specification, and the additional ones."""
    own = definition.get("InferenceSpecification")
    return [*([own] if own else []), *(definition.get("AdditionalInferenceSpecifications") or [])]


def with_digest(inference: Inference, container: dict[str, Any]) -> dict[str, Any]:
    """SageMaker writes the digest of the image into the container (ModelPackageContainerDefinition, ImageDigest)."""
    reference = image_reference(container.get("Image", ""))
    if reference is None or container.get("ImageDigest"):
        return container
    found = None if reference.digest else Reader(inference.holdings, None).image(reference, container["Image"], ())
    digest = reference.digest or (found["digest"] if found is not None else None)
    return {**container, "ImageDigest": digest} if digest else container
