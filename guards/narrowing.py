"""Changes in place that take something from an endpoint: disabled, overwritten, no longer trusted, no longer allowed.

They happen before the endpoints move, so what any endpoint does or will use counts. Sources: "Best practices for
endpoint security and health with Amazon SageMaker AI" (keys must not be disabled; role, permissions and artifacts must
stay), "Key policies in AWS KMS", "Policy evaluation logic" (IAM User Guide).
Asked besides the usage graph: IAM (see `guards.rights`), KMS GetKeyPolicy, S3 GetBucketPolicy, ECR GetRepositoryPolicy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from guards import kinds, usage
from guards.deletions import check_place, describe, finding, give_unknown
from guards.plan import physical
from guards.resource_policies import live_policy
from guards.rights import (
    Rights,
    as_text,
    document_in,
    facts_in,
    judge_role,
    key_of,
    live_rights,
    managed_and_inline,
    managed_document,
    roles_with,
)
from guards.usage import Node, node
from guards.values import UNKNOWN, Unknown, differs
from knowledge import arns
from knowledge.permissions import TRUSTED_SERVICE, Need, needs_of
from knowledge.policy_documents import Document, Outcome, decide, is_narrower, may_lose, read, trusts

if TYPE_CHECKING:
    from collections.abc import Callable

    from guards.judge import Judge
    from guards.plan import Operation
    from guards.report import Report
    from guards.usage import UsageGraph

_CONTENT = ("content", "contentBase64", "source", "sourceHash")
_EMPTY: Document = {"Version": "2012-10-17", "Statement": []}
_CONSEQUENCE = "Amazon SageMaker could then neither patch the endpoint nor replace an unhealthy instance."


def judge_update(operation: Operation, judge: Judge, report: Report) -> None:
    """Refuse an update in place (or a new resource policy) that takes something from an endpoint; else do nothing.

    Nothing is asked of the account unless the very properties that matter have changed.
    """
    guard = _GUARDS.get(operation.type)
    if guard is not None:
        guard(operation, judge, report)


# --- keys, aliases, artifacts: used or not ------------------------------------------------------------------------


def _refuse_if_used(  # noqa: PLR0913 - what happens, in words
    operation: Operation, judge: Judge, report: Report, *, name: str, label: str, what: str, fix: str
) -> None:
    check_place(operation, judge)
    kind = kinds.GUARDED[operation.type].node
    verdict = judge.ask(physical(kind, operation), end=False)
    if verdict.paths:
        path = verdict.paths[0]
        report.give(
            finding(
                operation,
                name,
                f"{describe(operation, label)} {what}, but endpoint {path.endpoint} uses it. {_CONSEQUENCE}",
                path=path.texts(),
                fix=fix,
            )
        )
    elif verdict.unknown:
        give_unknown(operation, label, report, verdict.unknown[0].reason, name)
    elif verdict.undecided:
        report.give(
            finding(
                operation,
                name,
                f"{describe(operation, label)} {what}; whether an endpoint uses it is decided by the update: "
                f"{verdict.undecided[0].reason}.",
                outcome="undecided",
                severity="low",
            )
        )


def _key(operation: Operation, judge: Judge, report: Report) -> None:
    enabled = operation.new_inputs.get("isEnabled")
    if enabled is False and operation.old("isEnabled") is not False:
        _refuse_if_used(
            operation,
            judge,
            report,
            name="key-in-use-stays-enabled",
            label="key",
            what="is to be disabled (isEnabled: false)",
            fix="Leave isEnabled true until no endpoint configuration or artifact uses the key.",
        )
    if operation.new_inputs.get("policy") is not None:
        _resource_policy(operation, judge, report, before=operation.old("policy"))


def _alias(operation: Operation, judge: Judge, report: Report) -> None:
    before, after = operation.old("targetKeyId"), operation.new_inputs.get("targetKeyId")
    if isinstance(before, str) and isinstance(after, str):
        if node(usage.KEY, before) == node(usage.KEY, after):
            return
    elif before == after:
        return
    _refuse_if_used(
        operation,
        judge,
        report,
        name="alias-in-use-keeps-its-key",
        label="alias",
        what=f"is to be moved to key {after if isinstance(after, str) else 'not known yet'}",
        fix="Make a new endpoint configuration that names the other key, and leave the alias as it is.",
    )


def _object(operation: Operation, judge: Judge, report: Report) -> None:
    if not differs(operation.old_inputs, operation.new_inputs, *_CONTENT):
        return
    _refuse_if_used(
        operation,
        judge,
        report,
        name="artifact-in-use-is-not-overwritten",
        label="artifact",
        what="is to be overwritten",
        fix="Upload the new artifact under another key (its digest in the key) and roll to a model that names it.",
    )


# --- roles --------------------------------------------------------------------------------------------------------


def _role(operation: Operation, judge: Judge, report: Report) -> None:
    before, after = operation.old("assumeRolePolicy"), operation.new_inputs.get("assumeRolePolicy")
    if (
        after is not None
        and before is not None
        and not isinstance(after, Unknown)
        and as_text(before) != as_text(after)
    ):
        was, becomes = trusts(read(before), TRUSTED_SERVICE), trusts(read(after), TRUSTED_SERVICE)
        if was is not Outcome.NOT_GRANTED and becomes is not Outcome.ALLOWED:
            _refuse_if_used(
                operation,
                judge,
                report,
                name="role-in-use-stays-trusted",
                label="role",
                what=f"would no longer trust {TRUSTED_SERVICE} (assumeRolePolicy: {becomes.value})",
                fix=f"Keep sts:AssumeRole for the service {TRUSTED_SERVICE} in assumeRolePolicy.",
            )
    own = ("permissionsBoundary", "inlinePolicies", "managedPolicyArns")
    if differs(operation.old_inputs, operation.new_inputs, *own):
        account = judge.account()
        boundary = operation.new_inputs.get("permissionsBoundary")
        old = managed_and_inline(operation.old_inputs, account)
        new = managed_and_inline(operation.new_inputs, account)

        def change(rights: Rights) -> Rights:
            kept = {key: document for key, document in rights.documents.items() if key not in old or key in new}
            limit: Any = rights.boundary
            if differs(operation.old_inputs, operation.new_inputs, "permissionsBoundary"):
                if isinstance(boundary, str) and boundary:
                    limit = managed_document(account, boundary) or UNKNOWN
                else:
                    limit = UNKNOWN if isinstance(boundary, Unknown) else None
            return Rights({**kept, **new}, limit)

        judge_role(operation, arns.last_segment(operation.id), judge, report, change=change)


def _role_policy(operation: Operation, judge: Judge, report: Report) -> None:
    before, after = operation.old("policy"), operation.new_inputs.get("policy")
    role = operation.old("role")
    key = key_of(operation)
    if key is None or not isinstance(role, str) or not _narrower(before, after):
        return
    document = document_in(after)

    def change(rights: Rights) -> Rights:
        return rights.having(key, document)

    judge_role(operation, arns.last_segment(role), judge, report, change=change)


def _policy(operation: Operation, judge: Judge, report: Report) -> None:
    before, after = operation.old("policy"), operation.new_inputs.get("policy")
    key = key_of(operation)
    if key is None or not _narrower(before, after):
        return
    document = document_in(after)
    for role in roles_with(judge.account(), key[1]):
        judge_role(operation, role, judge, report, change=lambda rights: rights.having(key, document))


def _narrower(before: Any, after: Any) -> bool:
    if isinstance(after, Unknown) or isinstance(before, Unknown) or before is None:
        return True
    return after is not None and is_narrower(read(before), read(after))


# --- resource policies --------------------------------------------------------------------------------------------


def judge_policy_deletion(operation: Operation, judge: Judge, report: Report) -> None:
    """A resource policy that goes leaves nothing (bucket, repository) or the default (key) behind."""
    _judge_resource_policy(
        operation, judge, report, read(operation.old("policy") or _EMPTY), _left_behind(operation, judge)
    )


def _left_behind(operation: Operation, judge: Judge) -> Document:
    if operation.type != kinds.KEY_POLICY:
        return _EMPTY
    account, partition = judge.account().identity()
    root = {"AWS": f"arn:{partition}:iam::{account}:root"}
    statement = {"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _policy_resource(operation: Operation, judge: Judge, report: Report) -> None:
    """BucketPolicy, KeyPolicy, RepositoryPolicy: created over what is there, or updated."""
    before = operation.old("policy")
    if before is None:
        after = operation.new_inputs.get("policy")
        if not isinstance(after, Unknown) and operation.type != kinds.KEY_POLICY and not _denies(read(after or _EMPTY)):
            return  # a first policy that only allows takes nothing away
        before = _live_policy(operation, judge)
    _resource_policy(operation, judge, report, before=before)


def _denies(document: Document) -> bool:
    return is_narrower(_EMPTY, document)


def _live_policy(operation: Operation, judge: Judge) -> Document:
    target = _target(operation)
    if target is None:
        return _EMPTY
    account = judge.account()
    if target.kind == usage.REPOSITORY and target.identity.startswith("./"):
        target = node(usage.REPOSITORY, target.identity[2:], account=account.identity()[0], region=account.region)
    return live_policy(account, target)


def _target(operation: Operation) -> Node | None:
    """The bucket, key or repository that the policy is about; None while it isn't known."""
    if operation.type == kinds.KEY:
        return physical(usage.KEY, operation)[0]
    for kind, by in ((usage.BUCKET, "bucket"), (usage.KEY, "keyId"), (usage.REPOSITORY, "repository")):
        text = operation.old(by) or operation.new_inputs.get(by)
        if isinstance(text, str) and text:
            return Node(kind, text) if kind == usage.BUCKET else node(kind, text)
    return None


def _resource_policy(operation: Operation, judge: Judge, report: Report, *, before: Any) -> None:
    after = operation.new_inputs.get("policy")
    if isinstance(before, Unknown) or before is None or after is None:
        return
    if not isinstance(after, Unknown) and not is_narrower(read(before), read(after)):
        return
    after_document = document_in(after)
    _judge_resource_policy(operation, judge, report, read(before), after_document)


def _judge_resource_policy(
    operation: Operation, judge: Judge, report: Report, before: Document, after: Document | Unknown
) -> None:
    target = _target(operation)
    if target is None or (not isinstance(after, Unknown) and not is_narrower(before, after)):
        return
    check_place(operation, judge)
    account = judge.account()
    if target.kind == usage.REPOSITORY and target.identity.startswith("./"):
        target = node(usage.REPOSITORY, target.identity[2:], account=account.identity()[0], region=account.region)
    end = judge.program_done()
    graph = judge.uses(end=end, about=frozenset({usage.KEY, usage.ROLE, target.kind}))
    leaving = judge.plan.leaving_endpoints() if judge.dry_run else frozenset()
    name = f"{target.kind}-in-use-stays-{'usable' if target.kind == usage.KEY else 'readable'}"
    for path in graph.users_of(target, beyond=leaving):
        models = [one for one in path.nodes if one.kind == usage.MODEL]
        for configuration in (one for one in path.nodes if one.kind == usage.CONFIGURATION):
            models += [one for one in graph.used_by(configuration, usage.MODEL) if one not in models]
        for model in models:
            lost = _lost(graph, model, target, judge, before, after)
            if lost is None:
                continue
            if isinstance(lost, str):
                text = f"{describe(operation, target.kind + ' policy')}: {lost}"
                report.give(finding(operation, name, text, outcome="undecided", severity="low"))
                return
            need, role, outcome = lost
            report.give(
                finding(
                    operation,
                    name,
                    f"{describe(operation, target.kind + ' policy')} would no longer let role {role} use "
                    f"{need.action} on {need.resource} ({outcome.value}), which the model needs to {need.why}. "
                    f"{_CONSEQUENCE}",
                    path=path.texts(),
                    fix=f"Keep what lets {role} use {need.action}, or add no Deny that reaches it.",
                )
            )
            return
    for gap in graph.open_gaps(target.kind, beyond=leaving):
        if not gap.decided_later:
            give_unknown(operation, f"{target.kind} policy", report, gap.reason, name)
            return


def _lost(  # noqa: PLR0913, PLR0917 - one model's part of the question
    graph: UsageGraph, model: Node, target: Node, judge: Judge, before: Document, after: Document | Unknown
) -> tuple[Need, str, Outcome] | str | None:
    account = judge.account()
    number, partition = account.identity()
    for role in graph.used_by(model, usage.ROLE):
        if role.identity.startswith("urn:pulumi:"):
            continue
        text = graph.facts.get(role, {}).get("text", "")
        arn = text if arns.is_arn(text) else f"arn:{partition}:iam::{number}:role/{role.identity}"
        own = arns.Arn.parse(arn).account == number
        rights = live_rights(account, role.identity) if own else Rights()
        for need in needs_of(facts_in(graph, model, account)):
            if not need.essential or not _is_on(need, target):
                continue
            if isinstance(after, Unknown):
                return f"whether role {role.identity} keeps {need.action} is decided by the update"
            was, becomes = (
                decide(
                    rights.known,
                    need.action,
                    need.resource,
                    boundary=rights.boundary,
                    resource_policy=document,
                    principal=arn,
                    resource_account=number,
                )
                for document in (before, after)
            )
            worse = may_lose([before], [after], need.action, need.resource, principal=arn)
            if was in {Outcome.ALLOWED, Outcome.UNKNOWN} and becomes is not Outcome.ALLOWED and worse:
                return need, role.identity, becomes
    return None


def _is_on(need: Need, target: Node) -> bool:
    arn = arns.parse(need.resource)
    if arn is None:
        return False
    if target.kind == usage.BUCKET:
        return arn.service == "s3" and arn.resource.partition("/")[0] == target.identity
    if target.kind == usage.KEY:
        return arn.service == "kms" and arn.name == target.identity
    return arn.service == "ecr" and f"{arn.account}.{arn.region}/{arn.name}" == target.identity


_GUARDS: dict[str, Callable[[Operation, Judge, Report], None]] = {
    kinds.KEY: _key,
    kinds.ALIAS: _alias,
    kinds.OBJECT: _object,
    kinds.OBJECT_V1: _object,
    kinds.ROLE: _role,
    kinds.ROLE_POLICY: _role_policy,
    kinds.POLICY: _policy,
    kinds.KEY_POLICY: _policy_resource,
    kinds.BUCKET_POLICY: _policy_resource,
    kinds.REPOSITORY_POLICY: _policy_resource,
}
