"""CreateModel, DescribeModel, ListModels, DeleteModel.

Source of what is checked: CreateModel (API reference) and the refusals that users report of it, for instance "Could not
find model data at s3://...", "Could not access model data at ... Please ensure that the role ... exists", "Requested
image ... not found.", "Using non-ECR image ... without Vpc repository access mode is not supported."
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.account import authorisation, private_registries
from rehearsal.account.dependencies import artifact_urls, is_prefix, unread
from rehearsal.account.errors import invalid
from rehearsal.account.holdings import image_reference, s3_location
from rehearsal.account.inference import packaged
from rehearsal.account.inference.records import Model
from rehearsal.account.inference.service import page, tag_map
from rehearsal.account.reach import Reader

if TYPE_CHECKING:
    from rehearsal.account.inference.service import Inference, Request


def create(inference: Inference, request: Request) -> dict[str, Any]:
    """Makes a model; refuses one whose role, artifacts, images, subnets or groups aren't there.

    Source: CreateModel (API reference).
    """
    parameters = request.parameters
    name = parameters["ModelName"]
    if name in inference.models(request.region):
        raise inference.taken(request.region, "model", name)
    primary, containers = parameters.get("PrimaryContainer"), parameters.get("Containers")
    if bool(primary) == bool(containers):
        raise invalid("Exactly one of PrimaryContainer and Containers must be specified.")
    packaged.check_pipeline(containers or [primary])
    model = Model(
        name=name,
        arn=inference.arn(request.region, "model", name),
        region=request.region,
        created=request.at,
        tags=tag_map(parameters.get("Tags")),
        definition={key: value for key, value in parameters.items() if key != "Tags"},
        serial=inference.next_serial(),
    )
    role_arn = parameters.get("ExecutionRoleArn")
    role = inference.holdings.role(role_arn) if role_arn else None
    if role_arn and (role is None or not authorisation.trusts(role, "sagemaker.amazonaws.com")):
        raise invalid(
            f"Could not assume role {role_arn}. Please ensure that the role exists and allows principal "
            "'sagemaker.amazonaws.com' to assume the role."
        )
    model.packaged = packaged.containers_of(inference, request, model.containers)
    for container in model.containers:
        _check_image(inference, container, request.region)
        for url in artifact_urls(container):
            _check_artifact(inference, container, url, role, request.region)
        vpc = parameters.get("VpcConfig") or {}
        for problem in private_registries.examine(inference.holdings, container, vpc, role, request.region):
            raise invalid(problem.reason)
    _check_network(inference, parameters.get("VpcConfig") or {}, request.region)
    inference.models(request.region)[name] = model
    return {"ModelArn": model.arn}


def _check_image(inference: Inference, container: dict[str, Any], region: str) -> None:
    image = container.get("Image")
    if image is None:
        raise invalid("One of Image and ModelPackageName must be specified in the container definition.")
    reference = image_reference(image)
    if reference is None:
        if (container.get("ImageConfig") or {}).get("RepositoryAccessMode") != "Vpc":
            raise invalid(f'Using non-ECR image "{image}" without Vpc repository access mode is not supported.')
        return
    if reference.region != region:
        raise invalid(f"Image {image} must be in the region of the model ({region}).")
    found = Reader(inference.holdings, None).image(reference, image, ())
    if found is not None and found["digest"] is None:
        raise invalid(f"Requested image {image} not found.")


def _check_artifact(inference: Inference, container: dict[str, Any], url: str, role: Any | None, region: str) -> None:
    location = s3_location(url)
    reader = Reader(inference.holdings, role)
    found = reader.objects(location, prefix=is_prefix(container, url)) if location is not None else None
    if found is None or not found["found"]:
        raise invalid(f"Could not find model data at {url}.")
    role_arn = role.arn if role is not None else ""
    words = (
        f'Could not access model data at {url}. Please ensure that the role "{role_arn}" exists and that its trust '
        'relationship policy allows the action "sts:AssumeRole" for the service principal "sagemaker.amazonaws.com". '
        f'Also ensure that the role has "s3:GetObject" permissions and that the object is located in {region}.'
    )
    if found["region"] != region:
        raise invalid(words)
    if role is None:
        return
    for entry in found["found"]:
        for problem in unread(reader, found, entry, words):
            raise invalid(problem.reason)


def _check_network(inference: Inference, vpc: dict[str, Any], region: str) -> None:
    for subnet in vpc.get("Subnets") or []:
        if inference.holdings.subnet(subnet, region) is None:
            raise invalid(f"The subnet ID '{subnet}' does not exist.")
    for group in vpc.get("SecurityGroupIds") or []:
        if inference.holdings.security_group(group, region) is None:
            raise invalid(f"The security group '{group}' does not exist.")


def describe(inference: Inference, request: Request) -> dict[str, Any]:
    """The model as it was made, with the defaults that AWS adds (Mode, Environment, EnableNetworkIsolation).

    Source: DescribeModel (API reference).
    """
    name = request.parameters["ModelName"]
    model = inference.models(request.region).get(name)
    if model is None:
        raise inference.missing(request.region, "model", name)
    output = {"EnableNetworkIsolation": False, **model.definition}
    if "PrimaryContainer" in output:
        output["PrimaryContainer"] = _with_defaults(output["PrimaryContainer"])
    if output.get("Containers"):
        output["Containers"] = [_with_defaults(container) for container in output["Containers"]]
    return {**output, "ModelArn": model.arn, "CreationTime": model.created}


def _with_defaults(container: dict[str, Any]) -> dict[str, Any]:
    return {"Mode": "SingleModel", "Environment": {}, **container}


def list_all(inference: Inference, request: Request) -> dict[str, Any]:
    """Models, newest first. Source: ListModels (API reference)."""
    return page(
        list(inference.models(request.region).values()),
        request,
        "Models",
        lambda model: {"ModelName": model.name, "ModelArn": model.arn, "CreationTime": model.created},
    )


def delete(inference: Inference, request: Request) -> dict[str, Any]:
    """Deletes the entry, whoever uses it: no check is documented (DeleteModel deletes only the model entry).

    Source: DeleteModel (API reference).
    """
    name = request.parameters["ModelName"]
    if inference.models(request.region).pop(name, None) is None:
        raise inference.missing(request.region, "model", name)
    return {}
