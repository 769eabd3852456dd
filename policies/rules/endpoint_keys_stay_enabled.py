"""
KMS keys that endpoint configurations name are enabled.

Avoid
    key = Key("decision-trees", is_enabled=False)
    EndpointConfiguration("decision-trees", kms_key_arn=key.arn, ...)

Prefer
    key = Key("decision-trees")
    EndpointConfiguration("decision-trees", kms_key_arn=key.arn, ...)

Why
    SageMaker needs the key each time it patches, replaces or adds an instance. With a disabled key the endpoint goes on
    until the next of these, and then breaks at a moment that nobody chose.

Not covered
    Keys that this stack doesn't own, and keys that endpoints of other stacks use: the guards ask the account for those.
    A disabled key that no endpoint configuration of this stack names is nobody's fault.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policies.rule import StackRule
from policies.tokens import ENDPOINT_CONFIGURATION, KEY
from policies.use import keys_in_use

if TYPE_CHECKING:
    from policies.reading import Stack
    from policies.verdict import Verdict


def judge(stack: Stack, verdict: Verdict) -> None:
    """Follow every configuration to its keys."""
    uses = list(keys_in_use(stack))
    if not uses:
        verdict.not_applicable("no endpoint configuration names a key of this stack")
    for use in uses:
        with verdict.considering(use.used):
            if use.used.properties.flag("isEnabled") is False:
                verdict.violated(
                    use.used,
                    "isEnabled is false while an endpoint configuration names the key; SageMaker can then neither "
                    "patch the endpoint nor replace an instance.",
                    path=use.path,
                )


rule = StackRule(
    name="endpoint-keys-stay-enabled",
    title="KMS keys that endpoint configurations name are enabled.",
    severity="critical",
    concern="endpoint integrity",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/best-practice-endpoint-security.html",
    remedy="Set isEnabled to true; disable the key after no endpoint configuration names it any more.",
    types=(KEY, ENDPOINT_CONFIGURATION),
    judge=judge,
)
