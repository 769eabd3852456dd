"""Roles exist, and who is to assume them may: SageMaker, or Lambda for a registry's function. Asked: IAM GetRole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from guards import usage
from guards.rights import live_document
from knowledge.arns import is_arn
from knowledge.permissions import FUNCTION_SERVICE, TRUSTED_SERVICE
from knowledge.policy_documents import Outcome, trusts
from pipeline.doctor.check import Check, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from guards.usage import Node
    from pipeline.doctor.examination import Examination


def examine(examination: Examination, one: Node) -> Iterator[Problem]:
    """A role of another account can't be read from here; nothing is said of it."""
    if is_arn(one.identity):
        return
    answer = examination.account.ask("iam", "get_role", RoleName=one.identity)
    if answer is None:
        yield Problem(f"Role {one.identity} no longer exists.", "Deploy a model with another role.")
        return
    document = live_document(answer["Role"]["AssumeRolePolicyDocument"])
    users = {user.kind for user in examination.graph.direct_users(one)}
    services = [FUNCTION_SERVICE] if usage.FUNCTION in users else []
    services += [TRUSTED_SERVICE] if users - {usage.FUNCTION} else []
    for service in services:
        becomes = trusts(document, service)
        if becomes is not Outcome.ALLOWED:
            yield Problem(
                f"Role {one.identity} doesn't let {service} assume it (sts:AssumeRole is {becomes.value}).",
                f"Allow sts:AssumeRole for the service {service} in its trust policy.",
                severity="critical" if becomes is not Outcome.UNKNOWN else "medium",
                advisory=becomes is Outcome.UNKNOWN,
            )


check = Check(
    name="roles-are-trusted",
    title="Roles exist, and SageMaker (or Lambda, for a registry's function) may assume them.",
    kinds=(usage.ROLE,),
    examine=examine,
)
