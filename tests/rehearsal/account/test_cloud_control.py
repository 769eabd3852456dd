"""Cloud Control: a model version made, read, changed and deleted through the one interface."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from account_world import World

PACKAGE = "AWS::SageMaker::ModelPackage"
SPECIFICATION = {
    "Containers": [{"Image": "registry.example/trees:1"}],
    "SupportedContentTypes": ["text/csv"],
    "SupportedResponseMIMETypes": ["text/csv"],
}


def create(world: World, kind: str, **state: Any) -> dict[str, Any]:
    """How a creation ended."""
    client = world.client("cloudcontrol")
    begun = client.create_resource(TypeName=kind, DesiredState=json.dumps(state))["ProgressEvent"]
    return dict(client.get_resource_request_status(RequestToken=begun["RequestToken"])["ProgressEvent"])


def change(world: World, identifier: str, *operations: dict[str, Any]) -> dict[str, Any]:
    """How an update ended."""
    client = world.client("cloudcontrol")
    begun = client.update_resource(TypeName=PACKAGE, Identifier=identifier, PatchDocument=json.dumps(operations))
    token = begun["ProgressEvent"]["RequestToken"]
    return dict(client.get_resource_request_status(RequestToken=token)["ProgressEvent"])


def properties(world: World, identifier: str, kind: str = PACKAGE) -> dict[str, Any]:
    """What GetResource says of it."""
    found = world.client("cloudcontrol").get_resource(TypeName=kind, Identifier=identifier)
    return dict(json.loads(found["ResourceDescription"]["Properties"]))


@pytest.fixture(scope="module")
def group(world: World) -> str:
    """A group to register in."""
    world.sagemaker.create_model_package_group(ModelPackageGroupName="controlled")
    return "controlled"


def test_a_version_lives_through_cloud_control(world: World, group: str) -> None:
    """A version is created, approved in place, listed, deleted; then it isn't found."""
    client = world.client("cloudcontrol")
    made = create(world, PACKAGE, ModelPackageGroupName=group, InferenceSpecification=SPECIFICATION)
    arn = made["Identifier"]
    approved = change(
        world,
        arn,
        {"op": "replace", "path": "/ModelApprovalStatus", "value": "Approved"},
        {"op": "add", "path": "/ApprovalDescription", "value": "seen"},
    )
    model = json.dumps({"ModelPackageGroupName": group})
    listed = client.list_resources(TypeName=PACKAGE, ResourceModel=model)["ResourceDescriptions"]
    seen = properties(world, arn)
    deleted = client.delete_resource(TypeName=PACKAGE, Identifier=arn)["ProgressEvent"]
    with pytest.raises(ClientError) as gone:
        properties(world, arn)

    assert (made["OperationStatus"], approved["OperationStatus"]) == ("SUCCESS", "SUCCESS")
    assert (seen["ModelApprovalStatus"], seen["ApprovalDescription"]) == ("Approved", "seen")
    assert seen["ModelPackageVersion"] == 1
    assert arn in [entry["Identifier"] for entry in listed]
    assert deleted["OperationStatus"] == "IN_PROGRESS"
    assert gone.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_what_is_create_only_cannot_be_patched(world: World, group: str) -> None:
    """A patch of the inference specification is refused at once, and nothing changes."""
    arn = create(world, PACKAGE, ModelPackageGroupName=group, InferenceSpecification=SPECIFICATION)["Identifier"]
    with pytest.raises(ClientError) as refused:
        change(world, arn, {"op": "replace", "path": "/InferenceSpecification/Containers/0/Image", "value": "other"})

    assert refused.value.response["Error"]["Code"] == "NotUpdatableException"
    assert "/properties/InferenceSpecification" in refused.value.response["Error"]["Message"]
    assert properties(world, arn)["InferenceSpecification"]["Containers"][0]["Image"] == "registry.example/trees:1"


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ({"ModelPackageGroupName": "nowhere", "InferenceSpecification": SPECIFICATION}, "NotFound"),
        ({"ModelPackageGroupName": "controlled", "Invented": 1}, "InvalidRequest"),
        ({"ModelPackageGroupName": "controlled", "ModelPackageArn": "arn:x"}, "InvalidRequest"),
        ({"ModelPackageGroupName": "controlled", "InferenceSpecification": {"Containers": []}}, "InvalidRequest"),
    ],
)
def test_a_creation_that_fails_says_why(world: World, group: str, state: dict[str, Any], code: str) -> None:
    """The request ends FAILED with the handler's error code and its words."""
    failed = create(world, PACKAGE, **state)

    assert (failed["OperationStatus"], failed["ErrorCode"]) == ("FAILED", code)
    assert failed["StatusMessage"]


def test_a_fault_of_sagemaker_hits_cloud_control(world: World, group: str) -> None:
    """access-denied:CreateModelPackage is what the handler meets."""
    world.account.arm("access-denied:CreateModelPackage")
    failed = create(world, PACKAGE, ModelPackageGroupName=group, InferenceSpecification=SPECIFICATION)

    assert (failed["OperationStatus"], failed["ErrorCode"]) == ("FAILED", "AccessDenied")


def test_the_registry_of_types_has_the_schema(world: World) -> None:
    """DescribeType tells what can't be changed; a type that isn't there is named as a gap."""
    found = world.client("cloudformation").describe_type(Type="RESOURCE", TypeName=PACKAGE)
    schema = json.loads(found["Schema"])
    with pytest.raises(ClientError) as gap:
        create(world, "AWS::SageMaker::InferenceComponent")

    assert schema["primaryIdentifier"] == ["/properties/ModelPackageArn"]
    assert "/properties/InferenceSpecification" in schema["createOnlyProperties"]
    assert gap.value.response["Error"]["Code"] == "NotImplemented"


def test_groups_too(world: World) -> None:
    """A group with its policy through Cloud Control; the policy is SageMaker's."""
    arn = "arn:aws:sagemaker:eu-west-1:111122223333:model-package-group/by-control"
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sagemaker:*", "Resource": arn}
    made = create(
        world,
        "AWS::SageMaker::ModelPackageGroup",
        ModelPackageGroupName="by-control",
        ModelPackageGroupPolicy={"Version": "2012-10-17", "Statement": [statement]},
    )
    policy = world.sagemaker.get_model_package_group_policy(ModelPackageGroupName="by-control")["ResourcePolicy"]

    assert made["Identifier"] == arn
    assert json.loads(policy)["Statement"] == [statement]
