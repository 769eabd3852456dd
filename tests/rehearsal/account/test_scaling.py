"""Autoscaling that acts at any moment, within what its targets allow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from account_world import put_configuration, put_ground, put_model, wait
from botocore.exceptions import ClientError

from rehearsal.account import AccountError

if TYPE_CHECKING:
    from account_world import World


def test_autoscaling_changes_the_instances_within_its_target(world: World) -> None:
    """Without a target it can't; with one it goes Updating and InService with other instances, never beyond."""
    ground = put_ground(world, "scaled")
    put_model(world, ground, "scaled")
    put_configuration(world, "scaled", "scaled")
    world.sagemaker.create_endpoint(EndpointName="scaled", EndpointConfigName="scaled")
    wait(world, "scaled", "InService")
    with pytest.raises(AccountError, match="scalable target"):
        world.account.scale("scaled", "main", 3)
    world.client("application-autoscaling").register_scalable_target(
        ServiceNamespace="sagemaker", ResourceId="endpoint/scaled/variant/main",
        ScalableDimension="sagemaker:variant:DesiredInstanceCount", MinCapacity=1, MaxCapacity=4,
    )  # fmt: skip
    with pytest.raises(AccountError, match="allows 1 to 4"):
        world.account.scale("scaled", "main", 5)
    begun = world.account.scale("scaled", "main", 3)
    with pytest.raises(AccountError, match="waits"):
        world.account.scale("scaled", "main", 2)
    ended = wait(world, "scaled", "InService")

    assert begun["status"] == "Updating"
    assert [variant["CurrentInstanceCount"] for variant in ended["ProductionVariants"]] == [3]


def test_a_scalable_target_keeps_its_variant_and_its_instance_type(world: World) -> None:
    """Another model is no matter; another type is refused until the target is gone; a deletion takes it away."""
    ground = put_ground(world, "kept")
    for name in ("kept", "kept-other"):
        put_model(world, ground, name)
        put_configuration(world, name, name)
    put_configuration(world, "kept-larger", "kept", variant={"InstanceType": "ml.m5.xlarge"})
    world.sagemaker.create_endpoint(EndpointName="kept", EndpointConfigName="kept")
    wait(world, "kept", "InService")
    scaling = world.client("application-autoscaling")
    resource = {"ServiceNamespace": "sagemaker", "ResourceId": "endpoint/kept/variant/main"}
    dimension = {"ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}
    scaling.register_scalable_target(**resource, **dimension, MinCapacity=1, MaxCapacity=4)
    world.sagemaker.update_endpoint(EndpointName="kept", EndpointConfigName="kept-other")
    wait(world, "kept", "InService")
    with pytest.raises(ClientError, match="must be deregistered as scalable targets"):
        world.sagemaker.update_endpoint(EndpointName="kept", EndpointConfigName="kept-larger")
    scaling.deregister_scalable_target(**resource, **dimension)
    world.sagemaker.update_endpoint(EndpointName="kept", EndpointConfigName="kept-larger")
    wait(world, "kept", "InService")
    scaling.register_scalable_target(**resource, **dimension, MinCapacity=1, MaxCapacity=4)
    world.sagemaker.delete_endpoint(EndpointName="kept")
    left = scaling.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=["endpoint/kept/variant/main"])

    assert left["ScalableTargets"] == []
