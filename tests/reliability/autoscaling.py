"""Somebody lets Application Auto Scaling scale an endpoint, beside the stack; and it acts when it likes.

The program has no setting for it: a target is registered for the endpoint's variant from outside, as the console does.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from components.realtime_endpoint import VARIANT
from rehearsal.account import AccountError

if TYPE_CHECKING:
    from worlds import World

SERVICE, DIMENSION = "sagemaker", "sagemaker:variant:DesiredInstanceCount"
LEAST, MOST = 1, 4


def _resource(endpoint: str) -> str:
    return f"endpoint/{endpoint}/variant/{VARIANT}"


def is_on(world: World, endpoint: str) -> bool:
    """Whether the endpoint's variant is a scalable target."""
    asked = {"ServiceNamespace": SERVICE, "ResourceIds": [_resource(endpoint)]}
    return bool(world.client("application-autoscaling").describe_scalable_targets(**asked)["ScalableTargets"])


def turn(world: World, endpoint: str, *, on: bool) -> None:
    """Register the variant as a scalable target, or deregister it."""
    client = world.client("application-autoscaling")
    named = {"ServiceNamespace": SERVICE, "ResourceId": _resource(endpoint), "ScalableDimension": DIMENSION}
    if on:
        client.register_scalable_target(**named, MinCapacity=LEAST, MaxCapacity=MOST)
    else:
        client.deregister_scalable_target(**named)


def act(world: World, endpoint: str, count: int) -> None:
    """Autoscaling brings the variant to so many instances, if it can just now."""
    with contextlib.suppress(AccountError):  # the endpoint is being updated, or is gone: it waits then
        world.account.scale(endpoint, VARIANT, count)
