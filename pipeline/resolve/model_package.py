"""A group's latest approved version, or one version by name: the ARN that it means now. Asked: SageMaker only.

Also for versions that weren't registered here (a RegisterModel step of SageMaker Pipelines, Studio).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from findings import exit_codes
from knowledge.model_packages import GROUP_NAME, deployable, version_of
from pipeline.errors import PipelineError
from pipeline.resolve.resolver import Resolved, Resolver

if TYPE_CHECKING:
    from pipeline.resolve.resolver import Asking

LATEST = "latest-approved"
SETTING = "modelPackage"
_GROUP = rf"(arn:[a-z-]+:sagemaker:[a-z0-9-]+:\d{{12}}:model-package-group/)?{GROUP_NAME.pattern}"
_MOVING = re.compile(rf"(?P<group>{_GROUP})@{LATEST}")


def takes(text: str) -> bool:
    """`<group>@latest-approved`, by name or ARN; the ARN of a version."""
    return _MOVING.fullmatch(text) is not None or version_of(text) is not None


def resolve(text: str, asking: Asking) -> Resolved:
    """The version's ARN; refused unless it is approved, because nothing else may be deployed."""
    from pipeline.versions.registry import ModelRegistry

    registry = ModelRegistry(asking.account())
    found = _MOVING.fullmatch(text)
    if found is not None:
        group = registry.group(found["group"])
        newest = registry.latest_approved(group)
        arn = str(newest["ModelPackageArn"])
        return Resolved(SETTING, arn, f"the Model Registry: the newest approved version of group {group.name}")
    arn = registry.version(text, "")
    described = registry.describe(arn)
    if why := deployable(described):
        raise PipelineError(f"{arn} can't be deployed: {why}.", exit_codes.REFUSED)
    return Resolved(SETTING, arn, "the Model Registry: it is approved")


resolver = Resolver(
    form=f"<group>@{LATEST}, or the ARN of a version, of SageMaker's Model Registry",
    takes=takes,
    resolve=resolve,
)
