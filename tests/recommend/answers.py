"""AWS's answers about a job, written out."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from pipeline.recommend import results

if TYPE_CHECKING:
    from pipeline.recommend.results import Result

MOMENT = dt.datetime(2026, 11, 22, 19, 0, tzinfo=dt.UTC)
NASTY = "</text><script>alert(1)</script> | `x` $a^b$ \x1b[31m"


def benchmark(kind: str, cost: float | None = None, latency: int | None = None, **more: Any) -> dict[str, Any]:
    """A step's benchmark; without figures it failed, or hasn't ended."""
    variables = more.pop("variables", {})
    made: dict[str, Any] = {
        "EndpointConfiguration": {"EndpointName": "e", "VariantName": "v", "InstanceType": kind},
        "ModelConfiguration": {
            "EnvironmentParameters": [{"Key": k, "ValueType": "String", "Value": v} for k, v in variables.items()]
        },
        **more,
    }
    made["EndpointConfiguration"]["InitialInstanceCount"] = 2
    if cost is not None:
        made["Metrics"] = {
            "CostPerHour": 0.2,
            "CostPerInference": cost,
            "MaxInvocations": 1200,
            "ModelLatency": latency,
            "CpuUtilization": float("nan"),
            "MemoryUtilization": 40.0,
        }
    return made


def result(*benchmarks: dict[str, Any], status: str = "COMPLETED", simulated: bool = True, best: int = 0) -> Result:
    """A job that made these; the first `best` of them are recommended."""
    described = {
        "JobName": "scoring-0123456789-20261122190000",
        "JobArn": "arn:aws:sagemaker:eu-west-1:111122223333:inference-recommendations-job/x",
        "JobType": "Advanced",
        "Status": status,
        "CreationTime": MOMENT,
        "InputConfig": {"ModelPackageVersionArn": "arn:aws:sagemaker:eu-west-1:111122223333:model-package/m/1"},
        "InferenceRecommendations": [{**each, "RecommendationId": "r"} for each in benchmarks[:best]],
    }
    steps = [
        {
            "StepType": "BENCHMARK",
            "JobName": "x",
            "Status": each.pop("status", "COMPLETED" if "Metrics" in each else "FAILED"),
            "InferenceBenchmark": each,
        }
        for each in benchmarks
    ]
    return results.of(described, steps, {"holdfast:asked-by": "arn:aws:iam::1:user/ann"}, simulated=simulated)
