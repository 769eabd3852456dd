"""The event that AWS's page on endpoint health warns of: instances are patched or replaced, and what is gone is missed.

Source: "Best practices for endpoint security and health with Amazon SageMaker" (Developer Guide) and the AWS Health
event that lists its causes (ministryofjustice/analytical-platform#10195): the configuration was deleted or changed;
artifacts or containers were deleted; the permissions of the role have changed; containers can't be started.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rehearsal.account.dependencies import examine
from rehearsal.account.inference.records import IN_SERVICE, Deployment, Endpoint
from rehearsal.account.problems import Problem

if TYPE_CHECKING:
    from rehearsal.account.inference.service import Inference

# Statuses in which instances answer and could be replaced at any moment (DescribeEndpoint, EndpointStatus).
SERVING = (IN_SERVICE, "Updating", "SystemUpdating", "RollingBack", "UpdateRollbackFailed")


def patch(
    inference: Inference, at: float, names: list[str] | None = None, seconds: float = 0.0
) -> list[dict[str, Any]]:
    """Patches every endpoint that is in service (or those named); whatever can't be started again breaks.

    Args:
        inference: the emulated SageMaker.
        at: virtual time.
        names: endpoint names; None means all.
        seconds: how long the sound ones are SystemUpdating; 0 means that they are at once in service again.

    Returns:
        One dict an endpoint: endpoint (ARN), status, and problems (kind, resource, reason).

    """
    report = []
    for endpoint in sorted(inference.all_endpoints(), key=lambda each: each.arn):
        if endpoint.status != IN_SERVICE or endpoint.fleet is None or (names and endpoint.name not in names):
            continue
        problems = _problems(inference, endpoint)
        endpoint.modified = at
        if problems:
            endpoint.status = "Failed"
            endpoint.failure_reason = " ".join(problem.reason for problem in problems)
        elif seconds > 0:
            endpoint.status = "SystemUpdating"
            endpoint.deployment = Deployment("patch", None, at, at + seconds)
        report.append(
            {
                "endpoint": endpoint.arn,
                "status": endpoint.status,
                "problems": [{"kind": p.kind, "resource": p.resource, "reason": p.reason} for p in problems],
            }
        )
    return report


def examine_all(inference: Inference) -> list[dict[str, Any]]:
    """What a patch would find now, of every endpoint that serves; nothing is changed.

    Returns:
        One dict an endpoint that serves (also while it is being updated): endpoint (ARN), name, status, and problems.

    """
    return [
        {
            "endpoint": endpoint.arn,
            "name": endpoint.name,
            "status": endpoint.status,
            "problems": [
                {"kind": p.kind, "resource": p.resource, "reason": p.reason} for p in _problems(inference, endpoint)
            ],
        }
        for endpoint in sorted(inference.all_endpoints(), key=lambda each: each.arn)
        if endpoint.status in SERVING and endpoint.fleet is not None
    ]


@dataclass
class Watch:
    """Examines after everything that happens, and keeps what took something away from an endpoint that serves.

    Attributes:
        on: whether it looks at all; tests turn it on.
        breaches: one dict for each new problem: cause (`sagemaker:DeleteModel`, or `time`), parameters, endpoint,
            status, kind, resource, reason.

    """

    on: bool = False
    breaches: list[dict[str, Any]] = field(default_factory=list)
    known: set[tuple[str, str, str]] = field(default_factory=set)

    def look(self, inference: Inference, cause: str, parameters: dict[str, str]) -> None:
        """Notes what is missing now and wasn't before."""
        found = {
            (each["name"], problem["kind"], problem["resource"]): (each, problem)
            for each in examine_all(inference)
            for problem in each["problems"]
        }
        for key in sorted(set(found) - self.known):
            each, problem = found[key]
            self.breaches.append(
                {
                    "cause": cause,
                    "parameters": parameters,
                    "endpoint": each["name"],
                    "status": each["status"],
                    **problem,
                }
            )
        self.known = set(found)


def _problems(inference: Inference, endpoint: Endpoint) -> list[Problem]:
    fleet = endpoint.fleet
    if fleet is None:
        return []
    now = inference.configurations(endpoint.region).get(fleet.configuration.name)
    problems = []
    if now is None:
        reason = f'Could not find endpoint configuration "{fleet.configuration.arn}".'
        problems.append(Problem("configuration", fleet.configuration.name, reason))
    elif now.serial != fleet.configuration.serial:
        reason = f'Endpoint configuration "{now.arn}" was deleted and created again after the endpoint was deployed.'
        problems.append(Problem("configuration", now.name, reason))
    return problems + examine(inference.holdings, fleet, inference.models(endpoint.region))
