"""
Access to containers through SSM is off, except on endpoints declared as development.

Avoid
    EndpointConfiguration("decision-trees", tags={"holdfast:stage": "production"},
                          production_variants=[{"enable_ssm_access": True, ...}])

Prefer
    EndpointConfiguration("decision-trees", production_variants=[{...}])
    EndpointConfiguration("debugging", tags={"holdfast:stage": "development"},
                          production_variants=[{"enable_ssm_access": True, ...}])

Why
    With SSM access SageMaker puts off security patches and the replacement of unhealthy instances by a day instead of
    ten minutes, and anybody who may start a session has a shell in the container. AWS recommends it for test and
    development endpoints only. ("Production variant" is AWS's word for every variant.)

Not covered
    Where no tag says what the endpoint is for, the rule is undecided and says so. Who may start sessions is a matter
    of IAM.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policies.models import variants
from policies.rule import ResourceRule
from policies.tokens import ENDPOINT_CONFIGURATION, STAGE_TAG

if TYPE_CHECKING:
    from policies.reading import Resource
    from policies.verdict import Verdict


def judge(configuration: Resource, verdict: Verdict) -> None:
    """Read the switch first: a stage that isn't known matters only where access is on."""
    for variant in variants(configuration):
        with verdict.considering(configuration):
            if not variant.flag("enableSsmAccess"):
                continue
            prop = variant.where("enableSsmAccess")
            stage = configuration.tag(STAGE_TAG)
            if stage is None:
                verdict.leave_undecided(
                    configuration,
                    f"{prop} is true, and no tag {STAGE_TAG} (production or development) says whether it may be.",
                )
            elif stage != "development":
                endpoint = "a production endpoint" if stage == "production" else f"an endpoint of stage {stage!r}"
                verdict.violated(
                    configuration,
                    f"{prop} is true on {endpoint}; SageMaker then puts off security patches and the replacement of "
                    "unhealthy instances by a day.",
                    fix=f"Set {prop} to false, or use an endpoint with the tag {STAGE_TAG}: development.",
                )


rule = ResourceRule(
    name="production-variants-have-no-ssm-access",
    title="Access to containers through SSM is off, except on endpoints declared as development.",
    severity="high",
    concern="container access",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/ssm-access.html",
    remedy="Set enableSsmAccess to false.",
    types=(ENDPOINT_CONFIGURATION,),
    judge=judge,
)
