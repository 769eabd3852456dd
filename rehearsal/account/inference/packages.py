"""Model packages: CreateModelPackage, UpdateModelPackage, DescribeModelPackage, ListModelPackages, DeleteModelPackage.

A package is a version of a group, or has a name of its own. Sources: the operations' pages in the API reference;
"Both ModelPackageName and ModelPackageGroupName are provided ..." and "Missing ARN." are reported in getmoto/moto#7165;
"ModelPackage ... does not exist." is what the CloudFormation handlers of AWS::SageMaker::ModelPackage look for. The
sentence about a package that isn't approved is the emulation's own (docs/unverified.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.account.errors import Refusal, invalid
from rehearsal.account.inference import package_content, package_groups
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

    Source: CreateModelPackage (API reference).
    """
    parameters = request.parameters
    state = inference.region(request.region)
    token = parameters.get("ClientToken")
    known = next((each for each in state.packages.values() if token and each.token == token), None)
    if known is not None:
        return {"ModelPackageArn": known.arn}
    _check(inference, request)
    definition = {key: value for key, value in parameters.items() if key not in _NOT_DESCRIBED}
    for specification in package_content.specifications(definition):
        specification["Containers"] = [
            package_content.with_digest(inference, each) for each in specification["Containers"]
        ]
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
    package_content.check(inference, request)


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
            package_content.check_container(inference, container, request.region)
        additional.append(
            {**entry, "Containers": [package_content.with_digest(inference, each) for each in entry["Containers"]]}
        )
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
    """The package: what it was made with, its version and its approval.

    Source: DescribeModelPackage (API reference).
    """
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
    """Several packages at once; those that can't be had are named in BatchDescribeModelPackageErrorMap.

    Source: BatchDescribeModelPackage (API reference).
    """
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
    """Packages, newest first: a group's versions, or by ModelPackageType (Unversioned unless given).

    Source: ListModelPackages (API reference).
    """
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
    """Deletes a package, whoever uses it; the number of a version isn't given again.

    Source: DeleteModelPackage (API reference).
    """
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
