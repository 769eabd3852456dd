"""The KMS keys of a job, looked at: its role decrypts artifact and payload, and encrypts what the job writes.

Asked: S3 HeadObject, ListObjectsV2, GetBucketEncryption; KMS DescribeKey, GetKeyPolicy, ListGrants. Sources: "Using
server-side encryption with AWS KMS keys" (Amazon S3: whoever reads an object needs kms:Decrypt on its key);
OutputConfig and VolumeKmsKeyId of CreateInferenceRecommendationsJob.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from knowledge.arns import parse, parse_s3
from knowledge.permissions import Need
from knowledge.policy_documents import Outcome as Answer
from pipeline.recommend import versions
from pipeline.recommend.ground import KEYS, finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from findings.finding import Finding
    from pipeline.recommend.getting import Getting


class Use(NamedTuple):
    """What a job does with a key."""

    key: str
    action: str
    what: str


def looked(getting: Getting) -> Iterator[Finding]:
    """Each key is enabled and lets the job's role do what the job does with it."""
    if not getting.role_is_there:
        return  # told by itself
    for use in dict.fromkeys(_uses(getting)):
        yield _judged(getting, use)


def _uses(getting: Getting) -> Iterator[Use]:
    from guards import usage
    from guards.usage import Node

    account, ground = getting.account, getting.ground
    for container in getting.containers() if ground.version else ():
        for url in versions.artifacts(container):
            if key := _of_object(getting, url):
                yield Use(key, "kms:Decrypt", f"read the artifact {url}")
    payload = ground.key or (account.default_key(Node(usage.BUCKET, ground.bucket))[0] if ground.bucket else None)
    if payload:
        yield Use(payload, "kms:Decrypt", "read the sample payload")
    if ground.key:
        yield Use(ground.key, "kms:GenerateDataKey", "encrypt what the job writes")
    if ground.volume_key:
        yield Use(ground.volume_key, "kms:CreateGrant", "encrypt the volumes of the job's endpoints")


def _of_object(getting: Getting, url: str) -> str | None:
    """The key of an object, or of the first below a prefix; None where Amazon S3 encrypts with keys of its own."""
    location = parse_s3(url)
    if location is None:
        return None
    name: str | None = location.key
    if location.is_prefix:
        asked = {"Bucket": location.bucket, "Prefix": location.key, "MaxKeys": 1}
        held = getting.account.ask("s3", "list_objects_v2", **asked) or {}
        name = next((one["Key"] for one in held.get("Contents", [])), None)
    head = getting.account.ask("s3", "head_object", Bucket=location.bucket, Key=name) if name else None
    return str(head["SSEKMSKeyId"]) if head and head.get("SSEKMSKeyId") else None


def _judged(getting: Getting, use: Use) -> Finding:
    from guards.resource_policies import decided_now

    named = parse(use.key)
    if named is not None and named.account not in {"", getting.account.identity()[0]}:
        arn = use.key  # another account's key: the role's own policies are all that can be read of it
    else:
        described = getting.account.ask("kms", "describe_key", KeyId=use.key)
        key = described["KeyMetadata"] if described else {"KeyState": "not there"}
        if key["KeyState"] != "Enabled":
            return finding(
                KEYS,
                "violated",
                f"The KMS key {use.key} is {key['KeyState']}, and the job needs it to {use.what}.",
                fix="Enable it, or name another (recommender.outputKey); an artifact is encrypted anew by copying it.",
            )
        if key.get("KeyManager") == "AWS":
            return finding(KEYS, "passed", f"Who may use Amazon S3 may use its key {key['Arn']} to {use.what}.")
        arn = key["Arn"]
    answer = decided_now(getting.account, getting.rights, getting.ground.role, Need(use.action, arn, use.what))
    if answer is Answer.ALLOWED:
        return finding(KEYS, "passed", f"The jobs' role may do {use.action} on {arn} to {use.what}.")
    if answer is Answer.UNKNOWN:
        return finding(KEYS, "unknown", f"Conditions decide whether the jobs' role may do {use.action} on {arn}.")
    return finding(
        KEYS,
        "violated",
        f"The jobs' role {getting.ground.role} may not do {use.action} on the KMS key {arn} ({answer.value}), "
        f"and the job needs it to {use.what}.",
        fix=f"Allow {use.action} on it in the role's policies, and let the key's policy hand over to them.",
    )
