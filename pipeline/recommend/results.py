"""What came of a job: its trials, which of them nobody beats, and which one is chosen. No calls, nothing printed."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from pipeline.errors import PipelineError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence

CHEAPEST, FASTEST = "cheapest", "fastest"
ENDED: Final = ("COMPLETED", "FAILED", "STOPPED", "DELETED")
"""Statuses of a job in which nothing of it runs any more."""


@dataclass(frozen=True)
class Trial:
    """One endpoint that was tried. Figures are None where the job gives none."""

    number: int
    instance_type: str
    environment: tuple[tuple[str, str], ...] = ()
    serverless: str = ""
    """Memory and concurrency, where there are no instances."""

    specification: str = ""
    """The version's inference specification, where a further one was tried."""

    status: str = "COMPLETED"
    reason: str = ""
    count: int | None = None
    """How many instances the job recommends to begin with."""

    recommended: bool = False
    cost_per_hour: float | None = None
    cost_per_inference: float | None = None
    """US dollars."""

    latency: float | None = None
    """Milliseconds of the model at its most invocations."""

    invocations: float | None = None
    """The most in a minute."""

    cpu: float | None = None
    memory: float | None = None

    @property
    def kind(self) -> str:
        """What it ran on."""
        return self.instance_type or f"serverless, {self.serverless}"

    @property
    def variables(self) -> str:
        """Its variables in one line."""
        return " ".join(f"{name}={value}" for name, value in self.environment)

    @property
    def measured(self) -> bool:
        """Whether cost and latency are known."""
        return self.cost_per_inference is not None and self.latency is not None


@dataclass(frozen=True)
class Result:
    """A job as it is now."""

    job: str
    arn: str
    type: str
    status: str
    reason: str
    asked: dt.datetime
    completed: dt.datetime | None
    version: str
    simulated: bool
    trials: tuple[Trial, ...]
    asked_by: str = ""
    request: str = ""

    @property
    def ended(self) -> bool:
        """Whether nothing of it runs any more."""
        return self.status in ENDED

    @property
    def front(self) -> tuple[Trial, ...]:
        """The Pareto front: trials of which no other is both cheaper and faster (or as cheap, or as fast)."""
        return pareto(self.trials)

    @property
    def failed(self) -> tuple[Trial, ...]:
        """Those that brought nothing."""
        return tuple(one for one in self.trials if one.status == "FAILED")

    def to_dict(self) -> dict[str, Any]:
        """Plain values for `--json` and the record."""
        told = asdict(self)
        for name in ("asked", "completed"):
            told[name] = moment(told[name]) if told[name] else None
        front = {one.number for one in self.front}
        for one in told["trials"]:
            one["environment"] = dict(one["environment"])
            one["on_front"] = one["number"] in front
        return told


def moment(value: dt.datetime) -> str:
    """In UTC, as in 2026-12-31T18:00:00Z."""
    from datetime import UTC

    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def pareto(trials: Iterable[Trial]) -> tuple[Trial, ...]:
    """The trials that none beats in cost per inference and latency together, the cheapest first."""
    known = [one for one in trials if one.measured]
    return tuple(sorted((one for one in known if not any(_beats(other, one) for other in known)), key=_cost))


def _cost(one: Trial) -> tuple[float, float]:
    return (one.cost_per_inference or 0.0, one.latency or 0.0)


def _beats(one: Trial, other: Trial) -> bool:
    mine, theirs = _cost(one), _cost(other)
    return mine != theirs and mine[0] <= theirs[0] and mine[1] <= theirs[1]


def of(
    described: Mapping[str, Any], steps: Sequence[Mapping[str, Any]], tags: Mapping[str, str], *, simulated: bool
) -> Result:
    """
    A job's result from AWS's answers.

    Args:
        described: DescribeInferenceRecommendationsJob.
        steps: of ListInferenceRecommendationsJobSteps: they hold what a job that failed or was stopped has found out.
        tags: the job's.
        simulated: the account is an emulated one.

    """
    from pipeline.recommend.request import ASKED_BY_TAG, REQUEST_TAG

    recommended = {_key(one): one for one in described.get("InferenceRecommendations") or []}
    trials: list[Trial] = []
    for step in steps:
        benchmark = step.get("InferenceBenchmark") or {}
        best = recommended.pop(_key(benchmark), None)
        trials.append(_trial(len(trials) + 1, benchmark, step["Status"], best))
    for best in recommended.values():
        trials.append(_trial(len(trials) + 1, best, "COMPLETED", best))
    return Result(
        job=described["JobName"],
        arn=described["JobArn"],
        type=described["JobType"],
        status=described["Status"],
        reason=described.get("FailureReason") or "",
        asked=described["CreationTime"],
        completed=described.get("CompletionTime"),
        version=(described.get("InputConfig") or {}).get("ModelPackageVersionArn") or "",
        simulated=simulated,
        trials=tuple(trials),
        asked_by=tags.get(ASKED_BY_TAG, ""),
        request=tags.get(REQUEST_TAG, ""),
    )


def _key(benchmark: Mapping[str, Any]) -> tuple[Any, ...]:
    endpoint = benchmark.get("EndpointConfiguration") or {}
    model = benchmark.get("ModelConfiguration") or {}
    return (endpoint.get("InstanceType") or "", _serverless(endpoint), _environment(model), _specification(model))


def _specification(model: Mapping[str, Any]) -> str:
    return str(model.get("InferenceSpecificationName") or "")


def _environment(model: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((one["Key"], one["Value"]) for one in model.get("EnvironmentParameters") or []))


def _serverless(endpoint: Mapping[str, Any]) -> str:
    given = endpoint.get("ServerlessConfig")
    return f"{given['MemorySizeInMB']} MB, {given['MaxConcurrency']} at once" if given else ""


def _trial(number: int, benchmark: Mapping[str, Any], status: str, best: Mapping[str, Any] | None) -> Trial:
    endpoint = (best or benchmark).get("EndpointConfiguration") or {}
    model = benchmark.get("ModelConfiguration") or {}
    metrics = (best or {}).get("Metrics") or benchmark.get("Metrics") or {}
    return Trial(
        number=number,
        instance_type=endpoint.get("InstanceType") or "",
        environment=_environment(model),
        serverless=_serverless(endpoint),
        specification=_specification(model),
        status=status,
        reason=benchmark.get("FailureReason") or "",
        count=endpoint.get("InitialInstanceCount"),
        recommended=best is not None,
        cost_per_hour=_figure(metrics, "CostPerHour"),
        cost_per_inference=_figure(metrics, "CostPerInference"),
        latency=_figure(metrics, "ModelLatency"),
        invocations=_figure(metrics, "MaxInvocations"),
        cpu=_figure(metrics, "CpuUtilization"),
        memory=_figure(metrics, "MemoryUtilization"),
    )


def _figure(metrics: Mapping[str, Any], name: str) -> float | None:
    """What isn't available is NaN in AWS's answers, and no zero here."""
    value = metrics.get(name)
    return None if value is None or math.isnan(float(value)) else float(value)


def choosable(result: Result) -> list[Trial]:
    """The trials that can be applied: measured, on instances."""
    return [one for one in result.trials if one.measured and one.instance_type and one.status == "COMPLETED"]


def choose(result: Result, wanted: str) -> Trial:
    """
    The trial that is meant: `cheapest` and `fastest` of the front, a trial's number, or an instance type.

    Of several trials of one type it is the cheapest. Only trials with instances are chosen.

    Raises:
        PipelineError: there is none.

    """
    can = choosable(result)
    if not can:
        raise PipelineError(f"job {result.job} has no trial to apply: none was completed on instances.")
    if wanted == CHEAPEST:
        return min(can, key=_cost)
    if wanted == FASTEST:
        return min(can, key=lambda one: _cost(one)[::-1])
    if found := [one for one in can if wanted in (str(one.number), one.instance_type)]:
        return min(found, key=_cost)
    numbers = ", ".join(f"{one.number} ({one.kind})" for one in can)
    raise PipelineError(
        f"job {result.job} has no completed trial {wanted!r}. It has {numbers}; or say cheapest, fastest."
    )
