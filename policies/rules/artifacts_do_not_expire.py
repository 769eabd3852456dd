"""
No lifecycle rule of a bucket deletes the artifacts of models that endpoints use.

Avoid
    BucketLifecycleConfiguration("artifacts", bucket=bucket.bucket,
                                 rules=[{"id": "all", "status": "Enabled", "expiration": {"days": 90}}])

Prefer
    BucketLifecycleConfiguration("artifacts", bucket=bucket.bucket,
                                 rules=[{"id": "captured", "status": "Enabled", "expiration": {"days": 90},
                                         "filter": {"prefix": "captured/"}}])

Why
    An artifact that expires is gone on the day on which an old endpoint needs it for a new instance: nobody deploys,
    nobody deletes, and the endpoint can't be repaired any more.

Not covered
    Lifecycle rules and buckets that this stack doesn't own. Filters by tag or size leave the rule undecided. Versions
    that are no longer current, and moving objects to a storage class from which they have to be restored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from knowledge.arns import parse_s3
from policies.rule import StackRule
from policies.tokens import BUCKET_LIFECYCLE, BUCKETS, MODEL
from policies.use import artifacts_in_use

if TYPE_CHECKING:
    from policies.reading import Block, Resource, Stack
    from policies.verdict import Verdict


def judge(stack: Stack, verdict: Verdict) -> None:
    """Compare each artifact's key with the prefix of each rule that expires something."""
    uses = list(artifacts_in_use(stack))
    if not uses:
        verdict.not_applicable("no model's artifact is in a bucket of this stack")
    for bucket, url, path in uses:
        location = parse_s3(url) if url else None
        for owner, rule in _rules(stack, bucket):
            with verdict.considering(owner):
                _judge_rule(owner, rule, location.key if location else None, path, verdict)


def _judge_rule(owner: Resource, rule: Block, key: str | None, path: tuple[str, ...], verdict: Verdict) -> None:
    expiration = rule.block("expiration")
    if expiration is None or not (expiration.has("days") or expiration.has("date")):
        return
    if rule.text("status") == "Disabled" or rule.flag("enabled") is False:
        return
    prefixes, narrower = _selection(rule)
    if not all((key or prefix).startswith(prefix) for prefix in prefixes):
        return
    where = rule.where("expiration")
    if narrower:
        verdict.leave_undecided(
            owner, f"{where} is limited by tags or sizes; whether it takes an artifact isn't known."
        )
    elif key is None and any(prefixes):
        verdict.leave_undecided(owner, f"{where}: whether it takes an artifact whose key is not known yet isn't known.")
    else:
        verdict.violated(
            owner,
            f"{where} deletes {key or 'the artifact'} while an endpoint may need it for a new instance.",
            path=path,
        )


def _selection(rule: Block) -> tuple[list[str], bool]:
    """The prefixes that all have to match, and whether something else has to match as well."""
    blocks = [rule]
    if (selected := rule.block("filter")) is not None:
        blocks.append(selected)
        if (both := selected.block("and")) is not None:
            blocks.append(both)
    others = ("tag", "tags", "objectSizeGreaterThan", "objectSizeLessThan")
    return [block.text("prefix") for block in blocks], any(block.has(name) for block in blocks for name in others)


def _rules(stack: Stack, bucket: Resource) -> list[tuple[Resource, Block]]:
    configured = [each for token in BUCKET_LIFECYCLE for each in stack.referring(bucket, token, "bucket")]
    own = bucket.properties.blocks("lifecycleRules") if bucket.sets("lifecycleRules") else []
    return [(bucket, rule) for rule in own] + [(c, rule) for c in configured for rule in c.properties.blocks("rules")]


rule = StackRule(
    name="artifacts-do-not-expire",
    title="No lifecycle rule of a bucket deletes the artifacts of models that endpoints use.",
    severity="high",
    concern="endpoint integrity",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/best-practice-endpoint-security.html",
    remedy="Limit the lifecycle rule to a prefix under which no artifact lies.",
    types=(MODEL, *BUCKETS),
    judge=judge,
)
