"""
Buckets that hold model artifacts, or that endpoint configurations name, are protected, or guarded by hooks.

Avoid
    bucket = Bucket("artifacts", force_destroy=True)
    Model("decision-trees", primary_container={"model_data_url": Output.format("s3://{0}/...", bucket.bucket), ...})

Prefer
    guards.install()                                              # puts hooks and the tag holdfast:guarded on buckets
    bucket = Bucket("artifacts", opts=ResourceOptions(protect=True))  # in a program without guards

Why
    SageMaker reads the artifacts again whenever it patches, replaces or adds an instance, and writes captured data and
    asynchronous results all the time. A pack doesn't see deletions, so the bucket has to carry its own protection.

Not covered
    Buckets that this stack doesn't own; objects deleted one by one, or by a lifecycle rule. A tag set by hand is
    believed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policies.holding import judge_held
from policies.rule import StackRule
from policies.tokens import BUCKETS, ENDPOINT_CONFIGURATION
from policies.use import buckets_in_use

if TYPE_CHECKING:
    from policies.reading import Stack
    from policies.verdict import Verdict


def judge(stack: Stack, verdict: Verdict) -> None:
    """Follow every configuration to its buckets, its models' artifacts included."""
    judge_held(list(buckets_in_use(stack)), "no endpoint configuration uses a bucket of this stack", verdict)


rule = StackRule(
    name="endpoint-buckets-are-held",
    title="Buckets of model artifacts and of endpoint configurations are protected, or guarded by hooks.",
    severity="high",
    concern="endpoint integrity",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/best-practice-endpoint-security.html",
    remedy="Call guards.install() in the program, or set the resource option protect to true.",
    types=(*BUCKETS, ENDPOINT_CONFIGURATION),
    judge=judge,
)
