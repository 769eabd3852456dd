"""
The settings of the SageMaker Model Registry: the group that a stack has, the version it registers, the one it deploys.

Sources: CreateModelPackageGroup, CreateModelPackage (API reference); "Model Registry" (SageMaker Developer Guide).
"""

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, field_validator
from pydantic.alias_generators import to_camel

from components.registry_settings import IMAGE, object_in
from components.settings_reading import described, from_text, texts
from knowledge import arns
from knowledge.cross_account import account_problem
from knowledge.model_packages import GROUP_NAME, PENDING, Approval, group_of, metadata_problems, version_of
from knowledge.model_versions import METRICS, container_count_problem, content_type_problem

GROUP = "modelPackageGroup"
VERSION = "modelVersion"
PACKAGE = "modelPackage"
LATEST = "latest-approved"
_UNVERSIONED = re.compile(r"arn:[a-z-]+:sagemaker:[a-z0-9-]+:\d{12}:model-package/[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
_ROLE = re.compile(r"[A-Za-z0-9_+=,.@-]{1,64}")
_OF_CONTAINER = {"image", "artifact", "environment", "hostname"}


def _accounts(value: object) -> object:
    """Twelve digits each; YAML makes a number of them where there are no quotation marks."""
    if not isinstance(value, list):
        return value
    accounts = [str(one) if isinstance(one, int) else one for one in value]
    for text in accounts:
        wrong = account_problem(text) if isinstance(text, str) else f"{text!r} is no account"
        if wrong:
            raise ValueError(f"{wrong} (in quotation marks, so that YAML leaves it as it is)")
    return list(dict.fromkeys(accounts))


def _roles(value: list[str]) -> list[str]:
    """Names of IAM roles, not their ARNs (CreateRole, RoleName)."""
    for text in value:
        if not _ROLE.fullmatch(text):
            raise ValueError(f"{text!r} is no name of an IAM role (1 to 64 letters, digits, _+=,.@-; no ARN, no path)")
    return list(dict.fromkeys(value))


Accounts = Annotated[list[str], BeforeValidator(_accounts)]
Roles = Annotated[list[str], AfterValidator(_roles)]


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True, regex_engine="python-re")


class GroupSettings(_Part):
    """What the setting `modelPackageGroup` may hold."""

    name: Annotated[
        str,
        described(
            "the name of the model package group",
            "1 to 63 letters, digits and hyphens, neither beginning nor ending with a hyphen",
            pattern=rf"^{GROUP_NAME.pattern}\Z",
        ),
    ]
    description: Annotated[
        str, described("what the group is for; AWS can't change it later", "at most 1024 characters", max_length=1024)
    ] = ""
    training_accounts: Annotated[
        Accounts, described("the accounts that may register versions in it", "a list of account ids, 12 digits each")
    ] = []
    deploying_accounts: Annotated[
        Accounts, described("the accounts that may deploy its versions", "a list of account ids, 12 digits each")
    ] = []
    discoverable: Annotated[
        bool, described("whether these accounts see the group in AWS RAM (a resource share)", "true or false")
    ] = False


class ContainerSettings(_Part):
    """One container of an inference pipeline."""

    image: str
    artifact: str = ""
    environment: dict[str, str] = {}
    hostname: str = ""


class VersionSettings(_Part):
    """What the setting `modelVersion` may hold."""

    group: Annotated[
        str | None,
        described(
            "the group that the version is registered in",
            "a name, or the ARN of a group that another account has shared; the stack's own group when left out",
        ),
    ] = None
    description: Annotated[str, described("what the version is", "at most 1024 characters", max_length=1024)] = ""
    containers: Annotated[
        list[ContainerSettings],
        described(
            "the containers of an inference pipeline, in the order in which they are asked",
            "a list of 2 to 15 maps with image, artifact (an s3:// URL), environment, hostname",
        ),
    ] = []
    content_types: Annotated[list[str], described("what it takes", "a list of media types, as in text/csv")] = [
        "text/csv"
    ]
    response_types: Annotated[list[str], described("what it answers", "a list of media types, as in text/csv")] = [
        "text/csv"
    ]
    instance_types: Annotated[
        list[str] | None,
        described("what it may be deployed on", "a list of instance types; the stack's instanceType when left out"),
    ] = None
    transform_instance_types: Annotated[
        list[str], described("what it may be batch-transformed on", "a list of instance types")
    ] = []
    metrics: Annotated[
        dict[str, str],
        described("where its metrics lie", f"a map of {', '.join(METRICS)} to s3:// URLs of JSON files"),
    ] = {}
    metadata: Annotated[
        dict[str, str], described("properties of your own", "a map of at most 45 short texts to short texts")
    ] = {}
    commit: Annotated[str, described("the commit of its source", "at most 1024 characters", max_length=1024)] = ""
    repository: Annotated[
        str, described("the repository of its source", "at most 1024 characters", max_length=1024)
    ] = ""
    approval: Annotated[
        Approval,
        described(
            "its approval when it is registered", "PendingManualApproval (somebody approves it), Approved or Rejected"
        ),
    ] = PENDING
    approval_description: Annotated[
        str, described("why it was approved or rejected", "at most 1024 characters", max_length=1024)
    ] = ""
    deploying_accounts: Annotated[
        Accounts,
        described("the accounts that will deploy it, and read image and artifact here", "a list of account ids"),
    ] = []
    registrars: Annotated[
        Roles,
        described("the roles that register in another account's group", "a list of names of IAM roles"),
    ] = []
    repository_policy: Annotated[
        bool,
        described(
            "whether the stack sets the policy of the image's ECR repository for other accounts",
            "true, or false (you keep it yourself)",
        ),
    ] = True

    @field_validator("group")
    @classmethod
    def _group(cls, value: str | None) -> str | None:
        if value is not None and not GROUP_NAME.fullmatch(value) and group_of(value) is None:
            raise ValueError(f"{value!r} is neither the name nor the ARN of a model package group")
        return value

    @field_validator("containers", mode="before")
    @classmethod
    def _containers(cls, value: object) -> object:
        if not isinstance(value, list) or not value:
            return value
        if wrong := container_count_problem(len(value)):
            raise ValueError(wrong)
        for at, one in enumerate(value, 1):
            if wrong := _container_problem(one):
                raise ValueError(f"container {at}: {wrong}")
        return [{**one, "environment": texts(one.get("environment") or {})} for one in value]

    @field_validator("content_types", "response_types")
    @classmethod
    def _types(cls, value: list[str]) -> list[str]:
        if wrong := next(filter(None, map(content_type_problem, value)), ""):
            raise ValueError(wrong)
        return value

    @field_validator("metadata", mode="before")
    @classmethod
    def _metadata(cls, value: object) -> object:
        if not isinstance(value, Mapping):
            return value
        if wrong := metadata_problems({key: str(each) for key, each in value.items()}):
            raise ValueError(wrong[0])
        return texts(value)

    @field_validator("metrics")
    @classmethod
    def _metrics(cls, value: dict[str, str]) -> dict[str, str]:
        for name, url in value.items():
            if name not in METRICS:
                raise ValueError(f"there is no metric {name!r}")
            if arns.parse_s3(url) is None:
                raise ValueError(f"{url!r} is no S3 URL")
        return value


def _container_problem(given: object) -> str:
    if not isinstance(given, Mapping):
        return f"{given!r} is no map with image and artifact"
    if more := sorted(set(map(str, given)) - _OF_CONTAINER):
        return f"there is no {more[0]}; there are {', '.join(sorted(_OF_CONTAINER))}"
    image, artifact = given.get("image"), given.get("artifact", "")
    if not isinstance(image, str) or not re.fullmatch(IMAGE, image):
        return f"image {image!r} is no reference of an image"
    if artifact and (not isinstance(artifact, str) or not artifact.startswith("s3://")):
        return f"artifact {artifact!r} is no s3:// URL"
    return ""


def package_checked(value: str | None) -> str | None:
    """The ARN of a model package; raises ValueError for anything else."""
    if value is None or version_of(value) or _UNVERSIONED.fullmatch(value):
        return value
    if value.endswith(LATEST):
        raise ValueError(f"{value!r} moves; pin what it means now with `holdfast resolve {value}`")
    raise ValueError(f"{value!r} is no ARN of a model package")


GroupField = Annotated[
    GroupSettings | None,
    BeforeValidator(from_text),
    described("the model package group that the stack has", "a map (docs/model-registry.md)"),
]
VersionField = Annotated[
    VersionSettings | None,
    BeforeValidator(from_text),
    described("the version that image and artifact are registered as", "a map (docs/model-registry.md)"),
]
PackageField = Annotated[
    str | None,
    AfterValidator(package_checked),
    described("the version in the Model Registry that is deployed", "the ARN of a model package"),
]

DeployersField = Annotated[
    Roles,
    BeforeValidator(from_text),
    described("the roles of this account that deploy versions of another account", "a list of names of IAM roles"),
]


_NOTHING: tuple[object, ...] = (None, "", {}, "{}")
"""What counts as unset: Pulumi gives the default of a setting that is an object as JSON text."""


def missing(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Image and artifact, where they have to be set and aren't; as pydantic tells a missing field."""
    return [
        {"type": "missing", "loc": (one,)} for one in ("image", "artifact") if one not in given and needs_image(given)
    ]


def needs_image(given: Mapping[str, Any]) -> bool:
    """Whether image and artifact have to be set: unless a package says what is deployed, or only a group is kept."""
    if PACKAGE in given and VERSION not in given:
        return False
    version = object_in(given.get(VERSION))
    if version is not None:
        return not version.get("containers")
    return GROUP not in given or "image" in given or "artifact" in given


def contradictions(given: Mapping[str, Any]) -> list[str]:
    """What is wrong with the registry's settings beside the others."""
    found = []
    version, group = object_in(given.get(VERSION)), object_in(given.get(GROUP))
    if PACKAGE in given and version is None:
        found += [
            f"{name}: {PACKAGE} says what is deployed; leave {name} out, or set {VERSION} to register it"
            for name in ("image", "artifact", "environment")
            if given.get(name) not in _NOTHING
        ]
    if version is not None and version.get("containers"):
        found += [
            f"{name}: {VERSION}.containers says what is registered; leave {name} out"
            for name in ("image", "artifact", "environment")
            if given.get(name) not in _NOTHING
        ]
    if version is not None and not version.get("group") and group is None:
        found.append(f"{VERSION}.group: missing; name the group, or let the stack have one ({GROUP})")
    if version is not None and version.get("deployingAccounts") and given.get("key") == "none":
        found.append("key: it is none; a model that other accounts deploy is encrypted with a KMS key of your own")
    if PACKAGE in given and "registry" in given:
        found.append(f"registry: a model made from {PACKAGE} pulls its image from Amazon ECR; leave registry out")
    return found


def places(settings_group: str | None, package: str | None) -> Iterable[tuple[str, str, str]]:
    """The ARNs that the settings hold: the setting, the ARN, its Region."""
    if settings_group and (group := group_of(settings_group)):
        yield f"{VERSION}.group", settings_group, group.region
    arn = arns.parse(package)
    if package and arn:
        yield PACKAGE, package, arn.region
