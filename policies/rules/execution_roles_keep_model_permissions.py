"""
Execution roles allow what their models need: read the artifact, pull the image, use the keys and the network.

Avoid
    RolePolicy("decision-trees", role=role.name, policy=json.dumps({"Statement": []}))
    Model("decision-trees", execution_role_arn=role.arn, ...)

Prefer
    ExecutionRole("decision-trees", ...)   # grants exactly what the model refers to
    Model("decision-trees", execution_role_arn=role.arn, ...)

Why
    SageMaker acts as this role not only when the endpoint is created, but each time it patches, replaces or adds an
    instance. A right that is gone is noticed then, on an endpoint that nobody touched.

Not covered
    Roles and policies that this stack doesn't own; managed policies of AWS, permissions boundaries and most conditions
    leave the rule undecided. Logs and metrics, without which an endpoint still runs. In an `up` that skipped its
    preview the rule runs only after the steps; the guards refuse a narrowing before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from knowledge.permissions import TRUSTED_SERVICE, Need
from knowledge.policy_documents import MalformedDocumentError, Outcome, evaluate, read, trusts
from policies.model_needs import essential_needs
from policies.models import known
from policies.role_documents import granted_elsewhere, rights_of
from policies.rule import StackRule
from policies.tokens import MODEL, ROLE
from policies.use import path_from

if TYPE_CHECKING:
    from policies.reading import Resource, Stack
    from policies.verdict import Verdict


def judge(stack: Stack, verdict: Verdict) -> None:
    """Judge each model's role against this model's needs."""
    roles = [
        (model, role)
        for model in stack.of_type(MODEL)
        for role in stack.referred(model, "executionRoleArn", known(model.properties, "executionRoleArn"), ROLE)
    ]
    if not roles:
        verdict.not_applicable("no model has a role of this stack")
    for model, role in roles:
        with verdict.considering(role):
            _judge_trust(stack, model, role, verdict)
        with verdict.considering(role):
            _judge_rights(stack, model, role, verdict)


def _judge_trust(stack: Stack, model: Resource, role: Resource, verdict: Verdict) -> None:
    text = role.properties.text("assumeRolePolicy")
    try:
        trusted = trusts(read(text), TRUSTED_SERVICE) if text else Outcome.UNKNOWN
    except MalformedDocumentError as error:
        verdict.leave_undecided(role, f"assumeRolePolicy can't be read ({error})")
        return
    if trusted in (Outcome.NOT_GRANTED, Outcome.DENIED):
        verdict.violated(
            role,
            f"assumeRolePolicy doesn't let {TRUSTED_SERVICE} assume the role of {model.label}.",
            path=(role.label, *path_from(stack, model)),
            fix=f"Allow sts:AssumeRole to the service {TRUSTED_SERVICE} in assumeRolePolicy.",
        )


def _judge_rights(stack: Stack, model: Resource, role: Resource, verdict: Verdict) -> None:
    rights = rights_of(stack, role)
    missing: dict[tuple[str, str], list[str]] = {}
    doubts: dict[str, dict[str, None]] = {}
    for need in essential_needs(stack, model):
        outcome = evaluate(rights.documents, need.action, need.resource)
        if outcome is Outcome.ALLOWED and not any("permissionsBoundary" in reason for reason in rights.unread):
            continue
        doubt = _doubt(stack, need, outcome, rights.unread)
        if doubt:
            doubts.setdefault(doubt, {})[need.why] = None
        else:
            missing.setdefault((need.why, need.resource), []).append(need.action)
    for (why, resource), actions in missing.items():
        verdict.violated(
            role,
            f"no policy of it allows {', '.join(actions)} on {resource}, which {model.label} needs to {why}.",
            path=(role.label, *path_from(stack, model)),
            fix=f"Allow {', '.join(actions)} on {resource} in a policy of the role.",
        )
    for doubt, whys in doubts.items():
        verdict.leave_undecided(role, f"{doubt}. Undecided whether it may {', '.join(whys)} for {model.label}.")


def _doubt(stack: Stack, need: Need, outcome: Outcome, unread: list[str]) -> str:
    """Why a right that isn't certainly there may be there all the same; empty when it is certainly missing."""
    if outcome is Outcome.DENIED:
        return ""
    if outcome is Outcome.UNKNOWN:
        return f"its policies allow {need.action} under conditions, or not on all of {need.resource}"
    return "; ".join(unread) or granted_elsewhere(stack, need.action, need.resource)


rule = StackRule(
    name="execution-roles-keep-model-permissions",
    title="Execution roles allow what their models need.",
    severity="critical",
    concern="endpoint integrity",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html#sagemaker-roles-createmodel-perms",
    remedy="Grant the role what the model refers to, or let components.ExecutionRole do it.",
    types=(MODEL, ROLE),
    judge=judge,
)
