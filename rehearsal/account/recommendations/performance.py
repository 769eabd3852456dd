"""A made-up performance of models on instances: the same model on the same instance always gives the same figures.

Nothing is measured here and no price list is asked: every figure is *simulated*. It follows from the model (digest of
the image and the artifact), the instance type's name (family, generation, size) and the environment's values alone.
What is kept of AWS's are the relations. Sources: "Get your inference recommendation job results" (by its figures
CostPerInference is CostPerHour over sixty times MaxInvocations), "Run a custom load test" (users are actors that send
one request after the other), RecommendationJobStoppingConditions (API reference).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rehearsal.account.recommendations.limits import seconds, users

if TYPE_CHECKING:
    from collections.abc import Iterator

LABEL = "simulated"
"""Stands in every name that the API has room for: endpoint, variant, recommendation id."""

_TYPE = re.compile(r"^ml\.(?P<kind>[a-z]+)(?P<generation>\d+)(?P<extra>[a-z]*)(?:-\w+)?\.(?P<times>\d*)(?P<size>\w+)$")
_VCPUS = {"medium": 1, "large": 2, "xlarge": 4}
# By kind of instance: dollars a vCPU and hour, GiB of memory a vCPU, speed of a vCPU, and of an accelerator if any.
_KINDS = {
    "c": (0.051, 2.0, 1.25, 1.0),
    "m": (0.0575, 4.0, 1.0, 1.0),
    "r": (0.0755, 8.0, 1.0, 1.0),
    "g": (0.184, 4.0, 1.0, 6.0),
    "p": (0.478, 7.6, 1.0, 9.0),
    "inf": (0.074, 2.0, 1.0, 5.0),
    "trn": (0.168, 4.0, 1.0, 7.0),
    "dl": (0.17, 8.0, 1.0, 7.0),
}
_ACCELERATED = ("COMPUTER_VISION", "NATURAL_LANGUAGE_PROCESSING")
_STEADY_SECONDS = 600.0
_FLAT = 1.02
_SERVERLESS_GB_SECOND = 0.00002


@dataclass(frozen=True)
class Machine:
    """What an instance of a type is made of, as far as the made-up figures go by it."""

    vcpus: int
    memory: float
    speed: float
    accelerator: float
    dollars: float


@dataclass(frozen=True)
class LoadTest:
    """What one load test is asked: model, machine, environment, traffic and stopping conditions.

    Attributes:
        model: what tells one model from another (digests), any text.
        domain: the model's Domain; accelerators help with pictures and language alone.
        machine: what it runs on.
        environment: values of variables that are tried.
        pattern: TrafficPattern, None for a Default job's own traffic.
        stopping: StoppingConditions.

    """

    model: str
    domain: str
    machine: Machine
    environment: dict[str, str]
    pattern: dict[str, Any] | None
    stopping: dict[str, Any]


@dataclass(frozen=True)
class Seen:
    """What a load test saw: how long it took, requests a minute, milliseconds, and utilisation in percent."""

    seconds: float
    invocations: int
    latency: int
    cpu: float
    memory: float


def machine(instance_type: str) -> Machine:
    """The made-up machine of an instance type; a kind that isn't known counts as general purpose."""
    found = _TYPE.match(instance_type)
    kind = found["kind"] if found else "m"
    dollars, memory, speed, accelerator = _KINDS.get(kind, _KINDS["m"])
    vcpus = _VCPUS.get(found["size"], 4) * int(found["times"] or 1) if found else 2
    newer = max(0, int(found["generation"]) - 5) if found and kind in "cmr" else 0
    return Machine(vcpus, vcpus * memory, speed * (1 + newer * 0.12), accelerator, vcpus * dollars * (1 + newer * 0.04))


def serverless(config: dict[str, Any]) -> Machine:
    """The made-up machine behind a serverless endpoint: so much of a vCPU a gigabyte."""
    gigabytes = config["MemorySizeInMB"] / 1024
    return Machine(int(config["MaxConcurrency"]), gigabytes, 0.25 * gigabytes, 1.0, 0.0)


def run(test: LoadTest) -> Seen:
    """What a load test sees, up to the first of its stopping conditions that is met."""
    service = _service_milliseconds(test)
    capacity = test.machine.vcpus
    wanted = test.stopping.get("MaxInvocations")
    thresholds = [each.get("ValueInMilliseconds") for each in test.stopping.get("ModelLatencyThresholds") or []]
    threshold = thresholds[0] if thresholds else None
    flat_stops = test.stopping.get("FlatInvocations", "Stop") == "Stop"
    before = 0.0
    taken, rate, latency, count = 0.0, 0.0, service, 1
    for since, count in _users(test, capacity):
        taken = since
        rate = min(count, capacity) * 60000 / service
        latency = service * max(1.0, count / capacity)
        if (wanted and rate >= wanted) or (threshold and latency >= threshold):
            break
        if flat_stops and before and rate <= before * _FLAT:
            break
        before = rate
    else:
        taken = seconds(test.pattern) if test.pattern else _STEADY_SECONDS
    busy = min(count, capacity) / capacity
    return Seen(
        seconds=max(taken, 60.0),
        invocations=max(1, int(min(rate, wanted) if wanted else rate)),
        latency=max(1, round(latency)),
        cpu=round(94.0 * busy, 2),
        memory=round(min(97.0, 100 * _share(test.model, "memory", 0.3, 1.6) / test.machine.memory), 2),
    )


def _users(test: LoadTest, capacity: int) -> Iterator[tuple[float, int]]:
    """A Default job's own traffic adds users until the instance has no more to give, and one to see that it is so."""
    if test.pattern:
        yield from users(test.pattern)
    else:
        yield from ((number * _STEADY_SECONDS / (capacity + 1), number + 1) for number in range(capacity + 1))


def _service_milliseconds(test: LoadTest) -> float:
    """How long one request takes one vCPU of the machine, alone."""
    helped = test.machine.accelerator if test.domain in _ACCELERATED else 1.0
    alone = _share(test.model, "latency", 6.0, 90.0) / (test.machine.speed * helped)
    for name, value in sorted(test.environment.items()):
        alone *= _share(test.model, f"{name}={value}", 0.8, 1.25)
    return alone


def _share(model: str, what: str, low: float, high: float) -> float:
    """A number between two, told by the model and what is asked of it."""
    digest = hashlib.sha256(f"{model}/{what}".encode()).digest()
    return low + (high - low) * int.from_bytes(digest[:6], "big") / 2**48


def metrics(seen: Seen, dollars: float, instances: int = 1) -> dict[str, Any]:
    """RecommendationMetrics of an endpoint of so many instances, each as the load test saw the one.

    "Run a custom load test" has an example: three ml.c5d.xlarge cost 0.69 dollars an hour, three times as much as one.
    """
    return {
        "CostPerHour": round(dollars * instances, 4),
        "CostPerInference": round(dollars / (60 * seen.invocations), 12),
        "MaxInvocations": seen.invocations * instances,
        "ModelLatency": seen.latency,
        "CpuUtilization": seen.cpu,
        "MemoryUtilization": seen.memory,
    }


def serverless_metrics(test: LoadTest, seen: Seen) -> dict[str, Any]:
    """RecommendationMetrics of a serverless endpoint: no price an hour, no utilisation, and a time to start."""
    return {
        "CostPerInference": round(test.machine.memory * seen.latency / 1000 * _SERVERLESS_GB_SECOND, 12),
        "MaxInvocations": seen.invocations,
        "ModelLatency": seen.latency,
        "ModelSetupTime": round(_share(test.model, "setup", 900, 6000) / test.machine.speed),
    }
