"""The default encryption of a bucket that endpoints write to stays usable for the roles that write there.

It may move to another key only when the role may use that key: otherwise captured data and asynchronous results are
lost from the moment of the change. Source: "Setting default server-side encryption behavior for Amazon S3 buckets"
(S3 User Guide: who writes needs kms:GenerateDataKey on the key). Asked besides the graph: IAM, KMS (`guards.rights`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from guards import usage
from guards.deletions import check_place, describe, finding, give_unknown, give_unread
from guards.encryption import default_key_in
from guards.needs import role_arn
from guards.resource_policies import decided_now
from guards.rights import live_rights
from guards.usage import Node, node
from guards.values import Unknown, get, items
from knowledge import arns
from knowledge.permissions import Need
from knowledge.policy_documents import Outcome

if TYPE_CHECKING:
    from guards.judge import Judge
    from guards.plan import Operation
    from guards.report import Report
    from guards.usage import Path, UsageGraph

GUARD = "bucket-in-use-stays-writable"
_OWN_KEY = {"DataCaptureConfig.DestinationS3Uri": "DataCaptureConfig.KmsKeyId"}
_ASYNC, _ASYNC_KEY = "AsyncInferenceConfig.OutputConfig.S3", "AsyncInferenceConfig.OutputConfig.KmsKeyId"


def judge_default_encryption(operation: Operation, judge: Judge, report: Report) -> None:
    """Refuse a default key that a role which writes to the bucket may not use."""
    after, before = _rules(operation.new_inputs), _rules(operation.old_inputs)
    bucket = operation.new_inputs.get("bucket") or operation.old("bucket")
    key = default_key_in(after)
    if not isinstance(bucket, str) or not bucket or after == before or not (key or isinstance(key, Unknown)):
        return
    if isinstance(key, str) and key == default_key_in(before):
        return
    check_place(operation, judge)
    target = node(usage.BUCKET, bucket)
    graph = judge.uses(end=False, about=frozenset({usage.BUCKET, usage.ROLE}))
    for path in graph.users_of(target, beyond=judge.leaving):
        writer = path.nodes[1]
        if writer.kind != usage.CONFIGURATION or not _by_default(graph, writer, target):
            continue
        if isinstance(key, Unknown):
            text = f"{describe(operation, 'default encryption')}: whether {writer} may use the key is decided at up."
            report.give(finding(operation, GUARD, text, outcome="undecided", severity="low"))
            return
        if _refused(operation, graph, path, str(key), judge, report):
            return
    give_unread(operation, "default encryption", usage.BUCKET, graph, judge, report, GUARD)


def _rules(inputs: Any) -> Any:
    own = get(inputs, "serverSideEncryptionConfiguration", "rule")
    return own if own is not None else get(inputs, "rules")


def _by_default(graph: UsageGraph, writer: Node, bucket: Node) -> bool:
    """Whether something that `writer` writes to the bucket names no key of its own."""
    fields = graph.by(writer, bucket)
    named = {by for key in graph.used_by(writer, usage.KEY, usage.ALIAS) for by in graph.by(writer, key)}
    return any(_OWN_KEY.get(by, _ASYNC_KEY if by.startswith(_ASYNC) else "") not in named for by in fields)


def _refused(  # noqa: PLR0913, PLR0917 - one path's part of the question
    operation: Operation, graph: UsageGraph, path: Path, key: str, judge: Judge, report: Report
) -> bool:
    account = judge.account()
    if not arns.is_arn(key) or ":alias/" in key or key.startswith("alias/"):
        described = account.ask("kms", "describe_key", KeyId=key)
        if described is None:
            raise_to = f"Bucket {operation.name} is to be encrypted with {key}, and there is no such key"
            give_unknown(operation, "default encryption", report, raise_to, GUARD)
            return True
        key = described["KeyMetadata"]["Arn"]
    need = Need("kms:GenerateDataKey", key, "encrypt captured data or results in the bucket")
    for model in graph.used_by(path.nodes[1], usage.MODEL):
        for role in items(graph.used_by(model, usage.ROLE)):
            if role.identity.startswith("urn:pulumi:") or arns.is_arn(role.identity):
                continue
            arn = role_arn(graph, role, account)
            outcome = decided_now(account, live_rights(account, role.identity), arn, need)
            if outcome is not Outcome.ALLOWED:
                report.give(
                    finding(
                        operation,
                        GUARD,
                        f"{describe(operation, 'default encryption')} would encrypt with {key}, but {need.action} is "
                        f"{outcome.value} for role {role.identity}, by which endpoint {path.endpoint} writes there: "
                        "captured data and results would be lost.",
                        path=path.texts(),
                        fix=f"Grant {role.identity} kms:GenerateDataKey (and kms:Decrypt) on that key first, in its "
                        "policies or in the key's.",
                    )
                )
                return True
    return False
