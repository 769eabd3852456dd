"""
Every container of a version in the Model Registry names its image by digest.

Avoid
    ModelVersion("scoring", {"containers": [{"image": ".../scoring:latest", ...}], ...})

Prefer
    ModelVersion("scoring", {"containers": [{"image": ".../scoring@sha256:4f0c...", ...}], ...})

Why
    A version is what somebody approves. With a tag, whatever is pushed there next is deployed under the same approval.

Not covered
    Whether an image of that digest is in its repository; versions that a pipeline or Studio registers (`holdfast
    approve` looks at those).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from knowledge.arns import parse_image
from knowledge.model_packages import containers_in
from policies.rule import ResourceRule
from policies.tokens import CLOUD_CONTROL
from policies.versions import desired_state

if TYPE_CHECKING:
    from policies.reading import Resource
    from policies.verdict import Verdict


def judge(resource: Resource, verdict: Verdict) -> None:
    """A digest in the reference, or beside it (ImageDigest)."""
    state = desired_state(resource)
    if state is None:
        verdict.not_applicable("it is no version in the Model Registry")
    for at, container in enumerate(containers_in(state or {})):
        image = parse_image(str(container.get("Image", "")))
        if image.reference and not image.digest and not container.get("ImageDigest"):
            verdict.violated(
                resource,
                f"InferenceSpecification.Containers[{at}].Image is {image.reference}, without a digest; what is "
                "approved under it can become another image.",
                fix="Name the image as <repository>@sha256:<digest> (holdfast resolve tells it).",
            )


rule = ResourceRule(
    name="model-versions-are-pinned-by-digest",
    title="Every container of a version in the Model Registry names its image by digest.",
    severity="critical",
    concern="model registry",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-version.html",
    remedy="Name the image as <repository>@sha256:<digest>.",
    types=(CLOUD_CONTROL,),
    judge=judge,
)
