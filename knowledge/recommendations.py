"""What Inference Recommender asks for, and the limits of its jobs.

Sources: "Give Inference Recommender Jobs Access to Resources in Your Amazon VPC" (inference-recommender-vpc-access),
"Run a custom load test" (inference-recommender-load-test), "Troubleshoot Inference Recommender errors"
(inference-recommender-troubleshooting), "Recommendation jobs" (inference-recommender-recommendation-jobs), all of the
SageMaker Developer Guide; CreateInferenceRecommendationsJob (API reference).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from knowledge.permissions import Need

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NETWORK_PERMISSIONS: Final = (
    "ec2:DescribeVpcEndpoints",
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeVpcs",
    "ec2:DescribeSubnets",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DeleteNetworkInterfacePermission",
    "ec2:DeleteNetworkInterface",
    "ec2:CreateNetworkInterfacePermission",
    "ec2:CreateNetworkInterface",
    "ec2:ModifyNetworkInterfaceAttribute",
)
"""The eleven that a job in a VPC needs on its role, on every resource (inference-recommender-vpc-access)."""

FULL_ACCESS: Final = "AmazonSageMakerFullAccess"
"""AWS's managed policy that has them already, the same page says."""

ADDRESSES_PER_INSTANCE: Final = 2
"""Private addresses that the subnets should have for each instance of a job."""

LONGEST_JOB: Final = 18_000
"""Seconds: the maximum of JobDurationInSeconds."""

LONGEST_NAME: Final = 64
"""Characters of a job's name."""

MOST_CONFIGURATIONS: Final = 10
"""Endpoint configurations of a job, and recommendations in its result."""

SHORTEST_PHASE, LONGEST_PHASE = 120, 3600
"""Seconds of a phase, or of all stairs, of a custom load test."""

MOST_USERS: Final = 3
"""Users that a phase begins with, that it spawns a minute, that a stair adds."""

DEFAULT_JOB_SECONDS: Final = 45 * 60
"""Within which a Default job completes (inference-recommender-recommendation-jobs)."""

SERVICE_ACTIONS: Final = (
    "sagemaker:CreateModel",
    "sagemaker:DescribeModel",
    "sagemaker:DeleteModel",
    "sagemaker:CreateEndpointConfig",
    "sagemaker:DescribeEndpointConfig",
    "sagemaker:DeleteEndpointConfig",
    "sagemaker:CreateEndpoint",
    "sagemaker:DescribeEndpoint",
    "sagemaker:DeleteEndpoint",
    "sagemaker:InvokeEndpoint",
)
"""What a job does with the endpoints that it makes; their names begin with the job's own (API reference, JobName)."""

PACKAGE_ACTIONS: Final = ("sagemaker:DescribeModelPackage", "sagemaker:DescribeModelPackageGroup")


DIGITS, STAMP = 10, 14
"""Of a request's digest, and of the second in which it was made, in the names of our jobs."""


def job_prefix(name: str) -> str:
    """How the names of an endpoint's jobs begin: its own name, cut so that digest and second have room.

    What a job makes is called after the job, cut at 40 characters (API reference, JobName), so this is all of it
    that policies can rely on.
    """
    return name[: LONGEST_NAME - DIGITS - STAMP - 2].rstrip("-")


def is_burstable(instance_type: str) -> bool:
    """Whether load tests refuse the type: burstable ones (`ml.t2.medium`) give no steady performance."""
    family = instance_type.removeprefix("ml.").partition(".")[0]
    return family.rstrip("ag").startswith("t") and family[1:2].isdigit()


def network_needs() -> tuple[Need, ...]:
    """The eleven, as needs of the job's role."""
    return tuple(
        Need(action, "*", "attach the endpoints of a recommendation job to the subnets")
        for action in NETWORK_PERMISSIONS
    )


def job_needs(partition: str, region: str, account: str, prefix: str, bucket_arn: str) -> tuple[Need, ...]:
    """What a job needs besides the model's own needs and the network.

    Arguments:
        partition: where it runs.
        region: where it runs.
        account: where it runs.
        prefix: how the names of its jobs begin.
        bucket_arn: the bucket with the sample payloads.

    """
    base = f"arn:{partition}:sagemaker:{region}:{account}"
    needs = [
        Need(action, f"{base}:{kind}/{prefix}*", "make, load and delete the endpoints of a recommendation job")
        for kind in ("model", "endpoint-config", "endpoint")
        for action in SERVICE_ACTIONS
        if _is_about(action, kind)
    ]
    needs += [Need(action, f"{base}:model-package*/*", "read the registered version") for action in PACKAGE_ACTIONS]
    needs += [
        Need("s3:GetObject", f"{bucket_arn}/*", "read the sample payload"),
        Need("s3:ListBucket", bucket_arn, "list the sample payload"),
        Need("cloudwatch:GetMetricData", "*", "read what the load did to the instances"),
    ]
    return tuple(needs)


def _is_about(action: str, kind: str) -> bool:
    """CreateEndpoint is judged on the endpoint and on its configuration ("Actions defined by Amazon SageMaker")."""
    subject = action.partition(":")[2]
    about = {
        "model": ("CreateModel", "DescribeModel", "DeleteModel"),
        "endpoint-config": ("CreateEndpointConfig", "DescribeEndpointConfig", "DeleteEndpointConfig", "CreateEndpoint"),
        "endpoint": ("CreateEndpoint", "DescribeEndpoint", "DeleteEndpoint", "InvokeEndpoint"),
    }
    return subject in about[kind]


def traffic_problems(phases: Sequence[Mapping[str, int]]) -> list[str]:
    """What a load test would refuse in its phases, one sentence each (inference-recommender-troubleshooting).

    Arguments:
        phases: each with `users` it begins with, `spawnRate` (new users a minute) and `seconds`.

    """
    problems = []
    before: int | None = None
    for number, phase in enumerate(phases, start=1):
        if before is not None and abs(phase["users"] - before) > MOST_USERS:
            problems.append(
                f"phase {number} begins with {phase['users']} users and the one before ends with {before}: between two "
                f"phases at most {MOST_USERS} may come or go"
            )
        before = phase["users"] + phase["spawnRate"] * (phase["seconds"] // 60)
    return problems


def instances_at_once(tests: int | None, parallel: int | None) -> int:
    """How many instances a job's largest step has: one for each test that runs at the same time.

    Arguments:
        tests: how many tests there are; None where AWS chooses them (a Default job that names no types).
        parallel: the job's MaxParallelOfTests, None where it isn't limited.

    """
    most = MOST_CONFIGURATIONS if tests is None else tests
    return min(most, parallel) if parallel else most
