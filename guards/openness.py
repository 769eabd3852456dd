"""What a bucket, key, repository or function lets a model's role do stays: resource policies and grants.

Also judged: what it lets other accounts do, whose endpoints can't be seen from here (`guards.foreign`). Sources:
"Policy evaluation logic" (IAM User Guide), "Key policies in AWS KMS", "Grants in AWS KMS", "Using resource-based
policies for Lambda". Asked besides the usage graph: IAM (see `guards.rights`) and what `guards.resource_policies` asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from guards import foreign, kinds, usage
from guards.deletions import check_place, describe, finding, give_unknown
from guards.needs import facts_in, role_arn
from guards.plan import physical
from guards.resource_policies import EMPTY, granted, live_policy, may, target_of
from guards.rights import Rights, document_in, live_rights
from guards.usage import Node, node
from guards.values import Unknown
from knowledge import arns
from knowledge.permissions import Need, needs_of
from knowledge.policy_changes import is_narrower, may_lose
from knowledge.policy_documents import Document, Outcome, read, statements_of

if TYPE_CHECKING:
    from guards.judge import Judge
    from guards.plan import Operation
    from guards.report import Report
    from guards.usage import UsageGraph

_CONSEQUENCE = "Amazon SageMaker could then neither patch the endpoint nor replace an unhealthy instance."
_STAYS = {usage.KEY: "usable", usage.FUNCTION: "callable"}


@dataclass(frozen=True)
class Change:
    """What a thing lets others do: its policy before and after, and the grant that is withdrawn."""

    target: Node
    before: Document
    after: Document | Unknown
    withdrawn: str = ""

    @property
    def takes_nothing(self) -> bool:
        """A proof that nobody loses anything by it."""
        return not (self.withdrawn or isinstance(self.after, Unknown) or is_narrower(self.before, self.after))

    @property
    def label(self) -> str:
        """What is changed, in words."""
        return f"{self.target.kind} {'grant' if self.withdrawn else 'policy'}"

    @property
    def guard(self) -> str:
        """The guard's name."""
        return f"{self.target.kind}-in-use-stays-{_STAYS.get(self.target.kind, 'readable')}"


# --- what is changed ----------------------------------------------------------------------------------------------


def judge_policy_deletion(operation: Operation, judge: Judge, report: Report) -> None:
    """A resource policy that goes leaves nothing (bucket, repository) or the default (key) behind."""
    target = _target(operation, judge)
    if target is not None:
        before = read(operation.old("policy") or EMPTY)
        _judge(operation, Change(target, before, _left_behind(operation, judge)), judge, report)


def _left_behind(operation: Operation, judge: Judge) -> Document:
    if operation.type != kinds.KEY_POLICY:
        return EMPTY
    account, partition = judge.account().identity()
    root = {"AWS": f"arn:{partition}:iam::{account}:root"}
    statement = {"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def judge_resource_policy(operation: Operation, judge: Judge, report: Report) -> None:
    """BucketPolicy, KeyPolicy, RepositoryPolicy: created over what is there, or updated."""
    before = operation.old("policy")
    if before is None:
        after = operation.new_inputs.get("policy")
        only_allows = not isinstance(after, Unknown) and not is_narrower(EMPTY, read(after or EMPTY))
        if operation.type != kinds.KEY_POLICY and only_allows:
            return  # a first policy that only allows takes nothing away
        target = _target(operation, judge)
        before = live_policy(judge.account(), target) if target is not None else EMPTY
    judge_policy_change(operation, judge, report, before=before)


def judge_policy_change(operation: Operation, judge: Judge, report: Report, *, before: Any) -> None:
    """A policy in place of `before`."""
    after = operation.new_inputs.get("policy")
    if isinstance(before, Unknown) or before is None or after is None:
        return
    if not isinstance(after, Unknown) and not is_narrower(read(before), read(after)):
        return
    target = _target(operation, judge)
    if target is not None:
        _judge(operation, Change(target, read(before), document_in(after)), judge, report)


def judge_grant_deletion(operation: Operation, judge: Judge, report: Report) -> None:
    """A grant of a key by which a role may use it."""
    key, identity = operation.old("keyId"), operation.old("grantId")
    if isinstance(key, str) and isinstance(identity, str) and identity:
        target = node(usage.KEY, key)
        policy = live_policy(judge.account(), target)
        _judge(operation, Change(target, policy, policy, withdrawn=identity), judge, report)


def judge_permission_deletion(operation: Operation, judge: Judge, report: Report) -> None:
    """A statement of a function's policy by which a role may call it."""
    function, statement = operation.old("function"), operation.old("statementId") or operation.id
    if not isinstance(function, str) or not function:
        return
    account = judge.account()
    target = node(usage.FUNCTION, function, account=account.identity()[0])
    before = live_policy(account, target)
    kept = [one for one in statements_of(before) if one.get("Sid") != statement]
    _judge(operation, Change(target, before, {**before, "Statement": kept}), judge, report)


def _target(operation: Operation, judge: Judge) -> Node | None:
    """The bucket, key or repository that the policy is about; None while it isn't known."""
    if operation.type == kinds.KEY:
        return physical(usage.KEY, operation)[0]
    for kind, by in ((usage.BUCKET, "bucket"), (usage.KEY, "keyId"), (usage.REPOSITORY, "repository")):
        text = operation.old(by) or operation.new_inputs.get(by)
        if isinstance(text, str) and text:
            if kind != usage.REPOSITORY:
                return node(kind, text)
            account = judge.account()
            return node(kind, text, account=account.identity()[0], region=account.region)
    return None


# --- what follows -------------------------------------------------------------------------------------------------


def _judge(operation: Operation, change: Change, judge: Judge, report: Report) -> None:
    if change.takes_nothing:
        return
    check_place(operation, judge)
    target = change.target
    graph = judge.uses(end=judge.program_done(), about=frozenset({usage.KEY, usage.ROLE, target.kind}))
    for path in graph.users_of(target, beyond=judge.leaving):
        models = [one for one in path.nodes if one.kind == usage.MODEL]
        for configuration in (one for one in path.nodes if one.kind == usage.CONFIGURATION):
            models += [one for one in graph.used_by(configuration, usage.MODEL) if one not in models]
        for model in models:
            lost = _lost(graph, model, change, judge)
            if lost is None:
                continue
            if isinstance(lost, str):
                text = f"{describe(operation, change.label)}: {lost}"
                report.give(finding(operation, change.guard, text, outcome="undecided", severity="low"))
                return
            need, role, outcome = lost
            report.give(
                finding(
                    operation,
                    change.guard,
                    f"{describe(operation, change.label)} would no longer let role {role} use "
                    f"{need.action} on {need.resource} ({outcome.value}), which the model needs to {need.why}. "
                    f"{_CONSEQUENCE}",
                    path=path.texts(),
                    fix=f"Keep what lets {role} use {need.action}, or add no Deny that reaches it.",
                )
            )
            return
    for gap in graph.open_gaps(target.kind, beyond=judge.leaving):
        if not gap.decided_later:
            give_unknown(operation, change.label, report, gap.reason, change.guard)
            return
    if not isinstance(change.after, Unknown):
        policies = change.before, change.after
        foreign.judge_withdrawal(operation, target, policies, judge, report, change.guard, withdrawn=change.withdrawn)


def _lost(graph: UsageGraph, model: Node, change: Change, judge: Judge) -> tuple[Need, str, Outcome] | str | None:
    account = judge.account()
    number = account.identity()[0]
    for role in graph.used_by(model, usage.ROLE):
        if role.identity.startswith("urn:pulumi:"):
            continue
        arn = role_arn(graph, role, account)
        own = arns.Arn.parse(arn).account == number
        rights = live_rights(account, role.identity) if own else Rights()
        for need in needs_of(facts_in(graph, model, account)):
            if not need.essential or target_of(need) != change.target:
                continue
            if isinstance(change.after, Unknown):
                return f"whether role {role.identity} keeps {need.action} is decided by the update"
            outcome = _loses(need, rights, arn, change, judge)
            if outcome is not None:
                return need, role.identity, outcome
    return None


def _loses(need: Need, rights: Rights, arn: str, change: Change, judge: Judge) -> Outcome | None:
    """What the answer would be when the change takes the need away; None when it doesn't."""
    assert not isinstance(change.after, Unknown)  # noqa: S101 - asked before
    account = judge.account()
    number = account.identity()[0]
    before = after = []
    if change.target.kind == usage.KEY:
        before = granted(account, change.target.identity)
        after = granted(account, change.target.identity, without=change.withdrawn) + _planned_grants(change, judge)
    was = may(need, rights, arn, change.before, before, owner=number)
    becomes = may(need, rights, arn, change.after, after, owner=number)
    worse = change.withdrawn or may_lose([change.before], [change.after], need.action, need.resource, principal=arn)
    if was in {Outcome.ALLOWED, Outcome.UNKNOWN} and becomes is not Outcome.ALLOWED and worse:
        return becomes
    return None


def _planned_grants(change: Change, judge: Judge) -> list[tuple[str, frozenset[str]]]:
    """Grants that this preview makes; at `up` the account shows them."""
    if not (judge.dry_run and judge.program_done()):
        return []
    return [
        (
            str(one.inputs.get("granteePrincipal")),
            frozenset(f"kms:{each}" for each in one.inputs.get("operations") or []),
        )
        for one in judge.plan.of(kinds.GRANT)
        if one.urn in judge.plan.created
        and isinstance(one.inputs.get("keyId"), str)
        and node(usage.KEY, one.inputs["keyId"]) == change.target
        and not one.inputs.get("constraints")
    ]
