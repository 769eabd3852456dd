"""
The settings of Inference Recommender's jobs: what is to be tried, under which load, in which network.

Sources: CreateInferenceRecommendationsJob (API reference); "Run a custom load test", "Give Inference Recommender Jobs
Access to Resources in Your Amazon VPC" (SageMaker Developer Guide).
"""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic.alias_generators import to_camel

from components.settings_reading import described
from knowledge import recommendations as facts

RECOMMENDER = "recommender"
_TYPE = r"^ml\.[a-z0-9-]+\.[a-z0-9-]+\Z"
_VERSION = r"^arn:aws[a-z-]*:sagemaker:[a-z0-9-]{9,16}:[0-9]{12}:model-package/\S{1,1900}\Z"
_ROLE = r"^arn:aws[a-z-]*:iam::\d{12}:role/\S{1,512}\Z"
_ID = r"^[-0-9a-zA-Z]{1,32}\Z"
_KEY = r"^[a-zA-Z0-9:/_-]{1,2048}\Z"

InstanceType = Annotated[str, Field(pattern=_TYPE)]


class _Part(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True, regex_engine="python-re"
    )


class Phase(_Part):
    """One phase of the load: with how many users it begins, how many come each minute, how long it takes."""

    users: Annotated[int, Field(ge=1, le=facts.MOST_USERS)]
    spawn_rate: Annotated[int, Field(ge=0, le=facts.MOST_USERS)] = 0
    seconds: Annotated[int, Field(ge=facts.SHORTEST_PHASE, le=facts.LONGEST_PHASE)]


class Stairs(_Part):
    """A load that rises in steps of equal length."""

    seconds: Annotated[int, Field(ge=facts.SHORTEST_PHASE, le=facts.LONGEST_PHASE)]
    """Of all steps together."""

    steps: Annotated[int, Field(ge=1)]
    users_per_step: Annotated[int, Field(ge=1, le=facts.MOST_USERS)]


class Traffic(_Part):
    """Phases, or stairs."""

    phases: Annotated[list[Phase], Field(min_length=1)] | None = None
    stairs: Stairs | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.phases is None) == (self.stairs is None):
            raise ValueError("it has either phases or stairs")
        if self.phases:
            told = facts.traffic_problems([phase.model_dump(by_alias=True) for phase in self.phases])
            if told:
                raise ValueError("; ".join(told))
        return self

    @property
    def seconds(self) -> int:
        """How long the load of one test takes."""
        return self.stairs.seconds if self.stairs else sum(phase.seconds for phase in self.phases or [])


class Stop(_Part):
    """When a job has seen enough."""

    max_invocations: Annotated[int, Field(ge=1)] | None = None
    """Requests a minute that are expected of the endpoint."""

    latency: Annotated[int, Field(ge=1)] | None = None
    """Milliseconds, at `percentile`."""

    percentile: Literal["P95", "P99"] = "P95"
    flat_invocations: Literal["Stop", "Continue"] | None = None


class RecommenderSettings(_Part):
    """What the setting `recommender` may hold."""

    version: Annotated[
        str | None,
        described("the registered version that is tried", "the ARN of a model package version", pattern=_VERSION),
    ] = None

    job: Annotated[
        Literal["Default", "Advanced"],
        described("the kind of job", "Default (AWS chooses the load) or Advanced (a load test of your own)"),
    ] = "Default"

    payload: Annotated[
        str | None,
        described("the sample payload; unset, the stack's sample", "the path of a file, a folder or a .tar.gz archive"),
    ] = None

    content_types: Annotated[
        list[str] | None,
        described("the payload's content types; unset, sampleContentType", "a list of media types", min_length=1),
    ] = None

    domain: Annotated[
        Literal["COMPUTER_VISION", "NATURAL_LANGUAGE_PROCESSING", "MACHINE_LEARNING", "OTHER"] | None,
        described(
            "the model's domain; unset, the version's, else OTHER",
            "COMPUTER_VISION, NATURAL_LANGUAGE_PROCESSING, MACHINE_LEARNING or OTHER",
        ),
    ] = None

    task: Annotated[
        str | None,
        described("the model's task; unset, the version's, else OTHER", "as in CLASSIFICATION, REGRESSION or OTHER"),
    ] = None

    framework: Annotated[
        str | None,
        described(
            "the container's framework; unset, the version's, else OTHER",
            "TENSORFLOW, PYTORCH, XGBOOST, SAGEMAKER-SCIKIT-LEARN or OTHER",
        ),
    ] = None

    framework_version: Annotated[
        str | None, described("the framework's version", "as in 1.7.1", pattern=r"^[0-9]\.[A-Za-z0-9.-]{1,8}\Z")
    ] = None

    nearest_model: Annotated[
        str | None, described("the model of AWS's own benchmarks that is most like it", "as in xgboost")
    ] = None

    instance_types: Annotated[
        list[InstanceType] | None,
        described("the instance types that are tried", "a list of 1 to 10 types", min_length=1, max_length=10),
    ] = None

    environment: Annotated[
        dict[str, Annotated[list[str], Field(min_length=1, max_length=3)]] | None,
        described(
            "variables of the container whose values are tried",
            "a map of 1 to 5 names to lists of 1 to 3 values; with an Advanced job",
            min_length=1,
            max_length=5,
        ),
    ] = None

    traffic: Annotated[
        Traffic | None,
        described("the load of an Advanced job", "a map with phases or stairs (docs/inference-recommender.md)"),
    ] = None

    stop: Annotated[
        Stop | None, described("when the job has seen enough", "a map with maxInvocations, latency, flatInvocations")
    ] = None

    tests: Annotated[int | None, described("how many tests there are at most", "a whole number from 1", ge=1)] = None

    parallel: Annotated[int | None, described("how many tests run at once at most", "a whole number from 1", ge=1)] = (
        None
    )

    duration: Annotated[
        int | None,
        described("how long the job takes at most", f"1 to {facts.LONGEST_JOB} seconds", ge=1, le=facts.LONGEST_JOB),
    ] = None

    subnets: Annotated[
        list[Annotated[str, Field(pattern=_ID)]] | None,
        described("the jobs' subnets; unset, the endpoint's", "a list of 1 to 16 ids", min_length=1, max_length=16),
    ] = None

    security_groups: Annotated[
        list[Annotated[str, Field(pattern=_ID)]] | None,
        described(
            "the jobs' security groups; unset, the stack makes one", "a list of 1 to 5 ids", min_length=1, max_length=5
        ),
    ] = None

    s3_endpoint: Annotated[
        Literal["auto", "own", "existing"],
        described(
            "the gateway endpoint of Amazon S3 in the jobs' VPC",
            "auto (made unless there is one), own (made) or existing (you have it)",
        ),
    ] = "auto"

    role: Annotated[
        str | None,
        described("the jobs' role; unset, the stack makes one", "the ARN of a role", pattern=_ROLE),
    ] = None

    bucket: Annotated[
        str | None,
        described(
            "the bucket for payloads and records; unset, the stack makes one",
            "the name of a bucket",
            pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\Z",
        ),
    ] = None

    output_key: Annotated[
        str | None,
        described("the KMS key of what a job writes; unset, the stack's key", "an ARN, alias or id", pattern=_KEY),
    ] = None

    @field_validator("instance_types")
    @classmethod
    def _steady(cls, value: list[str] | None) -> list[str] | None:
        for each in value or []:
            if facts.is_burstable(each):
                raise ValueError(f"{each} is burstable, and load tests take no such type")
        if len(set(value or [])) < len(value or []):
            raise ValueError("a type stands in it twice")
        return value

    @field_validator("environment", mode="before")
    @classmethod
    def _texts(cls, value: object) -> object:
        """Numbers and truth values are what they are in YAML: text."""
        if not isinstance(value, Mapping):
            return value
        return {
            name: [str(each).lower() if isinstance(each, bool) else str(each) for each in values]
            if isinstance(values, list)
            else values
            for name, values in value.items()
        }

    @model_validator(mode="after")
    def _together(self) -> Self:
        wrong = []
        if self.job == "Advanced":
            wrong += [f"an Advanced job needs {name}" for name in ("traffic", "stop") if getattr(self, name) is None]
            if not self.instance_types:
                wrong.append("an Advanced job needs instanceTypes")
        else:
            wrong += [
                f"{name} goes with an Advanced job only"
                for name in ("traffic", "environment", "tests", "parallel")
                if getattr(self, name) is not None
            ]
        if self.traffic and self.duration and self.traffic.seconds > self.duration:
            wrong.append(f"the load takes {self.traffic.seconds} seconds, longer than duration ({self.duration})")
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def combinations(self) -> list[tuple[str, dict[str, str]]]:
        """Each test that follows from types and ranges: instance type and variables. Empty where AWS chooses them."""
        sets: list[dict[str, str]] = [{}]
        for name, values in (self.environment or {}).items():
            sets = [{**one, name: value} for one in sets for value in values]
        found = [(each, dict(one)) for each in self.instance_types or [] for one in sets]
        return found[: self.tests] if self.tests else found


class Recommendation(_Part):
    """What the setting `recommendation` holds: where the instance type comes from. `recommend --apply` writes it."""

    job: Annotated[str, described("the job's name", "1 to 64 letters, digits and hyphens", pattern=r"^[\w-]{1,64}\Z")]
    instance_type: Annotated[str, described("the type that it recommended", "as in ml.m5.large", pattern=_TYPE)]
    completed: Annotated[
        str,
        described(
            "when it was completed",
            "a moment in UTC, as in 2026-12-31T18:00:00Z",
            pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z",
        ),
    ]
    simulated: Annotated[bool, described("whether the figures are a rehearsal's", "true or false")] = False

    def tag(self) -> str:
        """As the value of the tag holdfast:recommendation."""
        return f"{self.instance_type} {self.completed} {self.job}" + (" simulated" if self.simulated else "")
