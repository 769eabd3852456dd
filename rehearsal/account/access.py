"""What an account tells of its own bucket, repository, key or model package, and what their policies say of a reader.

The reader may be of this account or of another (neighbours.py asks in its name). Everything told is JSON, since it is
also told other accounts and kept in their journals. Sources: "Bucket policies", "Object Ownership" (S3 User Guide),
"Private repository policies" (ECR User Guide), "Key policies", "Grants", "Allowing users in other accounts to use a KMS
key", "AWS managed keys" (KMS Developer Guide).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.account.holdings import ForeignKey, Holdings, image_reference, partition
from rehearsal.account.resource_policies import ALLOW, DENY, NONE, Asked, Principal, Verdict, said

if TYPE_CHECKING:
    from collections.abc import Iterable

_ON_BUCKETS = {"s3:ListBucket", "s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketPolicy"}
_MOST = 200  # objects of a prefix that are judged one by one


def objects(
    holdings: Holdings, location: tuple[str, str], reader: Principal, actions: Iterable[str], *, prefix: bool
) -> dict[str, Any] | None:
    """
    An object by bucket and key (or those under a prefix), and what the bucket's policy says; None: no such bucket.

    Returns:
        account, region, and `found`: one dict an object with key, kms (None, `aws/s3`, or the key's ARN or id), etag,
        and verdicts by action.

    """
    bucket, key = location
    held = holdings.bucket(bucket)
    if held is None:
        return None
    one = holdings.object(bucket, key)
    entries = holdings.objects(bucket, key)[:_MOST] if prefix else [one] if one is not None else []
    policy = held.policy.decode() if held.policy else None
    arn = f"arn:{partition(held.region_name)}:s3:::{bucket}"
    told = []
    for entry in entries:
        verdicts = {
            action: said(
                policy, Asked(reader, action, arn if action in _ON_BUCKETS else f"{arn}/{entry.name}"), "bucket policy"
            ).told()
            for action in actions
        }
        kms = (entry.kms_key_id or "aws/s3") if entry.encryption == "aws:kms" else None
        told.append({"key": entry.name, "arn": f"{arn}/{entry.name}", "kms": kms, "etag": entry.etag, "says": verdicts})
    return {"account": holdings.account, "region": str(held.region_name), "arn": arn, "found": told}


def image(holdings: Holdings, reference: str, reader: Principal, actions: Iterable[str]) -> dict[str, Any]:
    """An image's digest (None: it isn't there), and what the repository's policy says."""
    named = image_reference(reference)
    repository = holdings.repository(named) if named is not None else None
    if named is None or repository is None:
        return {"account": holdings.account, "digest": None, "says": {}}
    held = holdings.image(named)
    verdicts = {
        action: said(repository.policy, Asked(reader, action, named.repository_arn), "repository policy").told()
        for action in actions
    }
    digest = held.get_image_digest() if held is not None else None
    return {"account": holdings.account, "digest": digest, "says": verdicts}


def key(
    holdings: Holdings, place: tuple[str, str], reader: Principal, action: str, context: dict[str, str]
) -> dict[str, Any]:
    """A key's state (None: there is none), by its name and region, and what its policy and its grants say."""
    named, region = place
    held = holdings.key(named, region)
    if held is None:
        return {"state": None, "arn": named, "says": Verdict(NONE, False, f"there is no key {named}").told()}
    if isinstance(held, ForeignKey):
        return {"state": held.key_state, "arn": held.arn, "says": Verdict(ALLOW, True, "it isn't judged").told()}
    arn = held.arn
    if reader.account != holdings.account and holdings.managed_by_aws(held):
        words = f"{arn} is a key that AWS manages, which no other account can use"
        return {"state": held.key_state, "arn": arn, "says": Verdict(NONE, False, words).told()}
    by_policy = said(held.policy, Asked(reader, action, arn, context), "key policy")
    granted = _granted(held, reader, action, context) if by_policy.outcome != DENY and not by_policy.directly else None
    if granted is not None and (granted.directly or by_policy.outcome == NONE):
        by_policy = granted
    return {"state": held.key_state, "arn": arn, "says": by_policy.told()}


def _granted(held: Any, reader: Principal, action: str, context: dict[str, str]) -> Verdict | None:
    """What a grant gives the reader, or its account, whose own policies then decide; constraints are honoured."""
    operation = action.partition(":")[2]
    found: Verdict | None = None
    for grant in held.grants.values():
        itself = grant.grantee_principal in (reader.arn, reader.role)
        account = grant.grantee_principal == f"arn:aws:iam::{reader.account}:root"
        if operation not in grant.operations or not (itself or account) or not _met(grant.constraints or {}, context):
            continue
        if found is None or itself:
            found = Verdict(ALLOW, itself, f"a grant allows {action} on {held.arn} to {grant.grantee_principal}")
    return found


def _met(constraints: dict[str, Any], context: dict[str, str]) -> bool:
    """EncryptionContextEquals and EncryptionContextSubset of a grant."""
    prefix = "kms:EncryptionContext:"
    given = {name.removeprefix(prefix): value for name, value in context.items() if name.startswith(prefix)}
    subset, equals = constraints.get("EncryptionContextSubset"), constraints.get("EncryptionContextEquals")
    if equals is not None and equals != given:
        return False
    return subset is None or all(given.get(name) == value for name, value in subset.items())
