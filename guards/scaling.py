"""Variants that Application Auto Scaling scales: AWS refuses an update that would give them another instance type.

Nothing breaks by that, but the run fails half-way; so it is told in the preview.

Source: SageMaker AI Developer Guide, endpoint-scaling: an update that would change the instance type of a variant which
is a scalable target fails; it is deregistered first. What that does to people: hashicorp/terraform-provider-aws#14337.
That a variant can't be dropped either is assumed (docs/unverified.md).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from guards import usage
from guards.deletions import describe, finding
from guards.errors import AccountUnknown
from guards.values import get, items

if TYPE_CHECKING:
    from collections.abc import Mapping

    from guards.judge import Judge
    from guards.plan import Operation
    from guards.report import Report

GUARD = "scaled-variant-keeps-its-instance-type"
_SERVICE, _DIMENSION = "sagemaker", "sagemaker:variant:DesiredInstanceCount"


def judge_endpoint_update(operation: Operation, judge: Judge, report: Report) -> None:
    """Refuse an update to a configuration that lacks a scalable target's variant or gives it another instance type."""
    name, old = operation.new_inputs.get("endpointConfigName"), operation.old("endpointConfigName")
    if name == old or not isinstance(name, str) or not isinstance(old, str):
        return
    account = judge.account()
    planned = judge.plan.named(usage.CONFIGURATION, name)
    wanted = _instance_types(planned.inputs if planned else account.configuration(name) or {})
    serving = _instance_types(account.configuration(old) or {})
    changed = {variant: had for variant, had in serving.items() if had and wanted.get(variant) != had}
    if not changed:
        return
    resources = {f"endpoint/{operation.id}/variant/{variant}": variant for variant in changed}
    try:
        answer = account.ask(
            "application-autoscaling",
            "describe_scalable_targets",
            ServiceNamespace=_SERVICE,
            ResourceIds=list(resources),
            ScalableDimension=_DIMENSION,
        )
    except AccountUnknown as error:
        said = f"{describe(operation, 'endpoint')}: whether autoscaling holds its variants could not be known. {error}"
        report.give(replace(finding(operation, GUARD, said, outcome="unknown", severity="low"), advisory=True))
        return  # AWS refuses by itself what it has to
    for target in items((answer or {}).get("ScalableTargets")):
        variant = resources.get(str(target.get("ResourceId")))
        if variant is not None:
            report.give(_refused(operation, variant, changed[variant], wanted.get(variant)))


def _refused(operation: Operation, variant: str, had: str, wants: str | None) -> Any:
    what = f"from {had} to {wants}" if wants else f"away from {had}, or be dropped"
    return finding(
        operation,
        GUARD,
        f"{describe(operation, 'endpoint')}: variant {variant} is to move {what}, and it is a scalable target of "
        "Application Auto Scaling: UpdateEndpoint would be refused half-way through the run.",
        severity="high",
        fix="Deregister it first (aws application-autoscaling deregister-scalable-target --service-namespace "
        f"{_SERVICE} --resource-id endpoint/{operation.id}/variant/{variant} --scalable-dimension {_DIMENSION}), "
        "deploy, and register it again with its policies.",
    )


def _instance_types(configuration: Mapping[str, Any]) -> dict[str, str | None]:
    """The instance type of each production variant; None where it has none of its own (serverless, pools)."""
    found: dict[str, str | None] = {}
    for variant in items(get(configuration, "productionVariants")):
        name, kind = get(variant, "variantName"), get(variant, "instanceType")
        if isinstance(name, str):
            found[name] = kind if isinstance(kind, str) else None
    return found
