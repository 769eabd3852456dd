"""
Every container of a model names its image by digest.

Avoid
    primary_container={"image": "111122223333.dkr.ecr.eu-central-1.amazonaws.com/decision-trees:latest"}

Prefer
    primary_container={"image": "111122223333.dkr.ecr.eu-central-1.amazonaws.com/decision-trees@sha256:4f0c..."}

Why
    A tag is whatever was pushed last. SageMaker pulls the image again whenever it patches or replaces an instance, so a
    push, or a deleted tag, changes or breaks an endpoint that nobody deployed. `latest`, and no tag, which means
    `latest`, are the worst: they move with every build.

Not covered
    Containers that take their image from a model package (`modelPackageName`), and images that are deleted later: the
    guards watch over those.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from knowledge.arns import parse_image
from policies.models import containers
from policies.rule import ResourceRule
from policies.tokens import MODEL

if TYPE_CHECKING:
    from policies.reading import Resource
    from policies.verdict import Verdict

DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}", re.IGNORECASE)


def judge(model: Resource, verdict: Verdict) -> None:
    """Judge each container by itself: one unknown image hides nothing of the others."""
    for container in containers(model):
        with verdict.considering(model):
            prop = container.where("image")
            image = parse_image(container.text("image"))
            if not image.reference or DIGEST.fullmatch(image.digest):
                continue
            worst = not image.digest and image.tag in ("", "latest")
            what = "no digest that is one" if image.digest else f"the tag {image.tag}" if image.tag else "no tag at all"
            repository = image.reference.partition("@")[0].removesuffix(f":{image.tag}")
            verdict.violated(
                model,
                f"{prop} is {image.reference}, with {what}; whatever is pushed there next runs on the endpoint as soon "
                "as SageMaker patches or replaces an instance.",
                fix=f"Set {prop} to {repository}@sha256:<digest>.",
                severity="critical" if worst else "high",
            )


rule = ResourceRule(
    name="model-images-are-pinned-by-digest",
    title="Every container of a model names its image by digest.",
    severity="critical",
    concern="endpoint integrity",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/best-practice-endpoint-security.html",
    remedy="Name the image as <repository>@sha256:<digest>.",
    types=(MODEL,),
    judge=judge,
)
