"""
Models and endpoint configurations are created anew before the old ones are deleted, under names of their own.

Avoid
    Model("decision-trees", name="decision-trees", ...)
    Model("decision-trees", opts=ResourceOptions(delete_before_replace=True), ...)

Prefer
    Model("decision-trees", ...)                                                      # a generated name
    Model("decision-trees", name=f"decision-trees-{digest[:12]}",
          opts=ResourceOptions(delete_before_replace=False), ...)

Why
    Neither can be changed, so every change is a replacement. pulumi-aws asks for deletion before replacement whenever a
    name was set by hand, and only the option set to false overrules it: without it the endpoint stands on a model or
    configuration that is gone, until the new one is there and the endpoint has moved. A fixed name can't be created a
    second time, so the replacement fails.

Not covered
    A pack can't see whether a name was given or generated: it judges the option and the name's shape. A fixed name that
    ends in a hyphen and seven hexadecimal digits is taken for a generated one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policies.rule import ResourceRule
from policies.tokens import ENDPOINT_CONFIGURATION, MODEL

if TYPE_CHECKING:
    from policies.reading import Resource
    from policies.verdict import Verdict

GENERATED = re.compile(r"-[0-9a-f]{7}$")
CHANGING = re.compile(r"(?=[0-9a-z]*\d)[0-9a-z]{6,}$|\d{4,}$|[-v]\d+(-\d+)*$", re.IGNORECASE)
"""A part at the end that looks like a digest, a date or a version: it changes with what it names."""


def judge(resource: Resource, verdict: Verdict) -> None:
    """The option first: it is always known."""
    before = resource.options.delete_before_replace
    if before:
        verdict.violated(
            resource,
            "the resource option deleteBeforeReplace is true; every change deletes it while an endpoint still uses it.",
            fix="Remove the option, or set it to false.",
        )
        return
    name = resource.properties.text("name")
    if not name or (GENERATED.search(name) and name.startswith(resource.name)):
        return
    if not CHANGING.search(name):
        verdict.violated(
            resource,
            f"name is {name}, the same for every version; the replacement can't be created beside it.",
            fix="Leave name out, so that one is generated, or end it in a digest or version; "
            "set the resource option deleteBeforeReplace to false.",
        )
    elif before is None:
        verdict.violated(
            resource,
            f"name is {name}, which looks set by hand, and deleteBeforeReplace is not set; pulumi-aws then deletes it "
            "before the new one is there, under the endpoint that uses it.",
            fix="Set the resource option deleteBeforeReplace to false, or leave name out.",
        )


rule = ResourceRule(
    name="immutable-resources-are-created-before-deleted",
    title="Models and endpoint configurations are created anew before the old ones are deleted.",
    severity="high",
    concern="endpoint integrity",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/best-practice-endpoint-security.html",
    remedy="Leave name out and set the resource option deleteBeforeReplace to false.",
    types=(MODEL, ENDPOINT_CONFIGURATION),
    judge=judge,
)
