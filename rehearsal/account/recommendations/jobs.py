"""The operations on recommendation jobs: create, describe, list (jobs and their steps), stop.

Source: CreateInferenceRecommendationsJob, DescribeInferenceRecommendationsJob, ListInferenceRecommendationsJobs,
ListInferenceRecommendationsJobSteps, StopInferenceRecommendationsJob (API reference; error codes: botocore's model).
Figures are made up and every name in them says `simulated`.
"""

from __future__ import annotations

import hashlib
import itertools
from typing import TYPE_CHECKING, Any

from rehearsal.account.errors import Refusal, invalid
from rehearsal.account.inference.service import page, tag_map
from rehearsal.account.recommendations import course, ground, limits
from rehearsal.account.recommendations.performance import LABEL
from rehearsal.account.recommendations.records import RUNNING, Benchmark, Job

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.account.inference.service import Inference, Request

KIND = "inference-recommendations-job"
# What AWS would choose for a Default job that names no types is not documented; these are the emulation's own.
_CHOSEN = ("ml.c5.large", "ml.c5.xlarge", "ml.m5.large", "ml.m5.xlarge", "ml.r5.large")
_LONGEST_PREFIX = 40


def create(inference: Inference, request: Request) -> dict[str, Any]:
    """Begins a job: PENDING, then IN_PROGRESS, then COMPLETED, FAILED or STOPPED.

    A name is given once (ResourceInUse); a version, its mandatory fields, the role, the keys and endpoints must be
    there. What the network, the policies and the payload lack shows later, as with AWS, in FailureReason.

    Source: CreateInferenceRecommendationsJob (API reference).
    """
    parameters = request.parameters
    name = parameters["JobName"]
    jobs = inference.region(request.region).jobs
    arn = inference.arn(request.region, KIND, name)
    if name.lower() in (existing.lower() for existing in jobs):
        raise Refusal("ResourceInUse", f"Job name already exists: {arn}")
    limits.check(parameters)
    wanted = parameters["InputConfig"]
    ground.check_role(inference.holdings, parameters["RoleArn"])
    held = ground.definition(inference, request.region, request.at, wanted)
    ground.check_described(held, wanted)
    for key in (wanted.get("VolumeKmsKeyId"), (parameters.get("OutputConfig") or {}).get("KmsKeyId")):
        if key and inference.holdings.key(key, request.region) is None:
            raise invalid(f"Invalid KMS key: {key} does not exist.")
    for each in wanted.get("EndpointConfigurations") or []:
        ground.containers(held, each.get("InferenceSpecificationName"))
    for each in wanted.get("Endpoints") or []:
        if each.get("EndpointName") not in inference.endpoints(request.region):
            raise inference.missing(request.region, "endpoint", each.get("EndpointName", ""))
    jobs[name] = Job(
        name=name,
        arn=arn,
        region=request.region,
        created=request.at,
        tags=tag_map(parameters.get("Tags")),
        definition={key: value for key, value in parameters.items() if key != "Tags"},
        package=wanted.get("ModelPackageVersionArn"),
        due=request.at + course.PENDING_SECONDS,
        modified=request.at,
        benchmarks=list(_benchmarks(parameters["JobType"], wanted, held)),
        fault=request.fault.name if request.fault else None,
    )
    return {"JobArn": arn}


def _benchmarks(kind: str, wanted: dict[str, Any], held: dict[str, Any]) -> Iterator[Benchmark]:
    """One benchmark for each endpoint configuration and each combination of its environment's values.

    Sources: "Note that each endpoint configuration results in a new load test" ("Run a custom load test"),
    ResourceLimit (MaxNumberOfTests). Configurations take turns, so that each has a test before one has two.
    """
    asked = list(wanted.get("EndpointConfigurations") or [])
    if not asked and kind == "Default":
        asked = [{"InstanceType": each} for each in _types(wanted, held)]
    rows: list[list[Benchmark]] = []
    for configuration in asked:
        ranges = configuration.get("EnvironmentParameterRanges", {}).get("CategoricalParameterRanges") or []
        names = [each["Name"] for each in ranges]
        rows.append(
            [
                Benchmark(
                    number=0,
                    instance_type=configuration.get("InstanceType"),
                    serverless=configuration.get("ServerlessConfig"),
                    specification=configuration.get("InferenceSpecificationName"),
                    environment=dict(zip(names, values, strict=True)),
                )
                for values in itertools.product(*(each["Value"] for each in ranges))
            ]
        )
    existing = [Benchmark(number=0, endpoint=each["EndpointName"]) for each in wanted.get("Endpoints") or []]
    turns = [each for turn in itertools.zip_longest(existing, *rows) for each in turn if each is not None]
    most = (wanted.get("ResourceLimit") or {}).get("MaxNumberOfTests", limits.MOST_TESTS)
    for number, benchmark in enumerate(turns[:most], start=1):
        benchmark.number = number
        yield benchmark


def _types(wanted: dict[str, Any], held: dict[str, Any]) -> list[str]:
    """The types of a Default job: those of ContainerConfig, those that the version supports, or the emulation's own."""
    config = wanted.get("ContainerConfig") or {}
    specification = held.get("InferenceSpecification") or {}
    named = config.get("SupportedInstanceTypes") or specification.get("SupportedRealtimeInferenceInstanceTypes")
    steady = [each for each in named or _CHOSEN if not limits.is_burstable(each)]
    return list(dict.fromkeys(steady))[: limits.MOST_TESTS]


def describe(inference: Inference, request: Request) -> dict[str, Any]:
    """A job: what was asked, its status, and what it recommends once it is over, also if only in part.

    Source: DescribeInferenceRecommendationsJob (API reference).
    """
    job = find(inference, request)
    output = {
        **_identity(job),
        "InputConfig": job.wanted,
        **{key: job.definition[key] for key in ("StoppingConditions", "JobDescription") if job.definition.get(key)},
    }
    if job.status in RUNNING:
        return output
    done = [each for each in job.benchmarks if each.status == "COMPLETED"]
    by_cost = sorted((each for each in done if not each.endpoint), key=lambda each: each.metrics["CostPerInference"])
    if by_cost:
        output["InferenceRecommendations"] = [
            {
                "RecommendationId": f"{job.name}/{LABEL}-{_digest(job, each)}",
                "Metrics": each.metrics,
                "EndpointConfiguration": _endpoint(job, each),
                "ModelConfiguration": _model(each),
                **_invoked(each),
            }
            for each in by_cost[: limits.MOST_TESTS]
        ]
    existing = [each for each in done if each.endpoint]
    if existing:
        output["EndpointPerformances"] = [
            {"Metrics": each.metrics, "EndpointInfo": {"EndpointName": each.endpoint}} for each in existing
        ]
    return output


def list_all(inference: Inference, request: Request) -> dict[str, Any]:
    """Jobs, newest first; filtered by name, status, times, model and version.

    Source: ListInferenceRecommendationsJobs (API reference).
    """
    wanted = request.parameters
    jobs = [
        job
        for job in inference.region(request.region).jobs.values()
        if wanted.get("ModelNameEquals") in (None, job.wanted.get("ModelName"))
        and wanted.get("ModelPackageVersionArnEquals") in (None, job.package)
    ]
    return page(jobs, request, "InferenceRecommendationsJobs", lambda job: _summary(inference, job))


def _summary(inference: Inference, job: Job) -> dict[str, Any]:
    package = inference.region(job.region).packages.get((job.package or "").lower())
    url = ground.payload_url(package.definition if package else {}, job.wanted)
    named = {"ModelName": job.wanted.get("ModelName"), "ModelPackageVersionArn": job.package, "SamplePayloadUrl": url}
    return {
        **_identity(job),
        "JobDescription": job.definition.get("JobDescription", ""),
        **{key: value for key, value in named.items() if value},
    }


def _identity(job: Job) -> dict[str, Any]:
    identity = {
        "JobName": job.name,
        "JobType": job.definition["JobType"],
        "JobArn": job.arn,
        "RoleArn": job.role,
        "Status": job.status,
        "CreationTime": job.created,
        "LastModifiedTime": job.modified,
    }
    if job.completed is not None:
        identity["CompletionTime"] = job.completed
    if job.failure_reason:
        identity["FailureReason"] = job.failure_reason
    return identity


def list_steps(inference: Inference, request: Request) -> dict[str, Any]:
    """The benchmarks of a job, in order; those of one status if one is asked for.

    Source: ListInferenceRecommendationsJobSteps (API reference).
    """
    job = find(inference, request)
    wanted = request.parameters.get("Status")
    steps = [each for each in job.benchmarks if wanted in (None, each.status)]
    start = int(request.parameters.get("NextToken") or 0)
    size = request.parameters.get("MaxResults", 10)
    output: dict[str, Any] = {"Steps": [_step(job, each) for each in steps[start : start + size]]}
    if start + size < len(steps):
        output["NextToken"] = str(start + size)
    return output


def _step(job: Job, benchmark: Benchmark) -> dict[str, Any]:
    detail: dict[str, Any] = {"ModelConfiguration": _model(benchmark), **_invoked(benchmark)}
    done = course.metrics_of(benchmark)
    if done:
        detail["EndpointMetrics" if benchmark.endpoint else "Metrics"] = done
    detail["EndpointConfiguration"] = _endpoint(job, benchmark)
    if benchmark.failure and benchmark.phase == "over":
        detail["FailureReason"] = benchmark.failure
    return {"StepType": "BENCHMARK", "JobName": job.name, "Status": benchmark.status, "InferenceBenchmark": detail}


def _endpoint(job: Job, benchmark: Benchmark) -> dict[str, Any]:
    """EndpointOutputConfiguration; names begin with the job's, cut at 40 characters (JobName)."""
    made: dict[str, Any] = {
        "EndpointName": benchmark.endpoint or f"{job.name[:_LONGEST_PREFIX]}-{LABEL}-{benchmark.number}",
        "VariantName": LABEL,
    }
    if benchmark.serverless is not None:
        return {**made, "ServerlessConfig": benchmark.serverless}
    if benchmark.instance_type:
        made |= {"InstanceType": benchmark.instance_type, "InitialInstanceCount": benchmark.instances}
    return made


def _model(benchmark: Benchmark) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if benchmark.specification:
        made["InferenceSpecificationName"] = benchmark.specification
    if benchmark.environment:
        made["EnvironmentParameters"] = [
            {"Key": name, "ValueType": "String", "Value": value} for name, value in benchmark.environment.items()
        ]
    return made


def _invoked(benchmark: Benchmark) -> dict[str, float]:
    return dict(zip(("InvocationStartTime", "InvocationEndTime"), benchmark.invoked, strict=False))


def _digest(job: Job, benchmark: Benchmark) -> str:
    return hashlib.sha256(f"{job.arn}/{benchmark.number}".encode()).hexdigest()[:8]


def stop(inference: Inference, request: Request) -> dict[str, Any]:
    """Stops a job: STOPPING, then STOPPED; what its benchmarks have found is kept, their interfaces go.

    Source: StopInferenceRecommendationsJob (API reference).
    """
    job = find(inference, request)
    if job.status == "STOPPING":
        return {}
    if job.status not in RUNNING:
        raise invalid(f"The request was rejected because the recommendation job is in status {job.status}.")
    course.stop(job, request.at)
    return {}


def find(inference: Inference, request: Request) -> Job:
    """The job of a name; raises Refusal (ResourceNotFound)."""
    name = request.parameters["JobName"]
    job = inference.region(request.region).jobs.get(name)
    if job is None:
        arn = inference.arn(request.region, KIND, name)
        raise Refusal("ResourceNotFound", f"Could not find inference recommendations job {arn}.")
    return job
