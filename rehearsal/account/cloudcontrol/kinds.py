"""The types that Cloud Control has here, each with its schema and what its handlers ask of SageMaker.

Source: the public schemas and handlers of aws-cloudformation/aws-cloudformation-resource-providers-sagemaker
(`aws-sagemaker-modelpackage`, `aws-sagemaker-modelpackagegroup`): properties, read-only and create-only properties,
primary identifiers, and which calls a handler makes. CloudFormation's property names are those of SageMaker's API.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rehearsal.account.cloudcontrol import schemas

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[[str, dict[str, Any]], dict[str, Any]]
    """Calls an operation of SageMaker's and returns its output; raises Refusal."""


@dataclass(frozen=True)
class Kind:
    """One type.

    Attributes:
        name: its name, `AWS::SageMaker::ModelPackage`.
        identifier: the property that is its primary identifier.
        properties: all its properties.
        read_only: those that can't be asked for.
        create_only: those whose change needs a new resource.
        create: (ask, desired state) -> identifier.
        read: (ask, identifier) -> properties.
        update: (ask, identifier, properties before, desired state).
        delete: (ask, identifier).
        list_all: (ask, what ListResources was given as ResourceModel) -> identifiers.
        create_operation: the operation of SageMaker's that has the properties as its parameters.

    """

    name: str
    identifier: str
    properties: frozenset[str]
    read_only: frozenset[str]
    create_only: frozenset[str]
    create: Callable[[Ask, dict[str, Any]], str]
    read: Callable[[Ask, str], dict[str, Any]]
    update: Callable[[Ask, str, dict[str, Any], dict[str, Any]], None]
    delete: Callable[[Ask, str], None]
    list_all: Callable[[Ask, dict[str, Any]], list[str]]
    create_operation: str

    def schema(self) -> dict[str, Any]:
        """The type's schema as DescribeType tells it; shapes are those of the operation that creates it."""
        return {
            "typeName": self.name,
            "description": f"Resource Type definition for {self.name}",
            "properties": {name: schemas.of(self.create_operation, name) for name in sorted(self.properties)},
            "readOnlyProperties": [f"/properties/{name}" for name in sorted(self.read_only)],
            "createOnlyProperties": [f"/properties/{name}" for name in sorted(self.create_only)],
            "primaryIdentifier": [f"/properties/{self.identifier}"],
            "additionalProperties": False,
            "tagging": {"taggable": True, "tagOnCreate": True, "tagUpdatable": True, "tagProperty": "/properties/Tags"},
            "handlers": {verb: {"permissions": []} for verb in ("create", "read", "update", "delete", "list")},
        }


_PACKAGE_CREATE_ONLY = frozenset(
    {
        *("ModelPackageGroupName", "ModelPackageDescription", "InferenceSpecification", "ValidationSpecification"),
        *("SourceAlgorithmSpecification", "MetadataProperties", "ModelMetrics", "ClientToken", "DriftCheckBaselines"),
        *("Domain", "Task", "SamplePayloadUrl", "SecurityConfig"),
    }
)
_PACKAGE_READ_ONLY = frozenset({"ModelPackageArn", "CreationTime", "ModelPackageStatus"})
_PACKAGE_MUTABLE = frozenset(
    {
        *("ModelApprovalStatus", "ApprovalDescription", "CustomerMetadataProperties", "Tags", "ModelPackageName"),
        *("AdditionalInferenceSpecifications", "AdditionalInferenceSpecificationsToAdd", "CertifyForMarketplace"),
        *("SkipModelValidation", "SourceUri", "ModelCard", "ModelPackageVersion", "LastModifiedTime"),
        "ModelPackageStatusDetails",
    }
)


def _create_package(ask: Ask, desired: dict[str, Any]) -> str:
    """CreateModelPackage takes what it knows; an approval's description can be given only afterwards."""
    later = {"ApprovalDescription", "AdditionalInferenceSpecificationsToAdd", "ModelPackageVersion", "LastModifiedTime"}
    given = {key: value for key, value in desired.items() if key not in later | {"ModelPackageStatusDetails"}}
    arn = str(ask("CreateModelPackage", given)["ModelPackageArn"])
    if desired.get("ApprovalDescription"):
        ask("UpdateModelPackage", {"ModelPackageArn": arn, "ApprovalDescription": desired["ApprovalDescription"]})
    return arn


def _read_package(ask: Ask, arn: str) -> dict[str, Any]:
    found = ask("DescribeModelPackage", {"ModelPackageName": arn})
    properties = {key: value for key, value in found.items() if key in _PACKAGE_CREATE_ONLY | _PACKAGE_READ_ONLY}
    properties |= {key: value for key, value in found.items() if key in _PACKAGE_MUTABLE}
    for time in ("CreationTime", "LastModifiedTime"):
        if time in properties:
            properties[time] = _date(properties[time])
    if found.get("ModelPackageName"):
        properties["Tags"] = ask("ListTags", {"ResourceArn": arn})["Tags"]
    return properties


def _update_package(ask: Ask, arn: str, before: dict[str, Any], desired: dict[str, Any]) -> None:
    metadata = desired.get("CustomerMetadataProperties") or {}
    removed = [key for key in before.get("CustomerMetadataProperties") or {} if key not in metadata]
    change: dict[str, Any] = {"ModelPackageArn": arn}
    for key in ("ModelApprovalStatus", "ApprovalDescription", "SourceUri", "ModelCard"):
        if desired.get(key) is not None:
            change[key] = desired[key]
    if metadata:
        change["CustomerMetadataProperties"] = metadata
    if removed:
        change["CustomerMetadataPropertiesToRemove"] = removed
    if desired.get("AdditionalInferenceSpecificationsToAdd"):
        change["AdditionalInferenceSpecificationsToAdd"] = desired["AdditionalInferenceSpecificationsToAdd"]
    ask("UpdateModelPackage", change)


def _list_packages(ask: Ask, model: dict[str, Any]) -> list[str]:
    group = model.get("ModelPackageGroupName")
    about: dict[str, Any] = {"ModelPackageGroupName": group} if group else {"ModelPackageType": "Both"}
    return _all(ask, "ListModelPackages", about, "ModelPackageSummaryList", "ModelPackageArn")


_GROUP_CREATE_ONLY = frozenset({"ModelPackageGroupName", "ModelPackageGroupDescription"})
_GROUP_READ_ONLY = frozenset({"ModelPackageGroupArn", "CreationTime", "ModelPackageGroupStatus"})
_GROUP_MUTABLE = frozenset({"Tags", "ModelPackageGroupPolicy"})


def _create_group(ask: Ask, desired: dict[str, Any]) -> str:
    given = {key: value for key, value in desired.items() if key != "ModelPackageGroupPolicy"}
    arn = str(ask("CreateModelPackageGroup", given)["ModelPackageGroupArn"])
    if desired.get("ModelPackageGroupPolicy"):
        _put_policy(ask, desired["ModelPackageGroupName"], desired["ModelPackageGroupPolicy"])
    return arn


def _put_policy(ask: Ask, name: str, policy: Any) -> None:
    text = policy if isinstance(policy, str) else json.dumps(policy)
    ask("PutModelPackageGroupPolicy", {"ModelPackageGroupName": name, "ResourcePolicy": text})


def _read_group(ask: Ask, arn: str) -> dict[str, Any]:
    found = ask("DescribeModelPackageGroup", {"ModelPackageGroupName": arn})
    properties = {key: value for key, value in found.items() if key in _GROUP_CREATE_ONLY | _GROUP_READ_ONLY}
    properties["CreationTime"] = _date(properties["CreationTime"])
    properties["Tags"] = ask("ListTags", {"ResourceArn": arn})["Tags"]
    return properties


def _update_group(ask: Ask, arn: str, before: dict[str, Any], desired: dict[str, Any]) -> None:
    tags = {tag["Key"]: tag["Value"] for tag in desired.get("Tags") or []}
    gone = [tag["Key"] for tag in before.get("Tags") or [] if tag["Key"] not in tags]
    if gone:
        ask("DeleteTags", {"ResourceArn": arn, "TagKeys": gone})
    if tags:
        ask("AddTags", {"ResourceArn": arn, "Tags": desired["Tags"]})
    if desired.get("ModelPackageGroupPolicy"):
        _put_policy(ask, before["ModelPackageGroupName"], desired["ModelPackageGroupPolicy"])


def _list_groups(ask: Ask, _: dict[str, Any]) -> list[str]:
    return _all(ask, "ListModelPackageGroups", {}, "ModelPackageGroupSummaryList", "ModelPackageGroupArn")


def _all(ask: Ask, operation: str, about: dict[str, Any], entries: str, name: str) -> list[str]:
    found: list[str] = []
    token = None
    while True:
        page = ask(operation, {**about, "MaxResults": 100, **({"NextToken": token} if token else {})})
        found += [str(entry[name]) for entry in page[entries]]
        token = page.get("NextToken")
        if not token:
            return found


def _date(seconds: float) -> str:
    moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=seconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "AWS::SageMaker::ModelPackage",
            "ModelPackageArn",
            _PACKAGE_CREATE_ONLY | _PACKAGE_READ_ONLY | _PACKAGE_MUTABLE,
            _PACKAGE_READ_ONLY,
            _PACKAGE_CREATE_ONLY,
            _create_package,
            _read_package,
            _update_package,
            lambda ask, arn: _nothing(ask("DeleteModelPackage", {"ModelPackageName": arn})),
            _list_packages,
            "CreateModelPackage",
        ),
        Kind(
            "AWS::SageMaker::ModelPackageGroup",
            "ModelPackageGroupArn",
            _GROUP_CREATE_ONLY | _GROUP_READ_ONLY | _GROUP_MUTABLE,
            _GROUP_READ_ONLY,
            _GROUP_CREATE_ONLY,
            _create_group,
            _read_group,
            _update_group,
            lambda ask, arn: _nothing(ask("DeleteModelPackageGroup", {"ModelPackageGroupName": arn})),
            _list_groups,
            "CreateModelPackageGroup",
        ),
    )
}


def _nothing(_: dict[str, Any]) -> None:
    return None
