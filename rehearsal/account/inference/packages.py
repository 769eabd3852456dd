"""Model packages: CreateModelPackage, UpdateModelPackage, DescribeModelPackage, ListModelPackages, DeleteModelPackage.

A package is a version of a group, or has a name of its own. Sources: the operations' pages in the API reference;
"Both ModelPackageName and ModelPackageGroupName are provided ..." and "Missing ARN." are reported in getmoto/moto#7165;
"ModelPackage ... does not exist." is what the CloudFormation handlers of AWS::SageMaker::ModelPackage look for. The
sentence about a package that isn't approved is the emulation's own (docs/unverified.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.account.errors import Refusal, invalid
from rehearsal.account.holdings import image_reference, s3_location
from rehearsal.account.inference import package_groups
from rehearsal.account.inference.records import Package
from rehearsal.account.inference.service import page, tag_map

if TYPE_CHECKING:
    from rehearsal.account.inference.service import Inference, Request

# What CreateModelPackage is asked that DescribeModelPackage doesn't give back as it was.
_NOT_DESCRIBED = {"Tags", "ClientToken", "ModelPackageName", "ModelPackageGroupName", "ModelApprovalStatus"}
_MOST_METADATA = 50  # CustomerMetadataMap, API reference


def create(inference: Inference, request: Request) -> dict[str, Any]:
    """Registers the next version of a group, or a package of its own name; Completed at once, nothing is scanned.

    The same ClientToken again gives the same package (CreateModelPackage, ClientToken: "guarantees that the call is
    idempotent").
    """
    parameters = request.parameters
    state = inference.region(request.region)
    token = parameters.get("ClientToken")
    known = next((each for each in state.packages.values() if token and each.token == token), None)
    if known is not None:
        return {"ModelPackageArn": known.arn}
    _check(inference, request)
    definition = {key: value for key, value in parameters.items() if key not in _NOT_DESCRIBED}
    for specification in _specifications(definition):
        specification["Containers"] = [_with_digest(inference, each) for each in specification["Containers"]]
    package = Package(
        name=parameters.get("ModelPackageName", ""),
        arn="",
        region=request.region,
        created=request.at,
        tags=tag_map(parameters.get("Tags")),
        definition=definition,
        token=token,
    )
    if parameters.get("ModelPackageGroupName"):
        group = package_groups.find(inference, request)
        group.versions += 1
        package.group, package.version = group.name, group.versions
        package.name = f"{group.name}/{group.versions}"
        package.approval = parameters.get("ModelApprovalStatus", "PendingManualApproval")
    package.arn = inference.arn(request.region, "model-package", package.name)
    state.packages[package.arn] = package
    return {"ModelPackageArn": package.arn}


def _check(inference: Inference, request: Request) -> None:
    parameters = request.parameters
    name, group = parameters.get("ModelPackageName"), parameters.get("ModelPackageGroupName")
    if name and group:
        raise invalid(
            "Both ModelPackageName and ModelPackageGroupName are provided in the input. Cannot determine which one to "
            "use."
        )
    if not name and not group:
        raise invalid("Missing ARN.")
    if name:
        arn = inference.arn(request.region, "model-package", name)
        if arn in inference.region(request.region).packages:
            raise invalid(f"Model Package already exists: {arn}")
        if parameters.get("ModelApprovalStatus"):
            raise invalid("ModelApprovalStatus can be specified only for a model package that is in a group.")
    else:
        package_groups.find(inference, request)
        if parameters.get("Tags"):
            # CreateModelPackage, Tags: "In this case, you cannot supply a tag argument."
            raise invalid("Tags can't be specified for a model package in a group; it has the group's tags.")
    _check_content(inference, request)


def _check_content(inference: Inference, request: Request) -> None:
    parameters = request.parameters
    if parameters.get("InferenceSpecification") and parameters.get("SourceAlgorithmSpecification"):
        raise invalid("Only one of InferenceSpecification and SourceAlgorithmSpecification can be specified.")
    for specification in _specifications(parameters):
        for container in specification["Containers"]:
            _check_container(inference, container, request.region)
    key = (parameters.get("SecurityConfig") or {}).get("KmsKeyId")
    if key and inference.holdings.key(key, request.region) is None:
        raise invalid(f"Invalid KMS key: {key} does not exist.")


def _check_container(inference: Inference, container: dict[str, Any], region: str) -> None:
    image = container.get("Image")
    reference = image_reference(image) if image else None
    if image and reference is not None and reference.account == inference.account:
        held = inference.holdings.image(reference)
        if held is None:
            raise invalid(f"Requested image {image} not found.")
        digest = container.get("ImageDigest")
        if digest and digest != held.get_image_digest():
            raise invalid(f"The image {image} has the digest {held.get_image_digest()}, not {digest}.")
    url = container.get("ModelDataUrl")
    location = s3_location(url) if url else None
    bucket = inference.holdings.bucket(location[0]) if location else None
    if url and location is None:
        raise invalid(f"Could not find model data at {url}.")
    if bucket is None or location is None:
        return  # another account's bucket can't be judged from here
    if inference.holdings.object(*location) is None:
        raise invalid(f"Could not find model data at {url}.")
    if bucket.region_name != region:
        raise invalid(f"The model data at {url} must be in the region of the model package ({region}).")


def _specifications(definition: dict[str, Any]) -> list[dict[str, Any]]:
    own = definition.get("InferenceSpecification")
    return [*([own] if own else []), *(definition.get("AdditionalInferenceSpecifications") or [])]


def _with_digest(inference: Inference, container: dict[str, Any]) -> dict[str, Any]:
    """SageMaker writes the digest of the image into the container (ModelPackageContainerDefinition, ImageDigest)."""
    reference = image_reference(container.get("Image", ""))
    if reference is None or container.get("ImageDigest"):
        return container
    digest = reference.digest
    if digest is None and reference.account == inference.account:
        held = inference.holdings.image(reference)
        digest = held.get_image_digest() if held is not None else None
    return {**container, "ImageDigest": digest} if digest else container


def update(inference: Inference, request: Request) -> dict[str, Any]:
    """Changes a version's approval, metadata, life cycle or description; adds further inference specifications.

    Source: UpdateModelPackage: "Updates a versioned model."
    """
    parameters = request.parameters
    package = find(inference, request, parameters["ModelPackageArn"])
    if package.version is None:
        raise invalid(f"ModelPackage {package.arn} is not versioned; only versioned model packages can be updated.")
    metadata = dict(package.definition.get("CustomerMetadataProperties") or {})
    for key in parameters.get("CustomerMetadataPropertiesToRemove") or []:
        metadata.pop(key, None)
    metadata |= parameters.get("CustomerMetadataProperties") or {}
    if len(metadata) > _MOST_METADATA:
        raise invalid(f"A model package can have at most {_MOST_METADATA} metadata properties; {len(metadata)} given.")
    additional = list(package.definition.get("AdditionalInferenceSpecifications") or [])
    names = {entry["Name"] for entry in additional}
    for entry in parameters.get("AdditionalInferenceSpecificationsToAdd") or []:
        if entry["Name"] in names:
            raise invalid(f"AdditionalInferenceSpecification {entry['Name']} already exists in {package.arn}.")
        names.add(entry["Name"])
        for container in entry["Containers"]:
            _check_container(inference, container, request.region)
        additional.append({**entry, "Containers": [_with_digest(inference, each) for each in entry["Containers"]]})
    changed = {
        "CustomerMetadataProperties": metadata,
        "AdditionalInferenceSpecifications": additional,
        **{
            key: parameters[key]
            for key in (
                *("InferenceSpecification", "SourceUri", "ModelCard", "ModelLifeCycle"),
                "ModelPackageRegistrationType",
            )
            if parameters.get(key)
        },
    }
    package.definition = {**package.definition, **changed}
    package.approval = parameters.get("ModelApprovalStatus", package.approval)
    package.approval_description = parameters.get("ApprovalDescription", package.approval_description)
    package.modified = request.at
    return {"ModelPackageArn": package.arn}


def describe(inference: Inference, request: Request) -> dict[str, Any]:
    """The package: what it was made with, its version and its approval."""
    package = find(inference, request, request.parameters["ModelPackageName"])
    output = {key: value for key, value in package.definition.items() if value not in ({}, [])}
    output |= _identity(package) | {
        "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
        "CertifyForMarketplace": package.definition.get("CertifyForMarketplace", False),
        "CreatedBy": {},
    }
    if package.approval_description is not None:
        output["ApprovalDescription"] = package.approval_description
    if package.modified is not None:
        output |= {"LastModifiedTime": package.modified, "LastModifiedBy": {}}
    return output


def _identity(package: Package) -> dict[str, Any]:
    identity: dict[str, Any] = {
        "ModelPackageArn": package.arn,
        "CreationTime": package.created,
        "ModelPackageStatus": "Completed",
    }
    if package.version is None:
        identity["ModelPackageName"] = package.name
    else:
        identity |= {
            "ModelPackageGroupName": package.group,
            "ModelPackageVersion": package.version,
            "ModelApprovalStatus": package.approval,
        }
    return identity


def _summary(package: Package) -> dict[str, Any]:
    kept = ("ModelPackageDescription", "ModelLifeCycle", "ModelPackageRegistrationType")
    return _identity(package) | {key: package.definition[key] for key in kept if package.definition.get(key)}


def batch_describe(inference: Inference, request: Request) -> dict[str, Any]:
    """Several packages at once; those that can't be had are named in BatchDescribeModelPackageErrorMap."""
    found: dict[str, Any] = {}
    errors: dict[str, Any] = {}
    for arn in request.parameters["ModelPackageArnList"]:
        try:
            package = find(inference, request, arn)
        except Refusal as refusal:
            errors[arn] = {"ErrorCode": refusal.code, "ErrorResponse": refusal.message}
        else:
            specification = package.definition.get("InferenceSpecification")
            found[arn] = _summary(package) | ({"InferenceSpecification": specification} if specification else {})
            found[arn].pop("ModelLifeCycle", None)
    return {"ModelPackageSummaries": found, **({"BatchDescribeModelPackageErrorMap": errors} if errors else {})}


def list_all(inference: Inference, request: Request) -> dict[str, Any]:
    """Packages, newest first: a group's versions, or by ModelPackageType (Unversioned unless given)."""
    parameters = request.parameters
    packages = list(inference.region(request.region).packages.values())
    if parameters.get("ModelPackageGroupName"):
        group = package_groups.find(inference, request)
        packages = [each for each in packages if each.group == group.name]
    else:
        kinds = {"Versioned": (True,), "Both": (True, False)}.get(parameters.get("ModelPackageType", ""), (False,))
        packages = [each for each in packages if (each.version is not None) in kinds]
    approval = parameters.get("ModelApprovalStatus")
    packages = [each for each in packages if approval in (None, each.approval)]
    return page(packages, request, "ModelPackageSummaryList", _summary)


def delete(inference: Inference, request: Request) -> dict[str, Any]:
    """Deletes a package, whoever uses it; the number of a version isn't given again."""
    package = find(inference, request, request.parameters["ModelPackageName"])
    del inference.region(request.region).packages[package.arn]
    return {}


def find(inference: Inference, request: Request, named: str) -> Package:
    """The package of a name, of `<group>/<version>`, or of an ARN."""
    name = named
    if named.startswith("arn:"):
        name = named.partition("/")[2]
        package_groups.refuse_elsewhere(inference, request, named)
    arn = inference.arn(request.region, "model-package", name)
    package = inference.region(request.region).packages.get(arn)
    if package is None:
        raise invalid(f"ModelPackage {arn} does not exist.")
    return package


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
        package = find(inference, request, named)
        if package.version is not None and package.approval != "Approved":
            raise invalid(
                f"ModelPackage {package.arn} has the approval status {package.approval}; only an Approved one can be "
                "deployed."
            )
        resolved += _packaged(package, container)
    return resolved


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
