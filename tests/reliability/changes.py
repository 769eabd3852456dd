"""What a history can do to a stack: changes of its settings, and what can go wrong meanwhile."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from worlds import Ground

Settings = dict[str, str]

NARROW = json.dumps(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}}
)


@dataclass(frozen=True)
class Change:
    """One kind of change.

    Attributes:
        name: what it is called in reports.
        settings: from the settings so far, what there is to deploy from and a source of choices, the new values.
        harmless: nobody has a reason to refuse it; False: the program may refuse it, and must then leave all as it was.

    """

    name: str
    settings: Callable[[Settings, Ground, Random], Settings]
    harmless: bool = True


def _other(settings: Settings, key: str, values: list[str], random: Random) -> Settings:
    return {key: random.choice([value for value in values if value != settings.get(key)])}


def _network(settings: Settings, ground: Ground, random: Random) -> Settings:
    if settings.get("subnets"):
        return {"subnets": "", "securityGroups": ""} | _without_registry(settings, ground, random)
    count = random.randint(1, len(ground.subnets))
    return {"subnets": json.dumps(ground.subnets[:count]), "securityGroups": json.dumps([ground.group])}


def _version(settings: Settings, ground: Ground, random: Random) -> Settings:
    """A version of the Model Registry in the place of image and artifact, which it has itself, like its variables."""
    version = _other(settings, "modelPackage", list(ground.versions), random)
    return version | dict.fromkeys(_OF_IMAGES, "") | {"registry": ""}


def _without_version(settings: Settings, ground: Ground, random: Random) -> Settings:
    if not settings.get("modelPackage"):
        return {}
    return {"modelPackage": "", "image": random.choice(ground.images), "artifact": ground.artifacts[0]}


def _without_registry(settings: Settings, ground: Ground, random: Random) -> Settings:
    if not settings.get("registry"):
        return {}
    return {"registry": "", "image": random.choice(ground.images)}


def _registry(settings: Settings, ground: Ground, random: Random) -> Settings:
    """An image of a private registry, whose access the stack makes; or another one, or one of Amazon ECR again."""
    if settings.get("registry") and random.random() < 0.5:
        return _without_registry(settings, ground, random)
    image = _other(settings, "image", list(ground.private_images), random)
    network = {"subnets": json.dumps(ground.subnets), "securityGroups": json.dumps([ground.group])}
    registry = {"authentication": "basic", "secret": ground.secret, "network": ground.registry_group}
    return _without_version(settings, ground, random) | image | network | {"registry": json.dumps(registry)}


def _of_image(key: str, choose: Callable[[Ground], list[str]]) -> Callable[[Settings, Ground, Random], Settings]:
    """A change of what only a stack without a version has."""

    def change(settings: Settings, ground: Ground, random: Random) -> Settings:
        stays = key != "image" and settings.get("registry")  # a private image may have another artifact or variables
        elsewhere = {} if stays else _without_registry(settings, ground, random)
        return elsewhere | _without_version(settings, ground, random) | _other(settings, key, choose(ground), random)

    return change


_OF_IMAGES = ("image", "artifact", "environment")
CHANGES = {
    change.name: change
    for change in (
        Change("image", _of_image("image", lambda g: list(g.images))),
        Change("artifact", _of_image("artifact", lambda g: list(g.artifacts))),
        Change("variables", _of_image("environment", lambda _: [json.dumps({"LEVEL": str(n)}) for n in range(4)])),
        Change("model version", _version),
        Change("private registry", _registry),
        Change(
            "instance type",
            lambda s, _, r: _other(s, "instanceType", ["ml.m5.large", "ml.c5.xlarge", "ml.g5.xlarge"], r),
        ),
        Change("instance count", lambda s, _, r: _other(s, "instanceCount", ["1", "2", "3"], r)),
        Change("subnets", _network),
        Change(
            "image and variables", lambda s, g, r: CHANGES["image"].settings(s, g, r) | {"environment": '{"A": "b"}'}
        ),
        Change("key", lambda s, g, r: _other(s, "key", ["own", "none", g.key], r), harmless=False),
        Change("key disabled", lambda *_: {"keyEnabled": "false"}, harmless=False),
        Change("narrowed rights", lambda *_: {"permissions": "{narrow}"}, harmless=False),
        Change("rename", lambda s, _, r: _other(s, "name", ["decision-trees", "decision-trees-b"], r), harmless=False),
    )
}

FAULTS: tuple[str, ...] = (
    *("silent-roll-back", "visible-roll-back", "capacity-error", "throttling", "lost-response", "eventual-consistency"),
    "role-not-visible",
    *("access-denied:UpdateEndpoint", "access-denied:CreateModel", "access-denied:CreateEndpointConfig"),
    *("access-denied:DeleteModel", "access-denied:DeleteEndpointConfig", "access-denied:PutRolePolicy"),
)
