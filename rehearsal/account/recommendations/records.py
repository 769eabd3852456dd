"""What is kept of a recommendation job: its request, its benchmarks, and what came of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rehearsal.account.inference.records import Tagged

RUNNING = ("PENDING", "IN_PROGRESS", "STOPPING")


@dataclass
class Benchmark:
    """One load test of a job (ListInferenceRecommendationsJobSteps: a step of type BENCHMARK).

    Attributes:
        number: its place in the job, from 1.
        instance_type: what it runs on; None for a serverless one and for an endpoint that exists.
        serverless: the ServerlessConfig it runs on.
        endpoint: name of the endpoint of the user's that it runs on.
        specification: name of the inference specification it takes its container from; None is the package's own.
        environment: the values of EnvironmentParameterRanges that it tries.
        status: as in RecommendationJobStatus.
        phase: waiting, creating, loading, deleting or over.
        due: virtual time at which its phase ends.
        invoked: when its load began and ended.
        interfaces: ids of its network interfaces in the account's EC2.
        failure: why it fails, once that is known.
        short: whether the failure shows before the endpoint's instances would have started.
        metrics: RecommendationMetrics, or InferenceMetrics of an endpoint that exists.
        instances: how many instances are recommended to begin with.

    """

    number: int
    instance_type: str | None = None
    serverless: dict[str, Any] | None = None
    endpoint: str | None = None
    specification: str | None = None
    environment: dict[str, str] = field(default_factory=dict)
    status: str = "PENDING"
    phase: str = "waiting"
    due: float = 0.0
    invoked: list[float] = field(default_factory=list)
    interfaces: list[str] = field(default_factory=list)
    failure: str | None = None
    short: bool = False
    metrics: dict[str, Any] = field(default_factory=dict)
    instances: int = 1

    @property
    def where(self) -> str:
        """What it runs on, in words."""
        if self.serverless is not None:
            return f"serverless {self.serverless['MemorySizeInMB']} MB"
        return self.instance_type or f"endpoint {self.endpoint}"


@dataclass
class Job(Tagged):
    """A recommendation job.

    Attributes:
        definition: the request that made it.
        package: ARN of its versioned model package, if it has one.
        status: as in RecommendationJobStatus.
        due: virtual time at which it begins; None once it has.
        began: when it began.
        completed: when it was over.
        modified: when its status last changed.
        benchmarks: its load tests, in order.
        failure_reason: why it failed.
        fault: name of the fault that it met.

    """

    definition: dict[str, Any] = field(default_factory=dict)
    package: str | None = None
    status: str = "PENDING"
    due: float | None = None
    began: float = 0.0
    completed: float | None = None
    modified: float = 0.0
    benchmarks: list[Benchmark] = field(default_factory=list)
    failure_reason: str | None = None
    fault: str | None = None

    @property
    def wanted(self) -> dict[str, Any]:
        """Its InputConfig."""
        return dict(self.definition["InputConfig"])

    @property
    def vpc(self) -> dict[str, list[str]]:
        """Its VpcConfig, empty without one."""
        return dict(self.wanted.get("VpcConfig") or {})

    @property
    def role(self) -> str:
        """ARN of its role."""
        return str(self.definition["RoleArn"])
