"""Models out of model packages: the containers that a package gives a model, and pipelines of several.

Sources: ContainerDefinition (ModelPackageName, ContainerHostname), "Deploy a Model from the Registry" (a version must
be Approved), "Deploy a Model Version from a Different Account" (the group's policy allows sagemaker:CreateModel on the
version to the account that deploys). The sentence about a version that isn't approved is the emulation's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.account.errors import Refusal, invalid
from rehearsal.account.holdings import image_reference
from rehearsal.account.inference import packages
from rehearsal.account.inference.records import Package
from rehearsal.account.reach import knows
from rehearsal.account.resource_policies import Principal

if TYPE_CHECKING:
    from rehearsal.account.inference.service import Inference, Request

_MOST = 15  # "an inference pipeline ... a linear sequence of two to fifteen containers"


def check_pipeline(containers: list[dict[str, Any]]) -> None:
    """Raises Refusal unless all containers of a pipeline have names of their own, or none has one."""
    names = [one["ContainerHostname"] for one in containers if one and one.get("ContainerHostname")]
    if len(containers) > 1 and names and len(names) < len(containers):
        raise invalid("ContainerHostname must be specified for every container of an inference pipeline, or for none.")
    if len(set(names)) < len(names):
        raise invalid(f"ContainerHostname must be unique in an inference pipeline; got {', '.join(names)}.")


def containers_of(inference: Inference, request: Request, containers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The containers of a model that takes them from packages; none if no package is named.

    Sources: ContainerDefinition, ModelPackageName; "Deploy a Model from the Registry" (a version must be Approved).
    The model's own environment is laid over the package's.
    """
    if not any(container.get("ModelPackageName") for container in containers):
        return []
    resolved: list[dict[str, Any]] = []
    for container in containers:
        named = container.get("ModelPackageName")
        if not named:
            resolved.append(container)
            continue
        if container.get("Image") or container.get("ModelDataUrl"):
            raise invalid("Image and ModelDataUrl can't be specified together with ModelPackageName.")
        package = _found(inference, request, named)
        if package.version is not None and package.approval != "Approved":
            raise invalid(
                f"ModelPackage {package.arn} has the approval status {package.approval}; only an Approved one can be "
                "deployed."
            )
        resolved += _packaged(package, container)
    if len(resolved) > _MOST:
        raise invalid(f"An inference pipeline has at most {_MOST} containers; the packages give {len(resolved)}.")
    return resolved


def _found(inference: Inference, request: Request, named: str) -> Package:
    """A package of this account's, or of another that lets the caller make models of it."""
    account = named.split(":")[4] if named.startswith("arn:") else inference.account
    neighbours = inference.holdings.neighbours
    if account == inference.account or neighbours is None or not knows(inference.holdings, account):
        return packages.find(inference, request, named)
    if named.split(":")[3] != request.region:
        raise invalid(f"{named} is in region {named.split(':')[3]}, the request was made to {request.region}.")
    caller = request.caller or Principal(inference.account, f"arn:aws:iam::{inference.account}:user/rehearsal")
    who = {"account": caller.account, "arn": caller.arn, "role": caller.role}
    told = neighbours.ask(account, "package", arn=named, caller=who, action="sagemaker:CreateModel")
    if told.get("refused"):
        raise Refusal(told["refused"], told["words"])
    return Package(**told["package"])


def _packaged(package: Package, container: dict[str, Any]) -> list[dict[str, Any]]:
    wanted = container.get("InferenceSpecificationName")
    specification = package.definition.get("InferenceSpecification")
    if wanted:
        additional = package.definition.get("AdditionalInferenceSpecifications") or []
        specification = next((entry for entry in additional if entry["Name"] == wanted), None)
    if not specification:
        what = f"inference specification {wanted}" if wanted else "InferenceSpecification"
        raise invalid(f"ModelPackage {package.arn} has no {what}.")
    environment = container.get("Environment") or {}
    return [
        {**_definition(each), "Environment": {**(each.get("Environment") or {}), **environment}}
        for each in specification["Containers"]
    ]


def _definition(packaged: dict[str, Any]) -> dict[str, Any]:
    """A ContainerDefinition of a packaged container: the image by its digest, the artifacts as they are named."""
    kept = ("ContainerHostname", "ModelDataUrl", "ModelDataSource", "AdditionalModelDataSources")
    definition = {key: packaged[key] for key in kept if packaged.get(key)}
    image, digest = packaged.get("Image"), packaged.get("ImageDigest")
    reference = image_reference(image) if image else None
    if image:
        definition["Image"] = reference.resolved(digest) if reference is not None and digest else image
    return definition
