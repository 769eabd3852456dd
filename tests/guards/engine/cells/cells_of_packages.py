"""Model packages: one in use removed or replaced; models and versions that may not be made."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cell import REMOVED, Cell, Change, Inputs

if TYPE_CHECKING:
    from collections.abc import Iterator

ABSENT = None
MODEL = "aws:sagemaker/model:Model"
CLOUD_CONTROL = "aws:cloudcontrol/resource:Resource"


def version(group: str, image: str, artifact: str, description: str) -> Inputs:
    """A model package by Cloud Control."""
    state = {
        "ModelPackageGroupName": group,
        "ModelPackageDescription": description,
        "ModelApprovalStatus": "Approved",
        "InferenceSpecification": {
            "Containers": [{"Image": image, "ModelDataUrl": artifact}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    }
    return {"typeName": "AWS::SageMaker::ModelPackage", "desiredState": json.dumps(state)}


def packages(world: dict[str, Any]) -> Iterator[Cell]:
    """All of them."""
    image, role, artifact = world["image"], world["role"], f"s3://{world['bucket']}/model.tar.gz"
    for change in ("removed", "replaced"):
        name = f"model-package-{change}"
        pair = [
            Change(
                version("packages", image, artifact, f"{name}{which}"),
                REMOVED if change == "removed" else version("packages-2", image, artifact, f"{name}{which}"),
                use,
            )
            for which, use in (("", {"model": {"Package": "{id}"}}), ("-twin", {}))
        ]
        yield Cell(name, CLOUD_CONTROL, "model-package-in-use-stays", *pair)

    def added(name: str, token: str, guard: str, refused: Inputs, twin: Inputs) -> Cell:
        return Cell(f"{name}-added", token, guard, Change(ABSENT, refused), Change(ABSENT, twin))

    def model(name: str, role_arn: str = role, **container: Any) -> Inputs:
        return {"name": name, "executionRoleArn": role_arn, "primaryContainer": container}

    approved, pending, empty = (world["packages"][one] for one in ("approved", "pending", "empty"))
    name = "model-of-pending-package"
    one, two = model(name, modelPackageName=pending), model(f"{name}-twin", modelPackageName=approved)
    yield added(name, MODEL, "model-package-is-approved", one, two)
    name = "model-of-empty-package"
    one, two = model(name, modelPackageName=empty), model(f"{name}-twin", modelPackageName=approved)
    yield added(name, MODEL, "model-package-can-be-run", one, two)
    name = "model-of-unreadable-package"
    one = model(name, world["roles"] + "powerless", modelPackageName=approved)
    yield added(name, MODEL, "model-package-can-be-run", one, {**one, "name": f"{name}-twin", "executionRoleArn": role})
    name = "model-of-missing-image"
    one = model(name, image=image.rpartition("@")[0] + "@sha256:" + "0" * 64, modelDataUrl=artifact)
    two = model(f"{name}-twin", image=image, modelDataUrl=artifact)
    yield added(name, MODEL, "model-refers-to-what-exists", one, two)
    name = "model-of-missing-artifact"
    one = model(name, image=image, modelDataUrl=artifact.replace("model.tar", "none.tar"))
    two = model(f"{name}-twin", image=image, modelDataUrl=artifact)
    yield added(name, MODEL, "model-refers-to-what-exists", one, two)
    group = "aws:sagemaker/modelPackageGroup:ModelPackageGroup"
    one, two = ({"modelPackageGroupName": name} for name in ("taken", "free"))
    yield added("model-package-group", group, "model-package-group-is-new", one, two)
    name = "version-of-another-account"
    theirs, readable = world["other_group"], world["readable"]
    one = version(theirs, readable["image"], readable["closed"], name)
    two = version(theirs, readable["image"], readable["open"], f"{name}-twin")
    yield added(name, CLOUD_CONTROL, "registry-can-read-the-version", one, two)
