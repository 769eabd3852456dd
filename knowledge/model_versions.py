"""A model version as it is to be registered: what may be asked for, the definition that follows, and its fingerprint.

A definition is what CreateModelPackage takes, in the API's spelling; CloudFormation's AWS::SageMaker::ModelPackage has
the same names. Sources: CreateModelPackage, InferenceSpecification, ModelPackageContainerDefinition, ModelMetrics,
MetadataProperties (API reference); "Register a Model Version", "Inference pipelines" (SageMaker Developer Guide);
"Common data formats for inference" (cdf-inference) and IANA's registry for media types.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from knowledge import arns
from knowledge.model_packages import (
    ARTIFACT_DIGEST,
    ARTIFACT_KEY,
    DEFINITION,
    GROUP_NAME,
    group_of,
    metadata_problems,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

FEWEST_IN_A_PIPELINE: Final = 2
MOST_CONTAINERS: Final = 15
LONGEST_DESCRIPTION: Final = 1024
LONGEST_METADATA_PROPERTY: Final = 1024  # MetadataProperties: CommitId, Repository

METRICS: Final = {
    "modelQuality": ("ModelQuality", "Statistics"),
    "modelQualityConstraints": ("ModelQuality", "Constraints"),
    "dataQuality": ("ModelDataQuality", "Statistics"),
    "dataQualityConstraints": ("ModelDataQuality", "Constraints"),
    "bias": ("Bias", "Report"),
    "explainability": ("Explainability", "Report"),
}
"""What the metrics of a version are called in settings, and where ModelMetrics has them."""

CONTENT_TYPES: Final = frozenset(
    {
        *("text/csv", "text/plain", "text/html", "text/xml", "text/tab-separated-values", "text/libsvm"),
        *("application/json", "application/jsonlines", "application/ndjson", "application/xml", "application/zip"),
        *("application/octet-stream", "application/pdf", "application/gzip", "application/cbor", "application/avro"),
        *("application/protobuf", "application/grpc", "application/msgpack", "application/parquet"),
        *("image/jpeg", "image/png", "image/gif", "image/bmp", "image/tiff", "image/webp", "image/svg+xml"),
        *("audio/wav", "audio/mpeg", "audio/mp4", "audio/flac", "audio/ogg", "audio/basic", "audio/webm"),
        *("video/mp4", "video/mpeg", "video/webm", "video/ogg", "multipart/form-data"),
    }
)
_OWN_TYPE = re.compile(r"(application|audio|font|image|message|model|multipart|text|video)/(x-|vnd\.|prs\.)[\w.+-]+")
_INSTANCE = re.compile(r"ml\.[a-z0-9-]+\.[a-z0-9-]+")
_HOSTNAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")


@dataclass(frozen=True)
class Container:
    """One container of a version: image reference, S3 URL of its artifact, variables, and its name in a pipeline."""

    image: str
    artifact: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    hostname: str = ""


@dataclass(frozen=True)
class Version:
    """
    A version as it is to be registered.

    Arguments:
        group: name of its group, or the group's ARN where that is another account's.
        containers: 1, or 2 to 15 in the order in which a pipeline asks them.
        content_types, response_types: media types of requests and answers.
        instance_types, transform_instance_types: what it may be deployed and batch-transformed on.
        description: at most 1024 characters.
        metrics: S3 URLs by the names in METRICS.
        metadata: CustomerMetadataProperties of the user's own.
        commit, repository: where its source is.
        artifact_digest, artifact_key: SHA-256 of the artifact, ARN of the key that encrypts it; "" where not known.

    """

    group: str
    containers: tuple[Container, ...]
    content_types: tuple[str, ...] = ("text/csv",)
    response_types: tuple[str, ...] = ("text/csv",)
    instance_types: tuple[str, ...] = ("ml.m5.large",)
    transform_instance_types: tuple[str, ...] = ()
    description: str = ""
    metrics: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    commit: str = ""
    repository: str = ""
    artifact_digest: str = ""
    artifact_key: str = ""


def content_type_problem(text: str) -> str:
    """What is wrong with a media type; "" when it is a known one, or one of somebody's own (`x-`, `vnd.`)."""
    plain = text.partition(";")[0].strip().lower()
    if plain in CONTENT_TYPES or _OWN_TYPE.fullmatch(plain):
        return ""
    near = difflib.get_close_matches(plain, sorted(CONTENT_TYPES), n=1)
    meant = (
        f"; did you mean {near[0]}?" if near else "; one of your own begins with x- or vnd., as in application/x-npy"
    )
    return f"{text!r} is no content type that is known{meant}"


def container_count_problem(count: int) -> str:
    """What is wrong with so many containers in a pipeline; "" for 2 to 15."""
    if FEWEST_IN_A_PIPELINE <= count <= MOST_CONTAINERS:
        return ""
    return (
        f"{count} container{'s' * (count != 1)} given; an inference pipeline has {FEWEST_IN_A_PIPELINE} to "
        f"{MOST_CONTAINERS}, and a model of one container is set by image and artifact"
    )


def problems(version: Version) -> list[str]:
    """Everything that AWS would refuse of a version, a sentence each."""
    found = _container_problems(version)
    if not (GROUP_NAME.fullmatch(version.group) or group_of(version.group)):
        found.append(f"{version.group!r} is neither the name nor the ARN of a model package group")
    found += filter(None, map(content_type_problem, (*version.content_types, *version.response_types)))
    for type_ in (*version.instance_types, *version.transform_instance_types):
        if not _INSTANCE.fullmatch(type_):
            found.append(f"{type_!r} is no instance type of SageMaker's, as in ml.m5.large")
    if len(version.description) > LONGEST_DESCRIPTION:
        found.append(f"the description has {len(version.description)} characters of at most {LONGEST_DESCRIPTION}")
    for name, text in (("commit", version.commit), ("repository", version.repository)):
        if len(text) > LONGEST_METADATA_PROPERTY:
            found.append(f"{name} has {len(text)} characters of at most {LONGEST_METADATA_PROPERTY}")
    found += _metric_problems(version.metrics)
    return found + metadata_problems(version.metadata)


def _container_problems(version: Version) -> list[str]:
    found = []
    count = len(version.containers)
    if not 1 <= count <= MOST_CONTAINERS:
        found.append(container_count_problem(count))
    for at, container in enumerate(version.containers, 1):
        if not container.image:
            found.append(f"container {at} has no image")
        if container.artifact and arns.parse_s3(container.artifact) is None:
            found.append(f"container {at}: {container.artifact!r} is no S3 URL")
        if container.hostname and not _HOSTNAME.fullmatch(container.hostname):
            found.append(f"container {at}: {container.hostname!r} is no name for a container")
    return found


def _metric_problems(metrics: Mapping[str, str]) -> list[str]:
    found = []
    for name, url in metrics.items():
        if name not in METRICS:
            found.append(f"there is no metric {name!r}; there are {', '.join(METRICS)}")
        elif arns.parse_s3(url) is None:
            found.append(f"metric {name}: {url!r} is no S3 URL")
    return found


# --- definition ---------------------------------------------------------------------------------------------------


def definition(version: Version) -> dict[str, Any]:
    """
    What is registered, as CreateModelPackage takes it, without an approval.

    The image's digest is written beside it (ImageDigest); commit and repository into MetadataProperties; the
    fingerprint and what is known of the artifact into CustomerMetadataProperties. ClientToken follows from the
    fingerprint: the same definition, asked for twice at once, is one version.
    """
    made: dict[str, Any] = {
        "ModelPackageGroupName": version.group,
        "InferenceSpecification": _without_empty(
            {
                "Containers": [_container(one) for one in version.containers],
                "SupportedContentTypes": list(version.content_types),
                "SupportedResponseMIMETypes": list(version.response_types),
                "SupportedRealtimeInferenceInstanceTypes": list(version.instance_types),
                "SupportedTransformInstanceTypes": list(version.transform_instance_types),
            }
        ),
        "ModelPackageDescription": version.description,
        "MetadataProperties": _without_empty({"CommitId": version.commit, "Repository": version.repository}),
        "ModelMetrics": _metrics(version.metrics),
    }
    made = _without_empty(made)
    known = {ARTIFACT_DIGEST: version.artifact_digest, ARTIFACT_KEY: version.artifact_key}
    metadata = {**version.metadata, **_without_empty(known)}
    mark = fingerprint(made)
    made["CustomerMetadataProperties"] = {**metadata, DEFINITION: mark}
    made["ClientToken"] = mark[:32]
    return made


def fingerprint(made: Mapping[str, Any]) -> str:
    """SHA-256 of a definition: of what can't be changed in a version, wherever it is registered from."""
    left_out = {"ClientToken", "ModelApprovalStatus", "CustomerMetadataProperties"}
    kept = {key: value for key, value in made.items() if key not in left_out}
    group = group_of(str(kept["ModelPackageGroupName"]))
    kept["ModelPackageGroupName"] = group.name if group else kept["ModelPackageGroupName"]
    return hashlib.sha256(json.dumps(kept, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _container(one: Container) -> dict[str, Any]:
    return _without_empty(
        {
            "ContainerHostname": one.hostname,
            "Image": one.image,
            "ImageDigest": arns.parse_image(one.image).digest,
            "ModelDataUrl": one.artifact,
            "Environment": dict(one.environment),
        }
    )


def _metrics(given: Mapping[str, str]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, url in given.items():
        metric, part = METRICS[name]
        made.setdefault(metric, {})[part] = {"ContentType": "application/json", "S3Uri": url}
    return made


def _without_empty(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in ("", [], {}, None)}
