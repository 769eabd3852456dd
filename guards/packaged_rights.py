"""The execution role of a model from the Model Registry may do what the version needs.

A pack sees only the version's ARN; what it is made of says DescribeModelPackage. Asked besides: IAM, and of this
account's own buckets, keys and repositories their policies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from guards import kinds, usage
from guards.deletions import describe, finding
from guards.errors import AccountUnknown
from guards.packages import is_denied
from guards.resource_policies import granted, live_policy, may, target_of
from guards.rights import Rights, document_in, live_rights, planned_rights
from guards.values import UNKNOWN, Unknown
from knowledge import arns
from knowledge.model_packages import ARTIFACT_KEY, containers_in, pinned_image, urls_of
from knowledge.permissions import Facts, Need, needs_of
from knowledge.policy_documents import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from guards.judge import Judge
    from guards.live import Account
    from guards.plan import Operation
    from guards.report import Report

GUARD = "model-package-can-be-run"
_NOT_THE_OWNERS = "answered MethodNotAllowed"  # GetBucketPolicy, to who may do it and isn't of the bucket's account


def judge_role(operation: Operation, arn: str, described: Mapping[str, Any], judge: Judge, report: Report) -> None:
    """Refuse a model whose role lacks something that the version needs; rights not known yet are left to `up`."""
    account = judge.account()
    role = _role(operation, judge)
    if not role:
        return
    if role.startswith("urn:pulumi:"):
        rights = _of_new_role(role, judge)
    else:
        rights = planned_rights(live_rights(account, role), role, judge.plan, account, end=False, judged=operation)
    if not (rights.documents and rights.complete):
        return
    facts = _facts(described, account)
    shared = any(_is_abroad(one, account.identity()[0]) for one in (arn, *facts.artifact_keys))
    for need in needs_of(facts):
        outcome = _outcome(need, rights, role, account, shared=shared) if need.essential else Outcome.ALLOWED
        if outcome not in {Outcome.ALLOWED, Outcome.UNKNOWN}:
            what, named = f"{need.action} on {need.resource}", role.rpartition("::")[2]
            message = (
                f"{describe(operation, 'model')} is made from model package {arn}, but {what} is {outcome.value} for "
                f"its role {named}, and it needs that to {need.why}."
            )
            fix = f"Grant the role {need.action} on {need.resource} (leave `permissions` unset, and it is generated)."
            report.give(finding(operation, GUARD, message, severity="high", fix=fix))
            return


def _of_new_role(urn: str, judge: Judge) -> Rights:
    """What this run gives to a role that it makes: it has nothing else."""
    rights = Rights()
    for one in judge.plan.of(kinds.ROLE_POLICY, kinds.ATTACHMENT):
        if urn in one.dependencies:
            rights = rights.having(("planned", one.urn), document_in(one.inputs.get("policy", UNKNOWN)))
    return rights


def _role(operation: Operation, judge: Judge) -> str:
    """The role's name; the URN of one that this run makes; "" when it can't be told."""
    value = operation.new_inputs.get("executionRoleArn")
    if isinstance(value, str):
        arn = arns.parse(value)
        return arns.last_segment(value) if arn is None or arn.account == judge.account().identity()[0] else ""
    if isinstance(value, Unknown) and (registration := judge.plan.registrations.get(operation.urn)):
        for candidate in judge.plan.candidates(registration, value, usage.ROLE):
            return judge.plan.name(candidate.urn) or candidate.urn
    return ""


def _facts(described: Mapping[str, Any], account: Account) -> Facts:
    key = str((described.get("CustomerMetadataProperties") or {}).get(ARTIFACT_KEY, ""))
    number, partition = account.identity()
    return Facts(
        images=tuple(pinned_image(one) for one in containers_in(described)),
        artifacts=tuple(urls_of(described)),
        artifact_keys=(key,) if arns.is_arn(key) else (),
        partition=partition,
        region=account.region,
        account=number,
    )


def _outcome(need: Need, rights: Rights, role: str, account: Account, *, shared: bool) -> Outcome:
    """By the role's own policies; this account's own things may let it in by theirs.

    A bucket's ARN doesn't say whose it is. What another account shares (`shared`) and keeps its policy to itself is
    opened by nothing but the role's own policies; raises AccountUnknown for an own bucket's that can't be read.
    """
    number, partition = account.identity()
    arn = f"arn:{partition}:iam::{number}:role/{role.rpartition('::')[2]}"
    outcome = may(need, rights, arn, None)
    target = target_of(need)
    if outcome is Outcome.ALLOWED or target is None or _is_abroad(need.resource, number):
        return outcome
    try:
        grants = granted(account, target.identity) if target.kind == usage.KEY else []
        return may(need, rights, arn, live_policy(account, target), grants, owner=number)
    except AccountUnknown as error:
        if shared and target.kind == usage.BUCKET and (is_denied(error) or _NOT_THE_OWNERS in str(error)):
            return outcome
        what = f"{need.action} on {need.resource} is {outcome.value} by the policies of role {role.rpartition('::')[2]}"
        raise AccountUnknown(f"{what}; whether the {target.kind}'s own policy allows it: {error}") from error


def _is_abroad(text: str, own: str) -> bool:
    arn = arns.parse(text)
    return arn is not None and arn.account not in {"", own}
