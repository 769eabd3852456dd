"""With which keys this run will have encrypted what it uploads, and what its buckets encrypt by default.

For previews: at the end of the run the planned encryption of what the run writes counts, not the one the account shows
now. What the run doesn't write stays as it was encrypted, whatever the bucket's default becomes.
Sources: "Setting default server-side encryption behavior for Amazon S3 buckets" (S3 User Guide, bucket-encryption:
existing objects keep their encryption; AES256 is the default of a bucket without a setting), "Specifying server-side
encryption with AWS KMS" (aws:kms without a key id takes the AWS managed key).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from guards import kinds, usage
from guards.errors import AccountUnknown
from guards.plan import Registration
from guards.usage import Node, UsageGraph, node
from guards.values import Unknown, differs, get, items

if TYPE_CHECKING:
    from collections.abc import Iterator

    from guards.live import Account
    from guards.plan import Plan

OF_THE_OBJECT = "SSE-KMS key of the object"
OF_THE_BUCKET = "SSE-KMS key"
BY_DEFAULT = "default encryption of its bucket"
_KEY_HIDDEN: frozenset[str] = frozenset({usage.KEY, usage.ALIAS})
# An object is uploaded again when one of these changes; tags and access lists change on what lies there.
_UPLOADED = (
    "kmsKeyId",
    "serverSideEncryption",
    "bucketKeyEnabled",
    "content",
    "contentBase64",
    "source",
    "sourceHash",
    "etag",
    "contentType",
    "metadata",
)


class Planned(NamedTuple):
    """How something will be encrypted: by the key `value` (None: by none), or as the bucket `like` does by default."""

    value: Any
    by: str
    registration: Registration
    like: Node | None = None


def planned_encryption(plan: Plan, graph: UsageGraph, account: Account) -> dict[Node, Planned]:
    """What this run changes: buckets, and artifacts in `graph`, by name (by URN while their name isn't known)."""
    found: dict[Node, Planned] = {}
    for registration in plan.of(*kinds.TYPES_OF[usage.BUCKET]):
        found.update(_of_bucket(plan, registration))
    for registration in plan.of(*kinds.DEFAULT_ENCRYPTION):
        found.update(_of_default(plan, registration))
    for operation in list(plan.leaving.values()):
        if operation.type in kinds.DEFAULT_ENCRYPTION:
            bucket, gone = operation.old("bucket"), plan.registrations.get(operation.urn)
            if isinstance(bucket, str) and bucket and operation.urn not in plan.created:
                registration = gone or Registration(operation.urn, operation.type, operation.old_inputs)
                found.setdefault(Node(usage.BUCKET, bucket), Planned(None, OF_THE_BUCKET, registration))
    for registration in plan.of(*kinds.TYPES_OF[usage.ARTIFACT]):
        found.update(_of_object(plan, registration, graph, account))
    return found


def enter(graph: UsageGraph, planned: dict[Node, Planned], plan: Plan, account: Account) -> None:
    """Enter the keys behind what this run writes."""
    for one, encryption in planned.items():
        user = graph.default_encryption(one) if one.kind == usage.BUCKET else one
        if user is None or user not in graph:
            continue
        chosen = encryption
        if encryption.like is not None:
            default = planned.get(encryption.like)
            if default is None:
                _enter_live_default(graph, user, encryption.like, account)
                continue
            chosen = default
        if isinstance(chosen.value, Unknown):
            keys = list(plan.candidates(chosen.registration, chosen.value, usage.KEY))
            for key in keys:
                graph.add(user, Node(kinds.GUARDED[key.type].node, key.urn), encryption.by)
            if not keys:
                reason = f"the key of {user} isn't known before the update"
                graph.add_gap(user, _KEY_HIDDEN, reason, decided_later=True)
        elif chosen.value:
            _enter_key(graph, user, str(chosen.value), encryption.by)


def _enter_key(graph: UsageGraph, one: Node, text: str, by: str) -> None:
    key = node(usage.KEY, text)
    graph.add(one, key, by)
    graph.add_node(key, text=text)


def _enter_live_default(graph: UsageGraph, one: Node, bucket: Node, account: Account) -> None:
    if bucket.identity.startswith("urn:pulumi:"):
        return  # a new bucket without a default of its own: AES256
    try:
        key, _ = account.default_key(bucket)
    except AccountUnknown as error:
        graph.add_gap(one, _KEY_HIDDEN, str(error))
        return
    if key:
        _enter_key(graph, one, key, BY_DEFAULT)


# --- what the run says --------------------------------------------------------------------------------------------


def default_key_in(rules: Any) -> Any:
    """The key in the rules of a default encryption; None where no key of KMS is named."""
    if isinstance(rules, Unknown):
        return rules
    for rule in items(rules):
        key = get(rule, "applyServerSideEncryptionByDefault", "kmsMasterKeyId")
        if key or isinstance(key, Unknown):
            return key
    return None


def _of_bucket(plan: Plan, registration: Registration) -> Iterator[tuple[Node, Planned]]:
    """A bucket that carries its default encryption itself, as long as this run changes it."""
    update = plan.updated.get(registration.urn)
    rules = get(registration.inputs, "serverSideEncryptionConfiguration", "rule")
    if rules is None or (
        update is not None and not differs(update.old_inputs, update.new_inputs, "serverSideEncryptionConfiguration")
    ):
        return
    encryption = Planned(default_key_in(rules), OF_THE_BUCKET, registration)
    yield Node(usage.BUCKET, registration.urn), encryption
    if update is not None:
        yield Node(usage.BUCKET, plan.name(registration.urn)), encryption


def _of_default(plan: Plan, registration: Registration) -> Iterator[tuple[Node, Planned]]:
    if not (registration.urn in plan.created or registration.urn in plan.updated):
        return
    encryption = Planned(default_key_in(registration.inputs.get("rules")), OF_THE_BUCKET, registration)
    for bucket in _buckets(plan, registration):
        yield bucket, encryption


def _of_object(
    plan: Plan, registration: Registration, graph: UsageGraph, account: Account
) -> Iterator[tuple[Node, Planned]]:
    inputs = registration.inputs
    update = plan.updated.get(registration.urn)
    if update is not None and not differs(update.old_inputs, update.new_inputs, *_UPLOADED):
        return
    buckets = list(_buckets(plan, registration))
    key = inputs.get("kmsKeyId")
    if key or isinstance(key, Unknown):
        encryption = Planned(key, OF_THE_OBJECT, registration)
    elif inputs.get("serverSideEncryption") or not buckets:
        encryption = Planned(None, OF_THE_OBJECT, registration)
    else:
        encryption = Planned(None, BY_DEFAULT, registration, like=buckets[0])
    yield Node(usage.ARTIFACT, registration.urn), encryption
    name = inputs.get("key") if inputs.get("key") is not None else kinds.name_of(registration.urn)
    for bucket in buckets:
        if not isinstance(name, str) or bucket.identity.startswith("urn:pulumi:"):
            continue
        known = Node(usage.ARTIFACT, f"{bucket.identity}/{name.lstrip('/')}")
        # One that is there and isn't updated isn't written: another key in the bucket would make it another object.
        if known in graph and (update is not None or not _is_there(known, account)):
            yield known, encryption


def _is_there(artifact: Node, account: Account) -> bool:
    bucket, _, key = artifact.identity.partition("/")
    try:
        return account.ask("s3", "head_object", Bucket=bucket, Key=key) is not None
    except AccountUnknown:
        return True  # its key is asked for in the same way, and that answer becomes a gap


def _buckets(plan: Plan, registration: Registration) -> Iterator[Node]:
    bucket = registration.inputs.get("bucket")
    if isinstance(bucket, str) and bucket:
        yield node(usage.BUCKET, bucket)
    elif isinstance(bucket, Unknown):
        for one in plan.candidates(registration, bucket, usage.BUCKET):
            yield Node(usage.BUCKET, one.urn)
