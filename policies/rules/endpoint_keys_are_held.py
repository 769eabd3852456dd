"""
KMS keys that endpoint configurations name can't be deleted by mistake: they are protected, or guarded by hooks.

Avoid
    key = Key("decision-trees")
    EndpointConfiguration("decision-trees", kms_key_arn=key.arn, ...)

Prefer
    guards.install()                                              # puts hooks and the tag holdfast:guarded on keys
    key = Key("decision-trees", opts=ResourceOptions(protect=True))  # in a program without guards

Why
    A policy pack sees what a program wants to have, never what it deletes. So a key has to carry its own protection
    before the day on which somebody removes it from the program while an endpoint still uses it.

Not covered
    Keys that this stack doesn't own. The tag is what the guards leave behind: a pack can't see hooks, so a tag set by
    hand is believed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policies.holding import judge_held
from policies.rule import StackRule
from policies.tokens import ENDPOINT_CONFIGURATION, KEY
from policies.use import keys_in_use

if TYPE_CHECKING:
    from policies.reading import Stack
    from policies.verdict import Verdict


def judge(stack: Stack, verdict: Verdict) -> None:
    """Follow every configuration to its keys."""
    judge_held(list(keys_in_use(stack)), "no endpoint configuration names a key of this stack", verdict)


rule = StackRule(
    name="endpoint-keys-are-held",
    title="KMS keys that endpoint configurations name are protected, or guarded by hooks.",
    severity="high",
    concern="endpoint integrity",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/best-practice-endpoint-security.html",
    remedy="Call guards.install() in the program, or set the resource option protect to true.",
    types=(KEY, ENDPOINT_CONFIGURATION),
    judge=judge,
)
