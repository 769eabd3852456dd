"""
Model artifacts lie under a key of their own for every version: a digest, a version, a date.

Avoid
    primary_container={"model_data_url": "s3://artifacts/decision-trees/model.tar.gz", ...}

Prefer
    primary_container={"model_data_url": "s3://artifacts/decision-trees/4f0c9e2b71aa/model.tar.gz", ...}

Why
    SageMaker reads the artifact again whenever it patches, replaces or adds an instance. One that was overwritten since
    then changes the answers of an endpoint that nobody deployed, on some of its instances first.

Not covered
    A key that looks like a version and is overwritten all the same. Any part of the key that could be a version is
    taken for one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from knowledge.arns import parse_s3
from policies.models import artifacts, containers
from policies.rule import ResourceRule
from policies.tokens import MODEL

if TYPE_CHECKING:
    from policies.reading import Resource
    from policies.verdict import Verdict

VERSION = re.compile(r"\d{4,}|(?=[0-9a-f]*\d)[0-9a-f]{7,}|(?<![0-9a-z])v?\d+(?![0-9a-z])", re.IGNORECASE)


def judge(model: Resource, verdict: Verdict) -> None:
    """Judge each URL by itself."""
    for container in containers(model):
        with verdict.considering(model):
            for block, name in artifacts(container):
                location = parse_s3(block.text(name))
                if location is not None and not VERSION.search(location.key):
                    verdict.violated(
                        model,
                        f"{block.where(name)} is {location}, the same key for every version; when it is overwritten, "
                        "instances that SageMaker replaces answer differently from the others.",
                        fix="Put the artifact's digest or version into its key.",
                    )


rule = ResourceRule(
    name="artifacts-are-not-overwritten",
    title="Model artifacts lie under a key of their own for every version.",
    severity="medium",
    concern="endpoint integrity",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/best-practice-endpoint-security.html",
    remedy="Put the artifact's digest or version into its key.",
    types=(MODEL,),
    judge=judge,
)
