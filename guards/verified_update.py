"""A verified update: before anything old goes, the endpoint must be seen to run what was asked for.

Why: when SageMaker rolls an UpdateEndpoint back without telling, the endpoint returns to `InService` on the old
configuration and the provider reports success (hashicorp/terraform-provider-aws issues 46663, 48997). DescribeEndpoint
shows EndpointConfigName, PendingDeploymentSummary, EndpointStatus, FailureReason and, for each variant, instance counts
and DeployedImages.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from guards import usage
from guards.deletions import describe, finding
from guards.usage import Node
from guards.values import items
from knowledge.arns import parse_image

if TYPE_CHECKING:
    from guards.live import Account
    from guards.plan import Operation
    from guards.report import Report

GUARD = "endpoint-update-is-verified"
_ON_THE_WAY = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack"})
_POLL_SECONDS = 2.0
_MOST_SECONDS = 3600.0
_COUNTS_SECONDS = 300.0


def tell_failure(operation: Operation, errors: list[str], account: Account, report: Report) -> None:
    """Say where an endpoint is whose update the provider gave up: a roll-back that shows itself."""
    wanted = operation.new_inputs.get("endpointConfigName")
    name = operation.id
    described = settled(account, name)
    if described is None or not isinstance(wanted, str):
        return
    serving = described.get("EndpointConfigName", "none")
    if serving == wanted:
        return
    reason = described.get("FailureReason") or (errors[0] if errors else "SageMaker gives no FailureReason")
    report.tell(
        finding(
            operation,
            GUARD,
            f"{describe(operation, 'endpoint')} was to run endpoint configuration {wanted}, but the update failed. "
            f"It is still on the old configuration {serving}, status {described.get('EndpointStatus')}. FailureReason: "
            f"{' '.join(reason.split()).rstrip('.')}. Nothing old was deleted.",
            path=(str(Node(usage.CONFIGURATION, serving)), f"{Node(usage.ENDPOINT, name)} (EndpointConfigName)"),
            fix="Mend the cause and run up again; if state and account disagree, run holdfast refresh (pulumi refresh) "
            "first.",
        )
    )


def verify(operation: Operation, account: Account, report: Report) -> None:
    """Compare the endpoint with what was asked; a mismatch is refused, and with it everything that would follow."""
    wanted = operation.new_inputs.get("endpointConfigName")
    name = operation.id or str(operation.new_outputs.get("name", ""))
    if not isinstance(wanted, str) or not name:
        return
    described = settled(account, name)
    deadline = time.monotonic() + _COUNTS_SECONDS
    while described and _counts_mismatch(described) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)  # autoscaling, or instances of the new fleet that are just coming
        described = settled(account, name)
    mismatch = "it does not exist" if described is None else _mismatch(described, wanted, account)
    if described is not None and not mismatch:
        instances = sum(one.get("CurrentInstanceCount") or 0 for one in items(described.get("ProductionVariants")))
        said = f"verified: endpoint {name} is in service on {wanted} with {instances} instances; nothing is pending"
        report.say("info", said, operation.urn)
        return
    serving = (described or {}).get("EndpointConfigName", "none")
    reason = (described or {}).get("FailureReason")
    why = f"FailureReason: {reason}" if reason else "SageMaker gives no FailureReason"
    still = ""
    path: tuple[str, ...] = ()
    if described is not None and serving != wanted:
        still = f" It is still on the old configuration {serving}: the update was rolled back, or never began."
        path = (str(Node(usage.CONFIGURATION, serving)), f"{Node(usage.ENDPOINT, name)} (EndpointConfigName)")
    report.give(
        finding(
            operation,
            GUARD,
            f"{describe(operation, 'endpoint')} was to run endpoint configuration {wanted}, but {mismatch}.{still} "
            f"{why.rstrip('.')}. Nothing old was deleted.",
            path=path,
            fix="Run holdfast refresh (pulumi refresh), so that state says what the account says, mend the cause, and "
            "run up again.",
        )
    )


def settled(account: Account, name: str, *, seconds: float = _MOST_SECONDS) -> dict[str, Any] | None:
    """DescribeEndpoint, once no deployment is on the way any more; None when there is no such endpoint."""
    deadline = time.monotonic() + seconds
    while True:
        described = account.endpoint(name)
        if described is None or time.monotonic() > deadline:
            return described
        if described.get("EndpointStatus") not in _ON_THE_WAY and not described.get("PendingDeploymentSummary"):
            return described
        time.sleep(_POLL_SECONDS)


def _mismatch(described: dict[str, Any], wanted: str, account: Account) -> str:
    """What is not as it was asked for, in words; "" when all is."""
    status = described.get("EndpointStatus")
    if described.get("PendingDeploymentSummary"):
        pending = described["PendingDeploymentSummary"].get("EndpointConfigName")
        return f"a deployment of {pending} is still pending (status {status})"
    if described.get("EndpointConfigName") != wanted:
        return f"its status is {status} on another configuration"
    if status != "InService":
        return f"its status is {status}"
    return _counts_mismatch(described) or _image_mismatch(described, wanted, account)


def _counts_mismatch(described: dict[str, Any]) -> str:
    """Which variant hasn't as many instances as are desired, in words; "" when all have."""
    if described.get("EndpointStatus") != "InService":
        return ""
    for variant in items(described.get("ProductionVariants")):
        desired, current = variant.get("DesiredInstanceCount"), variant.get("CurrentInstanceCount")
        if desired is not None and current is not None and current != desired:
            return f"variant {variant.get('VariantName')} has {current} of {desired} instances"
    return ""


def _image_mismatch(described: dict[str, Any], wanted: str, account: Account) -> str:
    """Whether a variant runs another digest than its model asks for (only images that are given by digest)."""
    configuration = account.configuration(wanted) or {}
    asked = {
        variant.get("VariantName"): variant.get("ModelName")
        for variant in items(configuration.get("ProductionVariants"))
    }
    for variant in items(described.get("ProductionVariants")):
        model = account.model(asked[variant["VariantName"]]) if asked.get(variant.get("VariantName")) else None
        containers = [(model or {}).get("PrimaryContainer") or {}, *items((model or {}).get("Containers"))]
        digests = {parse_image(one["Image"]).digest for one in containers if one.get("Image")} - {""}
        deployed = {
            parse_image(one["ResolvedImage"]).digest
            for one in items(variant.get("DeployedImages"))
            if one.get("ResolvedImage")
        } - {""}
        if digests and deployed and not digests <= deployed:
            runs, wants = ", ".join(sorted(deployed)), ", ".join(sorted(digests))
            return f"variant {variant.get('VariantName')} runs {runs} instead of {wants}"
    return ""
