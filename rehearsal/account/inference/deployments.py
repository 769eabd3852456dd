"""What happens to an endpoint in time: phases that end at a virtual time, and how each of them ends.

Statuses and their order are DescribeEndpoint's (API reference, EndpointStatus; Developer Guide, "Deployment
guardrails"). The durations are the emulation's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.account.dependencies import examine
from rehearsal.account.errors import invalid
from rehearsal.account.holdings import image_reference
from rehearsal.account.inference.records import IN_SERVICE, DeployedImage, Deployment, Endpoint, Fleet, Variant
from rehearsal.account.reach import Reader

if TYPE_CHECKING:
    from rehearsal.account.inference.records import Configuration
    from rehearsal.account.inference.service import Inference

CREATE_SECONDS = 180.0
UPDATE_SECONDS = 240.0
ROLL_BACK_SECONDS = 120.0
CAPACITY_SECONDS = 60.0
DELETE_SECONDS = 60.0
SLOW_SECONDS = 3600.0

# Words of SageMaker's FailureReason as users report it.
NO_CAPACITY = (
    "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error. Please retry using a "
    "different ML instance type or after some time."
)
UNHEALTHY = (
    "The primary container for production variant {variant} did not pass the ping health check. Please check "
    "CloudWatch logs for this endpoint."
)


def start_fleet(inference: Inference, configuration: Configuration, at: float, kept: dict[str, Variant]) -> Fleet:
    """The fleet that a configuration asks for, images resolved now.

    Args:
        inference: the emulated SageMaker.
        configuration: what is to run.
        at: virtual time.
        kept: variants whose present scale is retained (UpdateEndpoint, RetainAllVariantProperties), by name.

    """
    variants = []
    for shadow, definition in configuration.variants():
        model = inference.models(configuration.region).get(definition.get("ModelName", ""))
        count, weight = definition.get("InitialInstanceCount"), float(definition.get("InitialVariantWeight", 1.0))
        retained = kept.get(definition["VariantName"])
        if retained is not None:
            count = retained.desired_count if retained.desired_count is not None else count
            weight = retained.desired_weight
        images = [_resolve(inference, container, at) for container in (model.containers if model else [])]
        variants.append(Variant(definition, shadow, model, images, count, weight, count, weight))
    return Fleet(configuration, variants)


def _resolve(inference: Inference, container: dict[str, Any], at: float) -> DeployedImage:
    specified = container.get("Image", "")
    reference = image_reference(specified)
    if reference is None:
        return DeployedImage(specified, None, at)
    found = Reader(inference.holdings, None).image(reference, specified, ())
    digest = reference.digest if found is None else found["digest"]
    return DeployedImage(specified, reference.resolved(digest) if digest else None, at)


def seconds_for(config: dict[str, Any] | None, fleet: Fleet) -> float:
    """How long a roll-out takes: the emulation's own time and the waits that its DeploymentConfig asks for.

    Sources: CreateEndpoint, DeploymentConfig: TrafficRoutingConfig.WaitIntervalInSeconds, TerminationWaitInSeconds,
    RollingUpdatePolicy.WaitIntervalInSeconds.
    """
    blue_green = (config or {}).get("BlueGreenUpdatePolicy") or {}
    rolling = (config or {}).get("RollingUpdatePolicy") or {}
    routing = blue_green.get("TrafficRoutingConfiguration") or {}
    wait = float(routing.get("WaitIntervalInSeconds", 0))
    steps = {"CANARY": 2, "LINEAR": _steps(routing.get("LinearStepSize"), fleet)}.get(routing.get("Type", ""), 1)
    waits = wait * steps + float(blue_green.get("TerminationWaitInSeconds", 0))
    if rolling:
        waits += float(rolling.get("WaitIntervalInSeconds", 0)) * _steps(rolling.get("MaximumBatchSize"), fleet)
    return UPDATE_SECONDS + waits


def _steps(size: dict[str, Any] | None, fleet: Fleet) -> int:
    if not size or not size.get("Value"):
        return 1
    total = (
        sum(variant.desired_count or 1 for variant in fleet.variants) if size.get("Type") == "INSTANCE_COUNT" else 100
    )
    return max(1, -(-total // int(size["Value"])))


def check_config(config: dict[str, Any] | None) -> None:
    """Refuses a DeploymentConfig that contradicts itself.

    Sources: DeploymentConfig ("only one update policy"), MaximumExecutionTimeoutInSeconds ("must be larger than the sum
    of TerminationWaitInSeconds and the wait interval") of the API reference.
    """
    if not config:
        return
    blue_green, rolling = config.get("BlueGreenUpdatePolicy"), config.get("RollingUpdatePolicy")
    if blue_green and rolling:
        raise invalid("Only one of BlueGreenUpdatePolicy and RollingUpdatePolicy can be specified in DeploymentConfig.")
    if blue_green:
        routing = blue_green["TrafficRoutingConfiguration"]
        waits = routing.get("WaitIntervalInSeconds", 0) + blue_green.get("TerminationWaitInSeconds", 0)
        longest = blue_green.get("MaximumExecutionTimeoutInSeconds")
        if longest is not None and longest <= waits:
            raise invalid(
                f"MaximumExecutionTimeoutInSeconds ({longest}) must be greater than the sum of WaitIntervalInSeconds "
                f"and TerminationWaitInSeconds ({waits})."
            )


def settle(inference: Inference, now: float) -> bool:
    """Lets everything happen that is due at `now`, in the order of its times; returns whether anything did."""
    happened = False
    while True:
        due = [
            endpoint for endpoint in inference.all_endpoints() if endpoint.deployment and endpoint.deployment.due <= now
        ]
        if not due:
            return happened
        endpoint = min(due, key=lambda each: (each.deployment.due if each.deployment else 0.0, each.arn))
        deployment = endpoint.deployment
        if deployment is not None:
            _END[deployment.kind](inference, endpoint, deployment)
        happened = True


def _end_create(inference: Inference, endpoint: Endpoint, deployment: Deployment) -> None:
    failure = _failure(inference, deployment)
    endpoint.deployment = None
    endpoint.fleet = deployment.fleet
    endpoint.modified = deployment.due
    endpoint.status, endpoint.failure_reason = ("Failed", failure) if failure else (IN_SERVICE, None)


def _end_update(inference: Inference, endpoint: Endpoint, deployment: Deployment) -> None:
    endpoint.modified = deployment.due
    if deployment.rolling_back:
        _end_roll_back(inference, endpoint, deployment)
        return
    deployment.failure = _failure(inference, deployment)
    if deployment.failure:
        endpoint.status = "RollingBack"
        deployment.rolling_back = True
        deployment.due += ROLL_BACK_SECONDS
        return
    endpoint.deployment = None
    endpoint.status, endpoint.failure_reason = IN_SERVICE, None
    if deployment.fault == "silent-roll-back" or deployment.fleet is None:
        return
    endpoint.fleet = deployment.fleet
    endpoint.configuration = deployment.fleet.configuration.name


def _end_roll_back(inference: Inference, endpoint: Endpoint, deployment: Deployment) -> None:
    """Back on the old fleet; a rolling update that can't start old instances again ends UpdateRollbackFailed.

    Source: DescribeEndpoint, EndpointStatus: "UpdateRollbackFailed: Both the rolling deployment and auto-rollback
    failed. Your endpoint is in service with a mix of the old and new endpoint configurations."
    """
    endpoint.deployment = None
    endpoint.failure_reason = deployment.failure
    rolling = bool((deployment.config or {}).get("RollingUpdatePolicy"))
    broken = examine(inference.holdings, endpoint.fleet, inference.models(endpoint.region)) if endpoint.fleet else []
    endpoint.status = "UpdateRollbackFailed" if rolling and broken else IN_SERVICE


def _end_capacity(_: Inference, endpoint: Endpoint, deployment: Deployment) -> None:
    for variant in endpoint.fleet.variants if endpoint.fleet else []:
        variant.count, variant.weight = variant.desired_count, variant.desired_weight
    endpoint.deployment = None
    endpoint.status = IN_SERVICE
    endpoint.modified = deployment.due


def _end_delete(inference: Inference, endpoint: Endpoint, _: Deployment) -> None:
    inference.endpoints(endpoint.region).pop(endpoint.name)


_END = {
    "create": _end_create,
    "update": _end_update,
    "capacity": _end_capacity,
    "patch": _end_capacity,
    "delete": _end_delete,
}


def _failure(inference: Inference, deployment: Deployment) -> str | None:
    """Why a roll-out fails, or None: a fault, a broken dependency, or an alarm of its auto roll-back."""
    if deployment.failure:
        return deployment.failure
    if deployment.fault == "capacity-error":
        return NO_CAPACITY
    fleet = deployment.fleet
    if deployment.fault in ("visible-roll-back", "create-fails") and fleet is not None:
        return UNHEALTHY.format(variant=fleet.variants[0].name)
    if fleet is None:
        return None
    problems = examine(inference.holdings, fleet, inference.models(fleet.configuration.region))
    if problems:
        return problems[0].reason
    return _alarm(inference, deployment, fleet)


def _alarm(inference: Inference, deployment: Deployment, fleet: Fleet) -> str | None:
    """An alarm of AutoRollbackConfiguration that is in ALARM when the roll-out ends."""
    for entry in ((deployment.config or {}).get("AutoRollbackConfiguration") or {}).get("Alarms") or []:
        alarm = inference.holdings.alarm(entry["AlarmName"], fleet.configuration.region)
        if alarm is not None and alarm.state_value == "ALARM":
            return f"One or more auto rollback alarms went into ALARM state: [{entry['AlarmName']}]."
    return None


def broken_now(inference: Inference, fleet: Fleet) -> str | None:
    """The reason why a fleet can't be started as things stand, or None."""
    problems = examine(inference.holdings, fleet, inference.models(fleet.configuration.region))
    return problems[0].reason if problems else None
