"""Resources that say which policies a role has and no others, or which roles a policy is attached to and no others.

They take rights away by being made or changed, from roles that the program doesn't name elsewhere. Sources: Terraform's
`aws_iam_policy_attachment` ("creates exclusive attachments of IAM policies"), `aws_iam_role_policies_exclusive`,
`aws_iam_role_policy_attachments_exclusive`. Asked: IAM, see `guards.role_rights`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from guards import kinds
from guards.deletions import describe, finding
from guards.role_rights import GUARD, judge_role, roles_with
from guards.values import has_unknown, items
from knowledge import arns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from guards.judge import Judge
    from guards.plan import Operation
    from guards.report import Report
    from guards.rights import Rights

_LISTED = {kinds.EXCLUSIVE_POLICIES: ("inline", "policyNames"), kinds.EXCLUSIVE_ATTACHMENTS: ("attached", "policyArns")}


def judge_exclusive(operation: Operation, judge: Judge, report: Report) -> None:
    """Refuse that a role in use loses, with what isn't listed, something that a model needs."""
    given = operation.new_inputs
    if operation.type == kinds.EXCLUSIVE_ATTACHMENT:
        policy = given.get("policyArn")
        if has_unknown(given.get("roles")):
            _undecided(operation, "roles", report)
        elif isinstance(policy, str):  # a policy that isn't there yet is attached nowhere
            _detach(operation, policy, set(roles_with(judge.account(), policy)) - _roles(given), judge, report)
        return
    kind, by = _LISTED[operation.type]
    role = given.get("roleName")
    if not isinstance(role, str):
        return  # a role that this run makes has no users yet
    if has_unknown(given.get(by)):
        _undecided(operation, by, report)
        return
    names = {str(one) for one in items(given.get(by))}

    def change(rights: Rights) -> Rights:
        for key in rights.documents:
            if key[0] == kind and key[1] not in names:
                rights = rights.without(key)
        return rights

    judge_role(operation, role, judge, report, change=change)


def judge_exclusive_deletion(operation: Operation, judge: Judge, report: Report) -> None:
    """A PolicyAttachment that goes detaches its policy from all its roles."""
    policy = operation.old("policyArn")
    if isinstance(policy, str):
        roles = _roles({**operation.old_inputs, **operation.old_outputs})
        _detach(operation, policy, roles, judge, report)


def _roles(given: Mapping[str, Any]) -> set[str]:
    return {arns.last_segment(str(one)) for one in items(given.get("roles"))}


def _undecided(operation: Operation, by: str, report: Report) -> None:
    text = f"{describe(operation, 'policies')}: whether a role in use loses one is decided by the update ({by})."
    report.give(finding(operation, GUARD, text, outcome="undecided", severity="low"))


def _detach(operation: Operation, policy: str, roles: set[str], judge: Judge, report: Report) -> None:
    for role in sorted(roles):
        judge_role(operation, role, judge, report, change=partial(_without, policy))


def _without(policy: str, rights: Rights) -> Rights:
    return rights.without(("attached", policy))
