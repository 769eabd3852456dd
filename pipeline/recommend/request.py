"""What a recommendation job is asked: one value, its digest, and the call that it becomes."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from knowledge.recommendations import DIGITS, instances_at_once, job_prefix
from pipeline.recommend.ground import volume_key

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from components.recommender_settings import RecommenderSettings

REQUEST_TAG: Final = "holdfast:request"
ASKED_BY_TAG: Final = "holdfast:asked-by"
STACK_TAG: Final = "holdfast:stack"
_STAMP: Final = "%Y%m%d%H%M%S"


@dataclass(frozen=True)
class Request:
    """
    All that decides what a job does and costs; two that are equal are one.

    Args:
        prefix: how the job's name begins: the endpoint's name.
        version: ARN of the registered version.
        role: ARN of the jobs' role.
        payload: `s3://` URL of the packed sample; its key holds the archive's SHA-256.
        content_types: of the payload.
        subnets, groups: the jobs' network, sorted.
        key: the KMS key of what the job writes; "" without one.
        model: Domain, Task, Framework and so on, as the job is told them.
        settings: of the stack, as given (`recommender`), paths left out.

    """

    prefix: str
    version: str
    role: str
    payload: str
    content_types: tuple[str, ...]
    subnets: tuple[str, ...]
    groups: tuple[str, ...]
    key: str
    model: tuple[tuple[str, str], ...]
    settings: RecommenderSettings = field(hash=False)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for the digest and the record."""
        told = {name: value for name, value in asdict(self).items() if name != "settings"}
        not_asked = {"version", "role", "payload", "content_types", "subnets", "security_groups", "output_key"}
        told["settings"] = self.settings.model_dump(
            mode="json",
            by_alias=True,
            exclude_none=True,
            exclude=not_asked | {"bucket", "s3_endpoint", "domain", "task", "framework", "framework_version"},
        )
        return json.loads(json.dumps(told))  # type: ignore[no-any-return]

    @property
    def digest(self) -> str:
        """Of everything that is asked."""
        text = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]

    def job_name(self, moment: dt.datetime) -> str:
        """A name that nothing else has: prefix, digest, second."""
        return f"{job_prefix(self.prefix)}-{self.digest}-{moment.strftime(_STAMP)}"

    @property
    def combinations(self) -> list[tuple[str, dict[str, str]]]:
        """The tests that are known beforehand: instance type and variables."""
        return self.settings.combinations()

    @property
    def volume_key(self) -> str:
        """The key of the endpoints' volumes."""
        return volume_key(self.key, self.settings.instance_types or ())

    @property
    def instances(self) -> int:
        """How many the job's largest step has."""
        return instances_at_once(len(self.combinations) or None, self.settings.parallel)

    def call(self, name: str, *, asked_by: str, stack: str) -> dict[str, Any]:
        """The parameters of CreateInferenceRecommendationsJob."""
        settings = self.settings
        payload = {"SamplePayloadUrl": self.payload, "SupportedContentTypes": [*self.content_types]}
        container = {**dict(self.model), "PayloadConfig": payload}
        given: dict[str, Any] = {
            "ModelPackageVersionArn": self.version,
            "VpcConfig": {"SecurityGroupIds": [*self.groups], "Subnets": [*self.subnets]},
            "ContainerConfig": container,
        }
        if settings.duration:
            given["JobDurationInSeconds"] = settings.duration
        if settings.instance_types:
            given["EndpointConfigurations"] = [self._configuration(each) for each in settings.instance_types]
        if settings.traffic:
            given["TrafficPattern"] = _traffic(settings)
        limits = {"MaxNumberOfTests": settings.tests, "MaxParallelOfTests": settings.parallel}
        if any(limits.values()):
            given["ResourceLimit"] = {key: value for key, value in limits.items() if value}
        call: dict[str, Any] = {
            "JobName": name,
            "JobType": settings.job,
            "RoleArn": self.role,
            "InputConfig": given,
            "JobDescription": f"Asked by holdfast recommend for stack {stack}"[:128],
            "Tags": [
                {"Key": REQUEST_TAG, "Value": self.digest},
                {"Key": ASKED_BY_TAG, "Value": tag_value(asked_by)},
                {"Key": STACK_TAG, "Value": tag_value(stack)},
            ],
        }
        if settings.stop:
            call["StoppingConditions"] = _stop(settings)
        if self.key:
            call["OutputConfig"] = {"KmsKeyId": self.key}
        if self.volume_key:
            given["VolumeKmsKeyId"] = self.volume_key
        return call

    def _configuration(self, instance_type: str) -> dict[str, Any]:
        made: dict[str, Any] = {"InstanceType": instance_type}
        if self.settings.environment:
            ranges = [{"Name": name, "Value": values} for name, values in self.settings.environment.items()]
            made["EnvironmentParameterRanges"] = {"CategoricalParameterRanges": ranges}
        return made


def model_of(settings: RecommenderSettings, version: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """
    What a job is told of the model: what the settings say, and OTHER for what neither they nor the version say.

    A job wants Domain and Framework (inference-recommender-troubleshooting); what the version says itself is left out.
    """
    containers = (version.get("InferenceSpecification") or {}).get("Containers") or [{}]
    given = {
        "Domain": settings.domain or ("" if version.get("Domain") else "OTHER"),
        "Task": settings.task or ("" if version.get("Task") else "OTHER"),
        "Framework": settings.framework or ("" if containers[0].get("Framework") else "OTHER"),
        "FrameworkVersion": settings.framework_version or "",
        "NearestModelName": settings.nearest_model or "",
    }
    return tuple((name, value) for name, value in given.items() if value)


def tag_value(text: str) -> str:
    """The text as a tag's value: what AWS doesn't take becomes `_`."""
    return re.sub(r"[^\w\s.:/=+\-@]", "_", text)[:256]


def _traffic(settings: RecommenderSettings) -> dict[str, Any]:
    traffic = settings.traffic
    if traffic is None:
        return {}
    if traffic.stairs:
        return {
            "TrafficType": "STAIRS",
            "Stairs": {
                "DurationInSeconds": traffic.stairs.seconds,
                "NumberOfSteps": traffic.stairs.steps,
                "UsersPerStep": traffic.stairs.users_per_step,
            },
        }
    return {
        "TrafficType": "PHASES",
        "Phases": [
            {
                "InitialNumberOfUsers": each.users,
                "SpawnRate": each.spawn_rate,
                "DurationInSeconds": each.seconds,
            }
            for each in traffic.phases or []
        ],
    }


def _stop(settings: RecommenderSettings) -> dict[str, Any]:
    stop = settings.stop
    if stop is None:
        return {}
    made: dict[str, Any] = {}
    if stop.max_invocations:
        made["MaxInvocations"] = stop.max_invocations
    if stop.latency:
        made["ModelLatencyThresholds"] = [{"Percentile": stop.percentile, "ValueInMilliseconds": stop.latency}]
    if stop.flat_invocations:
        made["FlatInvocations"] = stop.flat_invocations
    return made
