"""Autoscaling that acts: Application Auto Scaling changes a variant's instances whenever its targets let it.

And what its targets keep from happening: an update that takes the variant away or changes its instances' type.

Sources: "Automatic scaling of Amazon SageMaker AI models" (Developer Guide: the scalable dimension
`sagemaker:variant:DesiredInstanceCount`, resource id `endpoint/<name>/variant/<name>`; scaling happens within the
target's MinCapacity and MaxCapacity, and not while an endpoint is being updated), "Update or delete endpoints that use
automatic scaling" (endpoint-scaling), UpdateEndpointWeightsAndCapacities.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.account.errors import AccountError, invalid
from rehearsal.account.inference import deployments
from rehearsal.account.inference.records import IN_SERVICE, Deployment

if TYPE_CHECKING:
    from rehearsal.account.inference.records import Configuration, Endpoint
    from rehearsal.account.inference.service import Inference

DIMENSION = "sagemaker:variant:DesiredInstanceCount"


def scale(inference: Inference, at: float, name: str, variant: str, count: int) -> dict[str, Any]:
    """Lets autoscaling bring a variant to so many instances, as a load or its end would; Updating, then InService.

    Raises AccountError when autoscaling couldn't: no such endpoint or variant, no scalable target for it, a count
    outside the target's capacities, or an endpoint that isn't in service.
    """
    endpoint = next((each for each in inference.all_endpoints() if each.name == name), None)
    variants = endpoint.fleet.variants if endpoint is not None and endpoint.fleet is not None else []
    held = next((each for each in variants if each.name == variant), None)
    if endpoint is None or held is None:
        raise AccountError(f"no endpoint {name!r} has a variant {variant!r}")
    target = _target(inference.account, endpoint, variant)
    if target is None:
        raise AccountError(f"nobody registered endpoint/{name}/variant/{variant} as a scalable target ({DIMENSION})")
    if not target.min_capacity <= count <= target.max_capacity:
        raise AccountError(
            f"the scalable target of {name}/{variant} allows {target.min_capacity} to {target.max_capacity} instances, "
            f"not {count}"
        )
    if endpoint.status != IN_SERVICE or endpoint.deployment is not None:
        raise AccountError(f"autoscaling waits: endpoint {name} is {endpoint.status}")
    if held.desired_count != count:
        held.desired_count = count
        endpoint.deployment = Deployment("capacity", None, at, at + deployments.CAPACITY_SECONDS)
        endpoint.status, endpoint.modified = "Updating", at
    return {"endpoint": endpoint.arn, "variant": variant, "desired": count, "status": endpoint.status}


def _target(account: str, endpoint: Endpoint, variant: str) -> Any | None:
    from moto.applicationautoscaling.models import applicationautoscaling_backends

    backend = applicationautoscaling_backends[account][endpoint.region]
    return backend.targets.get(DIMENSION, {}).get(f"endpoint/{endpoint.name}/variant/{variant}")


def check_update(inference: Inference, endpoint: Endpoint, configuration: Configuration) -> None:
    """Refuses a configuration without a variant that is a scalable target, or with another instance type for it.

    Another model is allowed. Source: endpoint-scaling: "If the update would change the instance type for any model that
    is a target for automatic scaling, the update fails". That a variant can't be removed either, and the words, are
    assumed (docs/unverified.md).
    """
    wanted = {definition["VariantName"]: definition for _, definition in configuration.variants()}
    held = [
        variant.name
        for variant in (endpoint.fleet.variants if endpoint.fleet is not None else [])
        if _target(inference.account, endpoint, variant.name) is not None
        and wanted.get(variant.name, {}).get("InstanceType") != variant.definition.get("InstanceType")
    ]
    if held:
        raise invalid(
            f'The variant(s) "{", ".join(held)}" must be deregistered as scalable targets with AWS Auto Scaling before '
            "they can be removed or have their instance type updated."
        )


def deregister(inference: Inference, endpoint: Endpoint) -> None:
    """Takes the targets of an endpoint that is deleted away.

    Source: endpoint-scaling: when an endpoint is deleted, Application Auto Scaling deregisters its variants, if the
    caller may do that.
    """
    from moto.applicationautoscaling.models import applicationautoscaling_backends

    targets = applicationautoscaling_backends[inference.account][endpoint.region].targets.get(DIMENSION, {})
    for resource in [each for each in targets if each.startswith(f"endpoint/{endpoint.name}/variant/")]:
        del targets[resource]
