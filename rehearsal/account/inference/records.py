"""What the emulated SageMaker remembers: models, configurations, endpoints, packages, what runs and what is under way.

Times are virtual seconds since 1970-01-01 UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

IN_SERVICE = "InService"


@dataclass
class Tagged:
    """Something with an ARN and tags."""

    name: str
    arn: str
    region: str
    created: float
    tags: dict[str, str] = field(default_factory=dict)


@dataclass
class Model(Tagged):
    """A model: the request that made it. `serial` tells it from one made later under the same name.

    `packaged` are the containers that a model package gave it, as they were when the model was made.
    """

    definition: dict[str, Any] = field(default_factory=dict)
    serial: int = 0
    packaged: list[dict[str, Any]] = field(default_factory=list)

    @property
    def containers(self) -> list[dict[str, Any]]:
        """Its container definitions: a package's, or its own, one or an inference pipeline's."""
        if self.packaged:
            return self.packaged
        primary = self.definition.get("PrimaryContainer")
        return [primary] if primary else list(self.definition.get("Containers") or [])


@dataclass
class Configuration(Tagged):
    """An endpoint configuration: the request that made it, and a serial as the model has one."""

    definition: dict[str, Any] = field(default_factory=dict)
    serial: int = 0

    def variants(self) -> list[tuple[bool, dict[str, Any]]]:
        """Its variants, each with whether it is a shadow variant."""
        production = [(False, variant) for variant in self.definition.get("ProductionVariants") or []]
        return production + [(True, variant) for variant in self.definition.get("ShadowProductionVariants") or []]


@dataclass
class DeployedImage:
    """One container's image as it was resolved when its instances were started (DescribeEndpoint, DeployedImages)."""

    specified: str
    resolved: str | None
    at: float


@dataclass
class Variant:
    """A variant as it runs: its definition, the model it was started from, its images, and its scale."""

    definition: dict[str, Any]
    shadow: bool
    model: Model | None
    images: list[DeployedImage]
    count: int | None
    weight: float
    desired_count: int | None
    desired_weight: float

    @property
    def name(self) -> str:
        """Name of the variant."""
        return str(self.definition["VariantName"])


@dataclass
class Fleet:
    """What runs behind an endpoint: started from one configuration at one time."""

    configuration: Configuration
    variants: list[Variant]


@dataclass
class Deployment:
    """A change of an endpoint that is under way.

    Attributes:
        kind: create, update, capacity, patch or delete.
        fleet: what is being started (create and update), else None.
        started: when it began.
        due: when its present phase ends.
        rolling_back: whether that phase is the roll-back.
        config: the DeploymentConfig it follows, if one was given or retained.
        fault: name of the fault that was consumed by it.
        failure: why it fails, once that is known.
        capacities: for kind capacity: per variant, the desired weight and count.

    """

    kind: str
    fleet: Fleet | None
    started: float
    due: float
    rolling_back: bool = False
    config: dict[str, Any] | None = None
    fault: str | None = None
    failure: str | None = None
    capacities: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass
class Endpoint(Tagged):
    """An endpoint: the configuration name it answers to, what runs, its status, and what is under way."""

    configuration: str = ""
    status: str = "Creating"
    modified: float = 0.0
    fleet: Fleet | None = None
    failure_reason: str | None = None
    deployment: Deployment | None = None
    last_deployment_config: dict[str, Any] | None = None


@dataclass
class PackageGroup(Tagged):
    """A model package group: its description, its resource policy, and the highest version ever given in it."""

    description: str | None = None
    policy: str | None = None
    versions: int = 0


@dataclass
class Package(Tagged):
    """A model package: the request that made it, and what can change later.

    Attributes:
        definition: what CreateModelPackage was asked, without tags and token; additions of UpdateModelPackage included.
        version: its number in its group; None for a package of its own, which has a name instead.
        group: name of its group.
        approval: ModelApprovalStatus; None for a package of its own.
        approval_description: what was given with the last approval or rejection.
        modified: when it was last changed; None if it wasn't.
        token: the ClientToken that made it.

    """

    definition: dict[str, Any] = field(default_factory=dict)
    version: int | None = None
    group: str | None = None
    approval: str | None = None
    approval_description: str | None = None
    modified: float | None = None
    token: str | None = None
