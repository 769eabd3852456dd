"""Execution roles may do what their models need: artifact, image, keys, network. Asked: IAM, and the resource policies.

What a model needs says `knowledge.permissions`; documents are evaluated by `knowledge.policy_documents`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from guards import usage
from guards.needs import needs_in, role_arn
from guards.resource_policies import decided_now
from guards.rights import live_rights
from knowledge.arns import is_arn
from knowledge.policy_documents import Outcome
from pipeline.doctor.check import Check, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from guards.usage import Node
    from pipeline.doctor.examination import Examination


def examine(examination: Examination, one: Node) -> Iterator[Problem]:
    """Everything together: policies of the role, its boundary, the bucket's, key's or repository's own policy."""
    graph, account = examination.graph, examination.account
    for role in graph.used_by(one, usage.ROLE):
        if is_arn(role.identity) or account.ask("iam", "get_role", RoleName=role.identity) is None:
            continue
        arn, rights = role_arn(graph, role, account), live_rights(account, role.identity)
        for need in needs_in(graph, one, account).known:
            outcome = decided_now(account, rights, arn, need) if need.essential else Outcome.ALLOWED
            if outcome is Outcome.ALLOWED:
                continue
            unclear = outcome is Outcome.UNKNOWN
            yield Problem(
                f"Role {role.identity} of {one}: {need.action} on {need.resource} is {outcome.value}, and the "
                f"{one.kind} needs it to {need.why}.",
                f"Grant {role.identity} {need.action} on {need.resource}.",
                severity="medium" if unclear else "critical",
                advisory=unclear,
            )


check = Check(
    name="roles-have-what-models-need",
    title="Roles may do what their models, and the functions of their registries, need.",
    kinds=(usage.MODEL, usage.FUNCTION),
    examine=examine,
)
