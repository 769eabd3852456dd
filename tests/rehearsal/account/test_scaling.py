"""Autoscaling that acts at any moment, within what its targets allow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from account_world import put_configuration, put_ground, put_model, wait

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
