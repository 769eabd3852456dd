"""An execution role keeps what the models that use it need: policies deleted, detached, narrowed, or a boundary added.

What is needed says `guards.needs`, what the role has `guards.rights`. Only what was granted before and is lost is
refused: a replacement of the same effect passes. Asked: IAM ListEntitiesForPolicy, and what `guards.rights` asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from guards import kinds, usage
from guards.deletions import describe, finding, give_unknown
from guards.errors import AccountUnknown
from guards.needs import needs_in
from guards.rights import key_of, live_rights, names_role, planned_rights
from guards.usage import Node, node
from guards.values import Unknown
from knowledge import arns
from knowledge.policy_changes import may_lose
from knowledge.policy_documents import Outcome, decide

if TYPE_CHECKING:
    from collections.abc import Callable

    from guards.judge import Judge
    from guards.live import Account
    from guards.needs import Needs
    from guards.plan import Operation
    from guards.report import Report
    from guards.rights import Rights
    from guards.usage import Path, UsageGraph
    from knowledge.permissions import Need

GUARD = "role-in-use-keeps-its-rights"


def judge_rights_deletion(operation: Operation, judge: Judge, report: Report) -> None:
    """Refuse that a role loses, with this policy or attachment, what a model in use needs."""
    key = key_of(operation)
    role = operation.old("role")
    if key is not None and operation.type == kinds.POLICY:
        for name in roles_with(judge.account(), key[1]):
            judge_role(operation, name, judge, report, change=lambda rights: rights.without(key))
        return
    if key is None or not isinstance(role, str):
        give_unknown(operation, "role policy", report, "which role it belongs to isn't in state", GUARD)
        return
    judge_role(operation, arns.last_segment(role), judge, report, change=lambda rights: rights.without(key))


def roles_with(account: Account, policy: str) -> list[str]:
    """The roles a managed policy is attached to."""
    attached = account.pages("iam", "list_entities_for_policy", "PolicyRoles", PolicyArn=policy, EntityFilter="Role")
    return [one["RoleName"] for one in attached]


def judge_role(
    operation: Operation, role: str, judge: Judge, report: Report, *, change: Callable[[Rights], Rights]
) -> None:
    """Refuse when `change(rights)` loses something that a model in use needs of `role` and has now."""
    account = judge.account()
    if account.ask("iam", "get_role", RoleName=role) is None:
        raise AccountUnknown(
            f"Role {role} isn't in account {account.identity()[0]}, to which the guards' session is signed in: its "
            "users can't be known. Give boto3 the same credentials as the aws provider, or refresh the stack"
        )
    end = judge.program_done()
    graph = judge.uses(end=end, about=frozenset({usage.ROLE, usage.KEY}))
    paths = _uses_of_role(operation, role, graph, judge, report)
    if not paths:
        return
    now = live_rights(account, role)
    if judge.dry_run:
        now = planned_rights(now, role, judge.plan, account, end=end, judged=operation)
    else:
        for other in judge.plan.leaving.values():
            key = key_of(other)
            if key is not None and names_role(other, role):
                now = now.without(key)
    after = change(now)
    if before_is_same(now, after):
        return
    arn = f"arn:{account.identity()[1]}:iam::{account.identity()[0]}:role/{role}"
    for path in paths:
        needs = needs_in(graph, path.nodes[1], account)
        if not _keeps_what_it_needs(operation, role, path, (now, after, arn), needs, judge, report):
            return


def _uses_of_role(operation: Operation, role: str, graph: UsageGraph, judge: Judge, report: Report) -> list[Path]:
    """Paths from the role by way of a model or function; unknown uses are reported, and nothing returned."""
    asked = [node(usage.ROLE, role)]
    asked += [Node(usage.ROLE, one.urn) for one in judge.plan.of(kinds.ROLE) if judge.plan.name(one.urn) == role]
    for gap in graph.open_gaps(usage.ROLE, beyond=judge.leaving):
        if not gap.decided_later:
            give_unknown(operation, "rights of role " + role, report, gap.reason, GUARD)
            return []
    paths = [path for one in asked for path in graph.users_of(one, beyond=judge.leaving)]
    return [path for path in paths if path.nodes[1].kind in {usage.MODEL, usage.FUNCTION}]


def _keeps_what_it_needs(  # noqa: PLR0913, PLR0917 - one path's part of the question
    operation: Operation,
    role: str,
    path: Path,
    rights: tuple[Rights, Rights, str],
    needs: Needs,
    judge: Judge,
    report: Report,
) -> bool:
    """Whether the model (or function) on `path` loses nothing; a loss is reported."""
    now, after, arn = rights
    lost = lost_needs(needs.known, now, after, arn)
    if lost and (after.complete or not judge.dry_run):
        _refuse(operation, role, path.texts(), lost, report)
        return False
    if judge.dry_run and (lost or needs.unknown):
        reason = "a policy of the role" if lost else needs.unknown[0]
        _undecided(operation, role, path.nodes[1], report, f"{reason} isn't known before the update")
        return False
    return True


def before_is_same(before: Rights, after: Rights) -> bool:
    """Whether nothing changed at all."""
    return dict(before.documents) == dict(after.documents) and before.boundary == after.boundary


def lost_needs(needs: tuple[Need, ...], before: Rights, after: Rights, role_arn: str) -> list[tuple[Need, Outcome]]:
    """What was granted before and isn't any more."""
    lost: list[tuple[Need, Outcome]] = []

    def outcome(rights: Rights, need: Need) -> Outcome:
        boundary = None if isinstance(rights.boundary, Unknown) else rights.boundary
        context = dict(need.context)
        return decide(rights.known, need.action, need.resource, boundary=boundary, principal=role_arn, context=context)

    boundary_changed = before.boundary != after.boundary
    for need in needs:
        if not need.essential or outcome(before, need) not in {Outcome.ALLOWED, Outcome.UNKNOWN}:
            continue
        then = outcome(after, need)
        if then is not Outcome.ALLOWED and (
            boundary_changed or may_lose(before.known, after.known, need.action, need.resource)
        ):
            lost.append((need, then))
    return lost


def _refuse(
    operation: Operation, role: str, path: tuple[str, ...], lost: list[tuple[Need, Outcome]], report: Report
) -> None:
    need, outcome = lost[0]
    more = f" (and {len(lost) - 1} more)" if len(lost) > 1 else ""
    report.give(
        finding(
            operation,
            GUARD,
            f"{describe(operation, 'policy')} is what lets role {role} use {need.action} on {need.resource}{more}; "
            f"{'after this change' if operation.new_inputs else 'without it'} that is {outcome.value}, and the model "
            f"needs it to {need.why}. Amazon SageMaker could then neither patch the endpoint nor replace an unhealthy "
            "instance.",
            path=path,
            fix=f"Grant {need.action} on {need.resource} by another policy of the role, or keep this one until the "
            "endpoint has moved.",
        )
    )


def _undecided(operation: Operation, role: str, model: Node, report: Report, reason: str) -> None:
    report.give(
        finding(
            operation,
            GUARD,
            f"{describe(operation, 'policy')}: whether role {role} keeps what {model} needs is decided by the update: "
            f"{reason}.",
            outcome="undecided",
            severity="low",
        )
    )
