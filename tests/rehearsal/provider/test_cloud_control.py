"""`aws.cloudcontrol.Resource` as pulumi-aws plans it: what replaces, what it takes for an update, what it refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from provider_client import InitialisationFailed

from rehearsal.provider import json_patch

if TYPE_CHECKING:
    from provider_client import Engine, Resource
    from provider_world import World

TOKEN = "aws:cloudcontrol/resource:Resource"
PACKAGE = "AWS::SageMaker::ModelPackage"


def state(world: World, image: str | None = None, **more: Any) -> dict[str, Any]:
    """A version's desired state."""
    specification = {
        "Containers": [{"Image": image or world.image}],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    }
    return {"ModelPackageGroupName": world.package_group.id, "InferenceSpecification": specification, **more}


def inputs(desired: dict[str, Any]) -> dict[str, Any]:
    """The resource's inputs."""
    return {"typeName": PACKAGE, "desiredState": json.dumps(desired)}


@pytest.fixture(scope="module")
def version(engine: Engine, world: World) -> Resource:
    """A registered version."""
    return engine.create(TOKEN, "version", inputs(state(world, ModelPackageDescription="first")))


def test_a_create_only_property_that_changes_as_a_whole_replaces(
    version: Resource, engine: Engine, world: World
) -> None:
    difference = engine.diff(version, inputs(state(world, ModelPackageDescription="second")))

    assert list(difference.replaces) == ["desiredState"]


def test_a_change_inside_a_create_only_object_is_planned_in_place_and_refused_when_it_is_made(
    version: Resource, engine: Engine, world: World
) -> None:
    """The provider compares paths for equality: /InferenceSpecification/Containers/0/Image is none of them."""
    wanted = inputs(state(world, world.push("second"), ModelPackageDescription="first"))

    difference = engine.diff(version, wanted)
    with pytest.raises(InitialisationFailed) as refused:
        engine.update(version, wanted)

    assert list(difference.replaces) == []
    assert list(difference.diffs) == ["desiredState"]
    assert "NotUpdatableException" in str(refused.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ModelApproval": "Approved"}, "ModelApproval"),
        ({"ModelPackageArn": "arn:aws:sagemaker:eu-central-1:111122223333:model-package/world/1"}, "read-only"),
        ({"ModelApprovalStatus": "Perhaps"}, "ModelApprovalStatus"),
    ],
)
def test_a_desired_state_that_the_schema_does_not_allow_is_refused_in_the_preview(
    engine: Engine, world: World, change: dict[str, Any], words: str
) -> None:
    checked = inputs(state(world, **change))

    with pytest.raises(grpc.RpcError) as refused:
        engine.preview(TOKEN, "wrong", checked)

    assert words in str(refused.value)


def test_a_creation_that_the_account_refuses_says_why(engine: Engine, world: World) -> None:
    desired = state(world) | {"ModelPackageGroupName": "nowhere"}

    with pytest.raises(grpc.RpcError) as refused:
        engine.create(TOKEN, "lost", inputs(desired))

    assert "NotFound" in str(refused.value)
    assert "nowhere does not exist" in str(refused.value)


@pytest.mark.parametrize(
    ("old", "new", "paths"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": {"b": 1}}, {"a": {"b": 2, "c": 3}}, ["/a/b", "/a/c"]),
        ({"a": [1, 2, 3]}, {"a": [1]}, ["/a/2", "/a/1"]),
        ({"a": [1]}, {"a": [1, {"x": 1}]}, ["/a/1"]),
        ({"a/b": 1, "c": 2}, {"a/b": 2}, ["/a~1b", "/c"]),
        ({"a": True}, {"a": 1}, ["/a"]),
    ],
)
def test_a_patch_names_the_deepest_paths_that_differ(old: Any, new: Any, paths: list[str]) -> None:
    assert [piece["path"] for piece in json_patch.between(old, new)] == paths
