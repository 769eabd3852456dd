"""
The tags by which a release says what it is: its stage, its image, its artifact.

They are written on model, endpoint configuration and endpoint. Those of model and configuration never change: another
image or artifact is another model and another configuration. While containers can be accessed through SSM,
configuration and endpoint also say until when, and with which document sessions are started.
Limits: "Tagging AWS resources" (Tag naming limits and requirements): values of 256 characters from a fixed alphabet.
"""

import re
from typing import Literal

import pulumi

STAGE = "holdfast:stage"
IMAGE = "holdfast:image"
ARTIFACT = "holdfast:artifact"
PACKAGE = "holdfast:model-package"
SSM_ACCESS_UNTIL = "holdfast:ssm-access-until"
SSM_SESSION_DOCUMENT = "holdfast:ssm-session-document"
RECOMMENDATION = "holdfast:recommendation"
LONGEST_VALUE = 256

Stage = Literal["production", "development"]


def value(text: str) -> str:
    """The text as a tag's value: what AWS doesn't take becomes `_`, and of what is too long the end is kept."""
    return re.sub(r"[^\w\s.:/=+\-@]", "_", text)[-LONGEST_VALUE:]


def of_release(
    stage: pulumi.Input[str], image: pulumi.Input[str], artifact_url: pulumi.Input[str]
) -> dict[str, pulumi.Input[str]]:
    """The tags of everything that belongs to one release."""
    return {
        STAGE: stage,
        IMAGE: pulumi.Output.from_input(image).apply(value),
        ARTIFACT: pulumi.Output.from_input(artifact_url).apply(value),
    }


def of_package(stage: pulumi.Input[str], package_arn: pulumi.Input[str]) -> dict[str, pulumi.Input[str]]:
    """The tags of a release that is made from a version in the Model Registry."""
    return {STAGE: stage, PACKAGE: pulumi.Output.from_input(package_arn).apply(value)}


def of_ssm_access(until: str | None, document: pulumi.Input[str]) -> dict[str, pulumi.Input[str]]:
    """The tags of an endpoint whose containers can be accessed: until when (as it was given), and how it is logged."""
    return {**({SSM_ACCESS_UNTIL: value(until)} if until else {}), SSM_SESSION_DOCUMENT: document}


def of_recommendation(text: str | None) -> dict[str, pulumi.Input[str]]:
    """The tag of a configuration whose instance type comes from a recommendation job: type, when, which job."""
    return {RECOMMENDATION: value(text)} if text else {}
