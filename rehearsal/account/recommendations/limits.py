"""What CreateInferenceRecommendationsJob refuses, besides what its shapes forbid.

Sources: the API reference (RecommendationJobInputConfig, Phase, Stairs, RecommendationJobStoppingConditions,
ModelLatencyThreshold), "Run a custom load test" (the smallest and largest values; a load test needs a traffic pattern
and stopping conditions) and "Troubleshoot Inference Recommender errors" (the sentences about Domain, Framework, users,
durations and burstable instances) of the Developer Guide. Other sentences are the emulation's own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rehearsal.account.errors import invalid

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_JOB = 18000
"""JobDurationInSeconds: "The maximum value is 18,000 seconds"."""
USUAL_JOB = 7200
"""A load test that says nothing about it: "The load test can take up to 2 hours"."""
MOST_TESTS = 10
_MOST_INVOCATIONS = 30000
_TRAFFIC_SECONDS = (120, 3600)
_MOST_USERS = 3
_BURSTABLE = re.compile(r"^ml\.t\d")


def check(parameters: dict[str, Any]) -> None:
    """Raises Refusal (ValidationException) for a request that contradicts itself or leaves the documented limits."""
    wanted = parameters["InputConfig"]
    sources = [name for name in ("ModelPackageVersionArn", "ModelName") if wanted.get(name)]
    if len(sources) != 1:
        raise invalid("Specify either ModelPackageVersionArn or ModelName in InputConfig.")
    duration = wanted.get("JobDurationInSeconds", USUAL_JOB)
    _within("JobDurationInSeconds", duration, 1, LONGEST_JOB)
    _check_configurations(wanted)
    for name in ("MaxNumberOfTests", "MaxParallelOfTests"):
        _within(name, (wanted.get("ResourceLimit") or {}).get(name, 1), 1, MOST_TESTS)
    advanced = parameters["JobType"] == "Advanced"
    _check_stopping(parameters.get("StoppingConditions") or {}, advanced=advanced)
    if not advanced:
        if wanted.get("TrafficPattern") or any(each.get("EnvironmentParameterRanges") for each in _asked(wanted)):
            raise invalid("TrafficPattern and EnvironmentParameterRanges can be specified only for Advanced jobs.")
        return
    if not wanted.get("TrafficPattern") or not parameters.get("StoppingConditions"):
        raise invalid("TrafficPattern and StoppingConditions are required for Advanced jobs.")
    if not _asked(wanted) and not wanted.get("Endpoints"):
        raise invalid("EndpointConfigurations or Endpoints is required for Advanced jobs.")
    _check_traffic(wanted["TrafficPattern"], duration)


def is_burstable(instance_type: str) -> bool:
    """Whether load tests refuse a type ("Burstable instance type ml.t2.medium is not allowed")."""
    return _BURSTABLE.match(instance_type) is not None


def _asked(wanted: dict[str, Any]) -> list[dict[str, Any]]:
    return list(wanted.get("EndpointConfigurations") or [])


def _within(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise invalid(f"{name} must be between {low} and {high}; got {value}.")


def _check_configurations(wanted: dict[str, Any]) -> None:
    for each in _asked(wanted):
        if bool(each.get("InstanceType")) == bool(each.get("ServerlessConfig")):
            raise invalid("Specify either InstanceType or ServerlessConfig in each of EndpointConfigurations.")
        if each.get("ServerlessConfig", {}).get("ProvisionedConcurrency"):
            # ProductionVariantServerlessConfig: "This field is not supported for ... Inference Recommender jobs".
            raise invalid("ProvisionedConcurrency is not supported for serverless endpoint recommendations.")
        if each.get("ServerlessConfig") and wanted.get("VpcConfig"):
            # Developer Guide, "Deploy models with Amazon SageMaker Serverless Inference": no VPC configuration.
            raise invalid("VpcConfig is not supported for serverless endpoints.")
        if is_burstable(each.get("InstanceType", "")):
            raise invalid(f"Burstable instance type {each['InstanceType']} is not allowed.")
    config = wanted.get("ContainerConfig") or {}
    for name in config.get("SupportedInstanceTypes") or []:
        if is_burstable(name):
            raise invalid(f"Burstable instance type {name} is not allowed.")


def _check_stopping(stopping: dict[str, Any], *, advanced: bool) -> None:
    _within("MaxInvocations", stopping.get("MaxInvocations", 1), 1, _MOST_INVOCATIONS)
    for threshold in stopping.get("ModelLatencyThresholds") or []:
        percentile = threshold.get("Percentile", "P95")
        if percentile not in (("P95",) if advanced else ("P95", "P99")):
            raise invalid(f"Percentile {percentile} is not allowed; specify P95 for custom load tests.")
        if threshold.get("ValueInMilliseconds", 1) < 1:
            raise invalid(f"ValueInMilliseconds must be positive; got {threshold['ValueInMilliseconds']}.")


def _check_traffic(pattern: dict[str, Any], duration: int) -> None:
    kind = pattern.get("TrafficType")
    phases, stairs = pattern.get("Phases"), pattern.get("Stairs")
    if kind == "PHASES" and phases and not stairs:
        _check_phases(phases)
    elif kind == "STAIRS" and stairs and not phases:
        missing = [name for name in ("DurationInSeconds", "NumberOfSteps", "UsersPerStep") if name not in stairs]
        if missing:
            raise invalid(f"{', '.join(missing)} must be specified in Stairs.")
        _within("DurationInSeconds", stairs["DurationInSeconds"], *_TRAFFIC_SECONDS)
    else:
        raise invalid("Specify Phases for the traffic type PHASES, or Stairs for STAIRS.")
    if seconds(pattern) > duration:
        raise invalid("Total Traffic duration (across) should not be more than Job duration.")


def _check_phases(phases: list[dict[str, Any]]) -> None:
    before: float | None = None
    for phase in phases:
        missing = [n for n in ("InitialNumberOfUsers", "SpawnRate", "DurationInSeconds") if n not in phase]
        if missing:
            raise invalid(f"{', '.join(missing)} must be specified in Phases.")
        first = phase["InitialNumberOfUsers"]
        _within("InitialNumberOfUsers", first, 1, _MOST_USERS)
        _within("SpawnRate", phase["SpawnRate"], 0, _MOST_USERS)
        _within("DurationInSeconds", phase["DurationInSeconds"], *_TRAFFIC_SECONDS)
        if before is not None and abs(first - before) > _MOST_USERS:
            raise invalid(
                f"Users at the end of prev phase is {before:g} while initial users of current phase is {first}."
            )
        before = first + phase["SpawnRate"] * (phase["DurationInSeconds"] // 60)


def seconds(pattern: dict[str, Any]) -> int:
    """How long a traffic pattern takes: the sum of its phases, or its stairs (which say it for all steps together)."""
    if pattern.get("Stairs"):
        return int(pattern["Stairs"]["DurationInSeconds"])
    return sum(int(phase["DurationInSeconds"]) for phase in pattern.get("Phases") or [])


def users(pattern: dict[str, Any]) -> Iterator[tuple[float, int]]:
    """How many users there are after so many seconds of a traffic pattern, one pair for each change.

    Source: "Run a custom load test": with phases users spawn every minute, with stairs at each step, which is
    DurationInSeconds / NumberOfSteps long.
    """
    stairs = pattern.get("Stairs")
    if stairs:
        for step in range(stairs["NumberOfSteps"]):
            yield step * stairs["DurationInSeconds"] / stairs["NumberOfSteps"], (step + 1) * stairs["UsersPerStep"]
        return
    begun = 0
    for phase in pattern["Phases"]:
        for minute in range(max(1, phase["DurationInSeconds"] // 60)):
            yield begun + minute * 60.0, phase["InitialNumberOfUsers"] + minute * phase["SpawnRate"]
        begun += phase["DurationInSeconds"]
