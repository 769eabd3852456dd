"""Model packages as SageMaker tells them: names, limits, approvals, what a version is made of and may be deployed by.

Sources: CreateModelPackage, UpdateModelPackage, DescribeModelPackage, ListModelPackages, CustomerMetadataMap (API
reference); "Update the Approval Status of a Model" (SageMaker Developer Guide, model-registry-approve).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from knowledge import arns

if TYPE_CHECKING:
    from collections.abc import Sequence

Approval = Literal["PendingManualApproval", "Approved", "Rejected"]
PENDING: Final = "PendingManualApproval"
APPROVED: Final = "Approved"
REJECTED: Final = "Rejected"
APPROVALS: Final = (PENDING, APPROVED, REJECTED)

LONGEST_APPROVAL: Final = 1024
MOST_METADATA: Final = 50
LONGEST_METADATA_KEY: Final = 128
LONGEST_METADATA_VALUE: Final = 256
PAGE: Final = 100  # ListModelPackages, MaxResults

GROUP_NAME: Final = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
METADATA_TEXT: Final = re.compile(r"[\w .:/=+\-@]*")

# Keys of CustomerMetadataProperties by which a version says what it is and what was decided about it.
DEFINITION: Final = "holdfast:definition"
ARTIFACT_DIGEST: Final = "holdfast:artifact-sha256"
ARTIFACT_KEY: Final = "holdfast:artifact-key"
DECIDED_BY: Final = "holdfast:decided-by"
DECIDED_AT: Final = "holdfast:decided-at"
SMOKE: Final = "holdfast:smoke"
"""`passed` or `failed`, then whatever the pipeline that tried the version has to say."""


@dataclass(frozen=True)
class Place:
    """A group, or a version of it (`number`; 0 for the group), and where it is."""

    partition: str
    region: str
    account: str
    name: str
    number: int = 0

    @property
    def group_arn(self) -> str:
        """ARN of the group."""
        return f"arn:{self.partition}:sagemaker:{self.region}:{self.account}:model-package-group/{self.name}"

    @property
    def versions_arn(self) -> str:
        """What stands for all versions of the group in a policy."""
        return f"arn:{self.partition}:sagemaker:{self.region}:{self.account}:model-package/{self.name}/*"


def group_of(text: str) -> Place | None:
    """The group that an ARN names; None when it is the ARN of none."""
    arn = arns.parse(text)
    if arn is None or arn.service != "sagemaker" or arn.kind != "model-package-group":
        return None
    if not GROUP_NAME.fullmatch(arn.name) or not re.fullmatch(r"\d{12}", arn.account):
        return None
    return Place(arn.partition, arn.region, arn.account, arn.name)


def version_of(text: str) -> Place | None:
    """The version that an ARN names (`...:model-package/<group>/<number>`); None when it is the ARN of none."""
    arn = arns.parse(text)
    if arn is None or arn.service != "sagemaker" or arn.kind != "model-package":
        return None
    name, _, number = arn.name.partition("/")
    if not GROUP_NAME.fullmatch(name) or not re.fullmatch(r"[1-9]\d{0,8}", number):
        return None
    return Place(arn.partition, arn.region, arn.account, name, int(number))


def containers_in(described: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The containers of a version as DescribeModelPackage, or Cloud Control, tells it."""
    specification = described.get("InferenceSpecification")
    found = specification.get("Containers") if isinstance(specification, Mapping) else None
    return [one for one in found or () if isinstance(one, Mapping)]


def pinned_image(container: Mapping[str, Any]) -> str:
    """The container's image by its digest, where the version has one; else as it is named."""
    image, digest = str(container.get("Image", "")), str(container.get("ImageDigest", ""))
    if not digest or "@" in image:
        return image
    return f"{re.sub(r':[^:/]+$', '', image)}@{digest}"


def deployable(described: Mapping[str, Any]) -> str:
    """Why a version may not be deployed; "" when it is approved and complete. One without a group needs no approval."""
    status = described.get("ModelPackageStatus", "Completed")
    if status != "Completed":
        return f"its registration is {status}"
    if not described.get("ModelPackageGroupName"):
        return ""
    approval = str(described.get("ModelApprovalStatus", PENDING))
    if approval == APPROVED:
        return ""
    said = str(described.get("ApprovalDescription") or "")
    return f"its approval status is {approval}" + (f" ({said})" if said else "")


def urls_of(described: Mapping[str, Any]) -> Sequence[str]:
    """The S3 URLs of all its artifacts."""
    found: list[str] = []
    for container in containers_in(described):
        source = (container.get("ModelDataSource") or {}).get("S3DataSource") or {}
        more = [one.get("S3DataSource") or {} for one in container.get("AdditionalModelDataSources") or []]
        urls = [container.get("ModelDataUrl"), *(_prefix(one) for one in (source, *more))]
        found += [str(url) for url in urls if url]
    return tuple(dict.fromkeys(found))


def _prefix(source: Mapping[str, Any]) -> str:
    url = str(source.get("S3Uri") or "")
    return f"{url}/" if url and source.get("S3DataType") == "S3Prefix" and not url.endswith("/") else url


def metadata_problems(metadata: Mapping[str, str]) -> list[str]:
    """What is wrong with customer metadata, by CustomerMetadataMap's limits."""
    found = []
    if len(metadata) > MOST_METADATA:
        found.append(f"{len(metadata)} properties given; a version has at most {MOST_METADATA}, Holdfast's included")
    for key, value in metadata.items():
        if not key or len(key) > LONGEST_METADATA_KEY or not METADATA_TEXT.fullmatch(key):
            found.append(f"{key!r} is no key of a property (1 to {LONGEST_METADATA_KEY} letters, digits, _.:/=+-@)")
        if not value or len(value) > LONGEST_METADATA_VALUE or not METADATA_TEXT.fullmatch(value):
            found.append(
                f"the value of {key!r} doesn't fit (1 to {LONGEST_METADATA_VALUE} letters, digits, spaces, _.:/=+-@)"
            )
    return found
