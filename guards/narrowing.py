"""Changes in place that take something from an endpoint: disabled, overwritten, no longer trusted, no longer allowed.

They happen before the endpoints move, so what any endpoint does or will use counts. Sources: "Best practices for
endpoint security and health with Amazon SageMaker AI" (keys must not be disabled; role, permissions and artifacts must
stay), "Key policies in AWS KMS", "Policy evaluation logic" (IAM User Guide).
Asked besides the usage graph: IAM (see `guards.rights`), KMS GetKeyPolicy, S3 GetBucketPolicy, ECR GetRepositoryPolicy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from guards import foreign, kinds, usage
from guards.deletions import check_place, describe, finding, give_unknown
from guards.openness import judge_policy_change
from guards.plan import physical
from guards.rights import Rights, as_text, document_in, key_of, managed_and_inline, managed_document
from guards.role_rights import judge_role, roles_with
from guards.usage import node
from guards.values import UNKNOWN, Unknown, differs
from knowledge import arns
from knowledge.permissions import FUNCTION_SERVICE, TRUSTED_SERVICE
from knowledge.policy_changes import is_narrower
from knowledge.policy_documents import Document, Outcome, read, trusts

if TYPE_CHECKING:
    from collections.abc import Callable

    from guards.judge import Judge
    from guards.plan import Operation
    from guards.report import Report
    from guards.usage import Path

_CONTENT = ("content", "contentBase64", "source", "sourceHash")
_EMPTY: Document = {"Version": "2012-10-17", "Statement": []}
_CONSEQUENCE = "Amazon SageMaker could then neither patch the endpoint nor replace an unhealthy instance."


# --- keys, aliases, artifacts: used or not ------------------------------------------------------------------------


def _refuse_if_used(  # noqa: PLR0913 - what happens, in words
    operation: Operation,
    judge: Judge,
    report: Report,
    *,
    name: str,
    label: str,
    what: str,
    fix: str,
    counts: Callable[[Path], bool] = lambda _: True,
) -> None:
    check_place(operation, judge)
    nodes = physical(kinds.GUARDED[operation.type].node, operation)
    verdict = judge.ask(nodes, end=False)
    paths = [path for path in verdict.paths if counts(path)]
    if paths:
        path = paths[0]
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
    if not (paths or verdict.unknown):
        foreign.judge_unseen_use(operation, nodes, judge, report, name)


def judge_key(operation: Operation, judge: Judge, report: Report) -> None:
    """Refuse that a key in use is disabled, or its policy withdrawn from the role."""
    by = "isEnabled" if operation.type == kinds.KEY else "enabled"
    if operation.new_inputs.get(by) is False and operation.old(by) is not False:
        _refuse_if_used(
            operation,
            judge,
            report,
            name="key-in-use-stays-enabled",
            label="key",
            what=f"is to be disabled ({by}: false)",
            fix=f"Leave {by} true until no endpoint configuration or artifact uses the key.",
        )
    if operation.new_inputs.get("policy") is not None:
        judge_policy_change(operation, judge, report, before=operation.old("policy"))


def judge_alias(operation: Operation, judge: Judge, report: Report) -> None:
    """Refuse that an alias in use is moved to another key."""
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


def judge_object(operation: Operation, judge: Judge, report: Report) -> None:
    """Refuse that an artifact in use is overwritten."""
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


def _by_functions(path: Path) -> bool:
    return path.nodes[1].kind == usage.FUNCTION


def _by_models(path: Path) -> bool:
    return path.nodes[1].kind != usage.FUNCTION


def judge_role_update(operation: Operation, judge: Judge, report: Report) -> None:
    """Refuse that a role in use loses trust or rights: its own documents, a boundary."""
    before, after = operation.old("assumeRolePolicy"), operation.new_inputs.get("assumeRolePolicy")
    if (
        after is not None
        and before is not None
        and not isinstance(after, Unknown)
        and as_text(before) != as_text(after)
    ):
        for service in (TRUSTED_SERVICE, FUNCTION_SERVICE):
            was, becomes = trusts(read(before), service), trusts(read(after), service)
            if was is not Outcome.NOT_GRANTED and becomes is not Outcome.ALLOWED:
                _refuse_if_used(
                    operation,
                    judge,
                    report,
                    name="role-in-use-stays-trusted",
                    label="role",
                    what=f"would no longer trust {service} (assumeRolePolicy: {becomes.value})",
                    fix=f"Keep sts:AssumeRole for the service {service} in assumeRolePolicy.",
                    counts=_by_functions if service == FUNCTION_SERVICE else _by_models,
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


def judge_role_policy(operation: Operation, judge: Judge, report: Report) -> None:
    """Refuse an inline policy narrowed below what a model in use needs."""
    before, after = operation.old("policy"), operation.new_inputs.get("policy")
    role = operation.old("role")
    key = key_of(operation)
    if key is None or not isinstance(role, str) or not _narrower(before, after):
        return
    document = document_in(after)

    def change(rights: Rights) -> Rights:
        return rights.having(key, document)

    judge_role(operation, arns.last_segment(role), judge, report, change=change)


def judge_policy(operation: Operation, judge: Judge, report: Report) -> None:
    """Refuse a managed policy narrowed below what a model in use needs."""
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
