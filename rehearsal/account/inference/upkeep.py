"""The event that AWS's page on endpoint health warns of: instances are patched or replaced, and what is gone is missed.

Source: "Best practices for endpoint security and health with Amazon SageMaker" (Developer Guide) and the AWS Health
event that lists its causes (ministryofjustice/analytical-platform#10195): the configuration was deleted or changed;
artifacts or containers were deleted; the permissions of the role have changed; containers can't be started.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rehearsal.account.dependencies import examine
from rehearsal.account.errors import AccountError
from rehearsal.account.inference.records import IN_SERVICE, Deployment, Endpoint, Fleet
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
            _break(endpoint, problems)
        elif seconds > 0:
            endpoint.status = "SystemUpdating"
            endpoint.deployment = Deployment("patch", None, at, at + seconds)
        report.append(_judged(endpoint, problems))
    return report


def replace_instance(inference: Inference, at: float, name: str, variant: str | None = None) -> dict[str, Any]:
    """Replaces one instance of one variant, as AWS does when it has become unhealthy; judged as a patch is.

    Only what that variant's instances need is looked for; other variants of the endpoint aren't started anew. Source:
    "Best practices for endpoint security and health with Amazon SageMaker" (an instance that is replaced needs what a
    patched one needs); that the endpoint is `Failed` then, and not only short of an instance, is assumed
    (docs/unverified.md).

    Args:
        inference: the emulated SageMaker.
        at: virtual time.
        name: the endpoint's name.
        variant: the variant's name; None means the first.

    Returns:
        endpoint (ARN), variant, status, and problems (kind, resource, reason).

    Raises:
        AccountError: there is no such endpoint or variant, or it isn't in service.

    """
    endpoint = next((each for each in inference.all_endpoints() if each.name == name), None)
    if endpoint is None:
        raise AccountError(f"no endpoint is called {name!r}; there are: {_named(inference)}")
    if endpoint.status != IN_SERVICE or endpoint.fleet is None:
        raise AccountError(f"endpoint {name} is {endpoint.status}; an instance is replaced while it is {IN_SERVICE}")
    wanted = variant or endpoint.fleet.variants[0].name
    chosen = [each for each in endpoint.fleet.variants if each.name == wanted]
    if not chosen:
        there = ", ".join(each.name for each in endpoint.fleet.variants)
        raise AccountError(f"endpoint {name} has no variant {wanted!r}; it has {there}")
    problems = _problems(inference, endpoint, Fleet(endpoint.fleet.configuration, chosen))
    endpoint.modified = at
    if problems:
        _break(endpoint, problems)
    return {"variant": wanted, **_judged(endpoint, problems)}


def _named(inference: Inference) -> str:
    return ", ".join(sorted(each.name for each in inference.all_endpoints())) or "none"


def _break(endpoint: Endpoint, problems: list[Problem]) -> None:
    endpoint.status = "Failed"
    endpoint.failure_reason = " ".join(problem.reason for problem in problems)


def _judged(endpoint: Endpoint, problems: list[Problem]) -> dict[str, Any]:
    found = [{"kind": p.kind, "resource": p.resource, "reason": p.reason} for p in problems]
    return {"endpoint": endpoint.arn, "status": endpoint.status, "problems": found}


def examine_all(inference: Inference) -> list[dict[str, Any]]:
    """What a patch would find now, of every endpoint that serves; nothing is changed.

    Returns:
        One dict an endpoint that serves (also while it is being updated): endpoint (ARN), name, status, and problems.

    """
    return [
        {"name": endpoint.name, **_judged(endpoint, _problems(inference, endpoint))}
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


def _problems(inference: Inference, endpoint: Endpoint, only: Fleet | None = None) -> list[Problem]:
    fleet = only or endpoint.fleet
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
