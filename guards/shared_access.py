"""What other accounts may read of this one's images, artifacts and keys: by live documents, with a run's planned ones.

What they need says `knowledge.cross_account`. Asked: ECR GetRepositoryPolicy, S3 GetBucketPolicy, HeadObject, KMS
GetKeyPolicy, ListGrants; S3 GetObject (one byte) of what another account shares.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from guards import kinds, usage
from guards.resource_policies import granted, live_policy
from guards.rights import document_in
from guards.values import UNKNOWN, Unknown, items
from knowledge import arns
from knowledge.arns import parse_s3
from knowledge.cross_account import CrossNeed, Reader, missing, needs_of_reader
from knowledge.policy_documents import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from guards.live import Account
    from guards.plan import Plan, Registration
    from guards.usage import Node

_KINDS = {
    "repository policy": (usage.REPOSITORY, kinds.REPOSITORY_POLICY, "repository"),
    "bucket policy": (usage.BUCKET, kinds.BUCKET_POLICY, "bucket"),
    "key policy": (usage.KEY, kinds.KEY_POLICY, "keyId"),
}
NO_KEY = "no KMS key of yours encrypts it, and models cross accounts only with a customer key"


def artifact_key(account: Account, url: str) -> str | None:
    """ARN of the KMS key that encrypts an artifact; "" for Amazon S3's own, None when nothing lies there."""
    location = parse_s3(url)
    if location is None:
        return None
    if not location.is_prefix:
        described = account.ask("s3", "head_object", Bucket=location.bucket, Key=location.key)
        return None if described is None else str(described.get("SSEKMSKeyId") or "")
    listed = account.ask("s3", "list_objects_v2", Bucket=location.bucket, Prefix=location.key, MaxKeys=1)
    found = next(iter((listed or {}).get("Contents", [])), None)
    return artifact_key(account, f"s3://{location.bucket}/{found['Key']}") if found else None


def first_byte_is_there(account: Account, url: str) -> bool:
    """Read one byte of an artifact: that it may be read, and decrypted, is known only by doing it."""
    location = parse_s3(url)
    if location is None or location.is_prefix:
        return True
    read = account.ask("s3", "get_object", Bucket=location.bucket, Key=location.key, Range="bytes=0-0")
    if read is None:
        return False
    read["Body"].close()
    return True


def withheld(  # noqa: PLR0913, PLR0917 - who, of what, in which run
    account: Account,
    reader: Reader,
    images: Iterable[str],
    artifacts: Iterable[str],
    keys: Iterable[str],
    plan: Plan | None = None,
) -> list[tuple[CrossNeed, Outcome]]:
    """
    What `reader` needs of this account and isn't allowed.

    Arguments:
        account: the account that has image, artifact and key.
        reader: the other account, and what for.
        images: references; those of other accounts are none of this one's documents.
        artifacts: S3 URLs, in buckets of this account.
        keys: ARNs of the keys that encrypt them.
        plan: the run whose planned documents take the place of the live ones.

    Raises:
        AccountUnknown: a document could not be read.

    """
    own = account.identity()[0]
    by_holder: dict[tuple[str, str], list[CrossNeed]] = {}
    for need in needs_of_reader(reader, images, artifacts, keys):
        arn = arns.parse(need.of)
        if need.holder == "bucket policy" or (arn is not None and arn.account == own):
            by_holder.setdefault((need.holder, need.of), []).append(need)
    found: list[tuple[CrossNeed, Outcome]] = []
    for (holder, of), needs in by_holder.items():
        document = _document(account, holder, of, plan)
        if isinstance(document, Unknown):
            found += [(need, Outcome.UNKNOWN) for need in needs[:1]]
            continue
        grants = _grants(account, of, plan) if holder == "key policy" else None
        found += missing(needs, document, owner=own, grants=grants)
    return found


def _target(holder: str, of: str) -> Node:
    arn = arns.parse(of)
    name = arn.resource if arn and holder == "bucket policy" else of
    return usage.node(_KINDS[holder][0], name)


def _document(account: Account, holder: str, of: str, plan: Plan | None) -> Any:
    """The planned document, else the live one; Unknown while the run hasn't made it."""
    target = _target(holder, of)
    _, token, by = _KINDS[holder]
    for one in plan.of(token) if plan is not None else ():
        named = one.inputs.get(by)
        name = target.identity.rpartition("/")[2] if holder == "key policy" else target.identity.partition("/")[2]
        if isinstance(named, str) and named in {of, target.identity, name}:
            return document_in(one.inputs.get("policy"))
    if plan is not None and holder == "key policy":
        for one in plan.of(kinds.KEY):
            if target.identity in {plan.name(one.urn), _id_of(plan, one)}:
                return document_in(one.inputs["policy"]) if one.inputs.get("policy") else live_policy(account, target)
    return live_policy(account, target)


def _id_of(plan: Plan, one: Registration) -> str:
    operation = plan.updated.get(one.urn)
    return operation.id if operation else ""


def _grants(account: Account, key: str, plan: Plan | None) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for who, what in granted(account, key):
        found.setdefault(who, set()).update(action.removeprefix("kms:") for action in what)
    for one in plan.of(kinds.GRANT) if plan is not None else ():
        grantee, of = one.inputs.get("granteePrincipal"), one.inputs.get("keyId", UNKNOWN)
        if isinstance(grantee, str) and isinstance(of, str) and usage.node(usage.KEY, of) == usage.node(usage.KEY, key):
            found.setdefault(grantee, set()).update(map(str, items(one.inputs.get("operations"))))
    return found


def sentence(gaps: Sequence[tuple[CrossNeed, Outcome]]) -> str:
    """The first gap in words, and how many more there are."""
    need, outcome = gaps[0]
    more = f" (and {len(gaps) - 1} more)" if len(gaps) > 1 else ""
    return f"{need.words}, and that is {outcome.value}{more}"
