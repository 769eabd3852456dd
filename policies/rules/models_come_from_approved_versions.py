"""
A model that is made from a version of the same stack is made from an approved one.

Avoid
    version = ModelVersion("scoring", {"approval": "PendingManualApproval", ...})
    Model("scoring", primary_container={"model_package_name": version.arn})

Prefer
    ModelVersion("scoring", {...})          # somebody approves it: holdfast approve
    Model("scoring", primary_container={"model_package_name": "arn:...:model-package/scoring/3"})   # holdfast resolve

Why
    SageMaker refuses a model of a version that isn't approved, half-way through the deployment. Where it is approved by
    the program itself, nobody has looked.

Not covered
    Versions of other stacks and accounts: the guard `model-package-is-approved` asks the account.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from knowledge.model_packages import APPROVED, PENDING
from policies.models import containers, known
from policies.rule import StackRule
from policies.tokens import CLOUD_CONTROL, MODEL
from policies.versions import desired_state

if TYPE_CHECKING:
    from policies.reading import Resource, Stack
    from policies.verdict import Verdict

_PARTS = ("primaryContainer", "containers")


def judge(stack: Stack, verdict: Verdict) -> None:
    """Follow each model's package to the version that this stack registers."""
    pairs = [(model, version) for model in stack.of_type(MODEL) for version in _versions(stack, model)]
    if not pairs:
        verdict.not_applicable("no model is made from a version of this stack")
    for model, version in pairs:
        with verdict.considering(version):
            state = desired_state(version)
            approval = str((state or {}).get("ModelApprovalStatus", PENDING))
            if state is not None and approval != APPROVED:
                verdict.violated(
                    model,
                    f"it is made from {version.label}, which is registered as {approval}; SageMaker refuses that.",
                    path=(version.label, model.label),
                )


def _versions(stack: Stack, model: Resource) -> list[Resource]:
    found: dict[str, Resource] = {}
    for at in _PARTS:
        for container in containers(model):
            named = known(container, "modelPackageName")
            for one in stack.referred(model, at, named, CLOUD_CONTROL):
                found[one.urn] = one
    return list(found.values())


rule = StackRule(
    name="models-come-from-approved-versions",
    title="A model that is made from a version of the same stack is made from an approved one.",
    severity="high",
    concern="model registry",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-approve.html",
    remedy="Let somebody approve the version, then name its ARN (holdfast approve, holdfast resolve latest-approved).",
    types=(MODEL,),
    judge=judge,
)
