"""
No lifecycle policy of a repository deletes the images of models that endpoints use.

Avoid
    LifecyclePolicy("images", repository=repository.name, policy='''{"rules": [{"selection":
        {"tagStatus": "untagged", "countType": "sinceImagePushed", ...}, "action": {"type": "expire"}}]}''')

Prefer
    LifecyclePolicy("images", repository=repository.name, policy='''{"rules": [{"selection":
        {"tagStatus": "tagged", "tagPrefixList": ["build-"], ...}, "action": {"type": "expire"}}]}''')

Why
    SageMaker pulls the image again whenever it patches, replaces or adds an instance. Amazon ECR knows nothing of that:
    it counts an image as untagged as soon as its tag moved on, and a rule for `untagged` or `any` deletes exactly the
    one that the running endpoint names by digest.

Not covered
    Rules for tags: which tags an image has isn't in the program. Repositories that this stack doesn't own.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from knowledge.arns import parse_image
from policies.models import containers, known
from policies.rule import StackRule
from policies.tokens import MODEL, REPOSITORY, REPOSITORY_LIFECYCLE
from policies.use import path_from

if TYPE_CHECKING:
    from policies.reading import Resource, Stack
    from policies.verdict import Verdict


def judge(stack: Stack, verdict: Verdict) -> None:
    """Judge each lifecycle policy once, with the first path of use that leads to it."""
    judged: set[str] = set()
    for model in stack.of_type(MODEL):
        for repository in _repositories(stack, model):
            for lifecycle in stack.referring(repository, REPOSITORY_LIFECYCLE, "repository"):
                if lifecycle.urn not in judged:
                    judged.add(lifecycle.urn)
                    with verdict.considering(lifecycle):
                        path = (repository.label, *path_from(stack, model))
                        _judge_lifecycle(lifecycle, path, verdict)
    if not judged:
        verdict.not_applicable("no model's image is in a repository of this stack that has a lifecycle policy")


def _judge_lifecycle(lifecycle: Resource, path: tuple[str, ...], verdict: Verdict) -> None:
    try:
        taken = sorted({_tag_status(rule) for rule in json.loads(lifecycle.properties.text("policy"))["rules"]})
    except (ValueError, TypeError, KeyError, AttributeError):
        verdict.leave_undecided(lifecycle, "policy is no lifecycle policy that can be read.")
        return
    for status in taken:
        if status in ("any", "untagged"):
            verdict.violated(
                lifecycle,
                f"a rule of policy expires images with tagStatus {status}; an image that an endpoint names by digest "
                "is deleted under it.",
                path=path,
            )


def _tag_status(rule: Any) -> str:
    return str(rule["selection"]["tagStatus"]) if rule["action"]["type"] == "expire" else ""


def _repositories(stack: Stack, model: Resource) -> list[Resource]:
    found: dict[str, Resource] = {}
    for container in containers(model):
        image = known(container, "image")
        name = parse_image(image).repository if image else None
        for repository in stack.referred(model, container.path.partition("[")[0], name, REPOSITORY):
            found[repository.urn] = repository
    return list(found.values())


rule = StackRule(
    name="images-do-not-expire",
    title="No lifecycle policy of a repository deletes the images of models that endpoints use.",
    severity="medium",
    concern="endpoint integrity",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/best-practice-endpoint-security.html",
    remedy="Expire images by tags that no deployed image has (tagStatus tagged).",
    types=(MODEL, REPOSITORY),
    judge=judge,
)
