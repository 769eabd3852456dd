"""What an endpoint uses doesn't expire: lifecycle rules of its artifact's bucket and of its image's repository.

Sources: see `knowledge.expiry`. Asked besides the usage graph: S3 GetBucketLifecycleConfiguration, GetObjectTagging,
HeadObject; ECR DescribeImages, GetLifecyclePolicy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from guards import foreign, kinds, usage
from guards.deletions import check_place, describe, finding, give_unread
from guards.usage import Node, node
from guards.values import Unknown, get, has_unknown, items
from knowledge.arns import parse_image
from knowledge.expiry import ImageRule, Stored, image_rules, prefix_of, selects_object, takes_image, takes_objects

if TYPE_CHECKING:
    from collections.abc import Sequence

    from guards.judge import Judge
    from guards.live import Account
    from guards.plan import Operation, Plan
    from guards.report import Report
    from guards.usage import Path

ARTIFACTS = "artifact-in-use-does-not-expire"
IMAGES = "image-in-use-does-not-expire"
_LATER = "An endpoint keeps what it runs for months; on the day it is patched, a new instance could not be started."


def judge_bucket_lifecycle(operation: Operation, judge: Judge, report: Report) -> None:
    """Refuse rules, new or changed, that would delete or archive an artifact in use."""
    after = operation.new_inputs.get("rules", operation.new_inputs.get("lifecycleRules"))
    before = operation.old("rules") or operation.old("lifecycleRules")
    bucket = operation.new_inputs.get("bucket") or operation.old("bucket")
    if not isinstance(bucket, str) or not bucket or after is None or after == before:
        return
    name = node(usage.BUCKET, bucket).identity
    taking = [rule for rule in items(after) if isinstance(rule, dict) and takes_objects(rule)]
    if not taking and not has_unknown(after):
        return
    check_place(operation, judge)
    account = judge.account()
    if before is None and operation.type not in kinds.TYPES_OF[usage.BUCKET]:
        answer = account.ask("s3", "get_bucket_lifecycle_configuration", Bucket=name)
        before = (answer or {}).get("Rules", [])
    graph = judge.uses(end=False, about=frozenset({usage.ARTIFACT}))
    used = [
        (one, stored, path)
        for one in graph.nodes(usage.ARTIFACT)
        if (stored := _stored(one, name, judge.plan)) is not None and (path := judge.path(graph, one))
    ]
    if used and has_unknown(after):
        text = (
            f"{describe(operation, 'lifecycle')}: whether its rules take an artifact in use is decided by the update."
        )
        report.give(finding(operation, ARTIFACTS, text, outcome="undecided", severity="low"))
        return
    for artifact, stored, path in used:
        known = _with_tags(account, name, stored, taking)
        if _taken_by(items(before), known) is not None:
            continue  # it was so already: nothing is taken away by this change
        rule = _taken_by(taking, known)
        if rule is not None:
            _refuse_rule(operation, report, artifact, rule, path)
            return
    give_unread(operation, "lifecycle", usage.ARTIFACT, graph, judge, report, ARTIFACTS)
    below = [prefix_of(rule) for rule in taking]
    new = [one for one in below if _taken_by(items(before), Stored(f"{one}x")) is None]
    shared = [Node(usage.ARTIFACT, f"{name}/{one}*") for one in new]
    foreign.judge_unseen_use(operation, shared, judge, report, ARTIFACTS)


def _refuse_rule(operation: Operation, report: Report, artifact: Node, rule: dict[str, Any], path: Path) -> None:
    report.give(
        finding(
            operation,
            ARTIFACTS,
            f"{describe(operation, 'lifecycle')}: rule {get(rule, 'id') or 'without an id'} {takes_objects(rule)} "
            f"s3://{artifact.identity.rpartition('::')[2]} in time, and endpoint {path.endpoint} needs it. {_LATER}",
            path=path.texts(),
            fix="Limit the rule to a prefix or tag under which no artifact in use lies (captured data, old releases).",
        )
    )


def _stored(artifact: Node, bucket: str, plan: Plan) -> Stored | None:
    """The artifact as an object of `bucket`; None when it lies elsewhere."""
    if artifact.identity.startswith("urn:pulumi:"):
        one = plan.registrations.get(artifact.identity)
        key = one.inputs.get("key") if one else None
        lies = one is not None and one.inputs.get("bucket") == bucket
        return Stored(key) if lies and isinstance(key, str) else None
    name, _, key = artifact.identity.partition("/")
    return Stored(key) if name == bucket else None


def _with_tags(account: Account, bucket: str, stored: Stored, rules: Sequence[dict[str, Any]]) -> Stored:
    """The same with tags and size, where a rule depends on them."""
    if stored.is_prefix or all(selects_object(rule, stored) is not None for rule in rules):
        return stored
    tags = account.ask("s3", "get_object_tagging", Bucket=bucket, Key=stored.key) or {}
    head = account.ask("s3", "head_object", Bucket=bucket, Key=stored.key) or {}
    found = {tag["Key"]: tag["Value"] for tag in tags.get("TagSet", [])}
    return Stored(stored.key, found, head.get("ContentLength"))


def _taken_by(rules: Any, stored: Stored) -> dict[str, Any] | None:
    """The rule that takes it, or might (a prefix whose objects have tags of their own)."""
    for rule in rules:
        if isinstance(rule, dict) and takes_objects(rule) and selects_object(rule, stored) is not False:
            return rule
    return None


# --- images -------------------------------------------------------------------------------------------------------


def judge_image_lifecycle(operation: Operation, judge: Judge, report: Report) -> None:
    """Refuse a policy, new or changed, by which an image in use would expire."""
    after, before = operation.new_inputs.get("policy"), operation.old("policy")
    repository = operation.new_inputs.get("repository") or operation.old("repository")
    if not isinstance(repository, str) or not repository or after is None or after == before:
        return
    check_place(operation, judge)
    account = judge.account()
    target = node(usage.REPOSITORY, repository, account=account.identity()[0], region=account.region)
    if before is None and not isinstance(after, Unknown):
        answer = account.ask("ecr", "get_lifecycle_policy", repositoryName=repository)
        before = (answer or {}).get("lifecyclePolicyText")
    graph = judge.uses(end=False, about=frozenset({usage.IMAGE}))
    images = [(one, path) for one in graph.direct_users(target, usage.IMAGE) if (path := judge.path(graph, one))]
    if images and isinstance(after, Unknown):
        text = f"{describe(operation, 'lifecycle policy')}: whether it takes an image in use is decided by the update."
        report.give(finding(operation, IMAGES, text, outcome="undecided", severity="low"))
        return
    rules = image_rules(after) if images else []
    earlier = image_rules(before) if images and before else []
    for image, path in images:
        tags = _tags_of(account, image, repository)
        rule = takes_image(rules, tags)
        if rule is not None and takes_image(earlier, tags) is None:
            _refuse_policy(operation, report, image, rule, path)
            return
    give_unread(operation, "lifecycle policy", usage.IMAGE, graph, judge, report, IMAGES)
    if not isinstance(after, Unknown) and _takes_more(account, repository, after, before):
        foreign.judge_unseen_use(operation, [target], judge, report, IMAGES)


def _takes_more(account: Account, repository: str, after: Any, before: Any) -> bool:
    """Whether it takes an image that is there now, and that the policy before didn't take."""
    rules, earlier = image_rules(after), image_rules(before) if before else []
    tags = [
        list(one.get("imageTags") or [])
        for one in account.pages("ecr", "describe_images", "imageDetails", repositoryName=repository)
    ]
    return any(takes_image(rules, one) is not None and takes_image(earlier, one) is None for one in tags)


def _tags_of(account: Account, image: Node, repository: str) -> list[str]:
    parsed = parse_image(image.identity)
    chosen = {"imageDigest": parsed.digest} if parsed.digest else {"imageTag": parsed.tag or "latest"}
    answer = account.ask("ecr", "describe_images", repositoryName=repository, imageIds=[chosen])
    details = (answer or {}).get("imageDetails") or [{}]
    return list(details[0].get("imageTags") or [])


def _refuse_policy(operation: Operation, report: Report, image: Node, rule: ImageRule, path: Path) -> None:
    report.give(
        finding(
            operation,
            IMAGES,
            f"{describe(operation, 'lifecycle policy')}: {rule.words} would let {image} expire, which endpoint "
            f"{path.endpoint} runs. {_LATER}",
            path=path.texts(),
            fix="Select images by tags that no deployed image has (tagStatus tagged), or give deployed images a tag of "
            "their own that no rule selects.",
        )
    )
