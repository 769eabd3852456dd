"""Other accounts that may read this account's buckets, keys, repositories, model packages: their endpoints are unseen.

So a change that would take something from them is *unknown*, and refused: only an exemption, with the word of those
who own the other account, lets it pass. Who may read is told by the thing's own policy, and by the grants of a key.
Asked: S3 GetBucketPolicy, KMS GetKeyPolicy, ListGrants, ECR GetRepositoryPolicy, SageMaker GetModelPackageGroupPolicy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from guards import kinds, usage
from guards.deletions import describe, finding
from guards.errors import AccountUnknown
from guards.resource_policies import EMPTY, granted, live_policy
from guards.usage import Node
from knowledge import arns
from knowledge.model_packages import version_of
from knowledge.policy_documents import foreign_principals

if TYPE_CHECKING:
    from guards.judge import Judge
    from guards.plan import Operation
    from guards.report import Report
    from knowledge.policy_documents import Document

READING = {
    usage.BUCKET: ("s3:GetObject",),
    usage.KEY: ("kms:Decrypt", "kms:CreateGrant"),  # an artifact's; a volume's, which SageMaker uses by a grant
    usage.REPOSITORY: ("ecr:BatchGetImage",),
    usage.PACKAGE_GROUP: ("sagemaker:CreateModel",),
}
_POLICIES = frozenset({kinds.BUCKET_POLICY, kinds.KEY_POLICY, kinds.REPOSITORY_POLICY})


def readers(policy: Document, target: Node, judge: Judge, *, key: str = "*") -> list[str]:
    """The principals of other accounts that may read the thing by its policy (`key`: this object of the bucket)."""
    account, partition = judge.account().identity()
    resource = f"arn:{partition}:s3:::{target.identity}/{key}" if target.kind == usage.BUCKET else "*"
    return sorted(
        {who for action in READING[target.kind] for who in foreign_principals(policy, action, resource, own=account)}
    )


def grantees(target: Node, judge: Judge, *, grant: str = "") -> list[str]:
    """The principals of other accounts that may use a key by a grant (`grant`: by this one and by no other)."""
    if target.kind != usage.KEY:
        return []
    account = judge.account()
    own = account.identity()[0]
    now = _by_grants(granted(account, target.identity), own)
    return sorted(now - _by_grants(granted(account, target.identity, without=grant), own) if grant else now)


def _by_grants(grants: list[tuple[str, frozenset[str]]], own: str) -> set[str]:
    found = {who for who, actions in grants if actions & set(READING[usage.KEY])}
    return {who for who in found if (arn := arns.parse(who)) is not None and arn.account not in {"", own}}


def judge_unseen_use(operation: Operation, nodes: list[Node], judge: Judge, report: Report, name: str) -> None:
    """Refuse, as unknown, that something goes, is disabled, overwritten or expires which other accounts may read."""
    for one in nodes:
        target, key = one, "*"
        if one.kind == usage.ARTIFACT:
            bucket, _, key = one.identity.partition("/")
            target = Node(usage.BUCKET, bucket)
        elif one.kind == usage.PACKAGE and (version := version_of(one.identity)) is not None:
            target = Node(usage.PACKAGE_GROUP, version.name)
        if target.kind not in READING or _policy_has_left(target, judge):
            continue
        policy = _policy(target, judge)
        if policy is EMPTY:
            continue  # nobody is let in; a key without a policy isn't there
        who = sorted({*readers(policy, target, judge, key=key), *grantees(target, judge)})
        if who:
            _refuse(operation, one, who, report, name)
            return


def judge_withdrawal(  # noqa: PLR0913, PLR0917 - one question
    operation: Operation,
    target: Node,
    policies: tuple[Document, Document],
    judge: Judge,
    report: Report,
    name: str,
    *,
    withdrawn: str = "",
) -> None:
    """Refuse, as unknown, that another account may no longer read; `withdrawn`: the id of a grant that goes."""
    if target.kind not in READING:
        return
    before, after = policies
    kept = set(readers(after, target, judge))
    gone = set(readers(before, target, judge)) - kept
    if withdrawn:
        gone |= set(grantees(target, judge, grant=withdrawn)) - kept
    if gone:
        _refuse(operation, target, sorted(gone), report, name)


def _policy(target: Node, judge: Judge) -> Document:
    try:
        return live_policy(judge.account(), target)
    except AccountUnknown as error:
        if "NotFound" in str(error):
            return EMPTY
        raise


def _policy_has_left(target: Node, judge: Judge) -> bool:
    """Whether the thing's policy went before in this run, and somebody answered for that."""
    return any(
        other.type in _POLICIES and target.identity in {other.id, *map(str, other.old_outputs.values())}
        for other in list(judge.plan.leaving.values())
    )


def _refuse(operation: Operation, target: Node, who: list[str], report: Report, name: str) -> None:
    shown = ", ".join(who[:3]) + (f" and {len(who) - 3} more" if len(who) > 3 else "")  # noqa: PLR2004
    report.give(
        finding(
            operation,
            name,
            f"{describe(operation, target.kind)}: by its policy {shown} may read it, and whether an endpoint of that "
            "account does can't be seen from here, so the change is refused.",
            outcome="unknown",
            path=(str(target), f"{shown} (Principal of its policy)"),
            fix="Ask who owns the other account; with their word write an exemption (exemptions.yaml).",
        )
    )
