"""
Access to containers through SSM has an end date, with a time zone, that hasn't come.

Avoid
    EndpointConfiguration("debugging", tags={"holdfast:stage": "development"},
                          production_variants=[{"enable_ssm_access": True, ...}])

Prefer
    EndpointConfiguration("debugging", tags={"holdfast:stage": "development",
                                             "holdfast:ssm-access-until": "2026-12-31T18:00:00+01:00"},
                          production_variants=[{"enable_ssm_access": True, ...}])

Why
    Access that is switched on for an afternoon's debugging stays on for years, and as long as it does SageMaker puts
    off security patches and the replacement of faulty instances by up to a day instead of 10 minutes. From the end date
    on no deployment passes until it is off, or until somebody has said how long it is still needed.

Not covered
    What is deployed already: nothing is switched off when the date comes (`holdfast doctor` tells of it; the user
    policy of our component ends by itself). Whether the endpoint may have access at all is the business of
    production-variants-have-no-ssm-access.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from knowledge import end_dates
from policies.models import variants
from policies.rule import ResourceRule
from policies.tokens import ENDPOINT_CONFIGURATION, SSM_ACCESS_UNTIL_TAG

if TYPE_CHECKING:
    from policies.reading import Resource
    from policies.verdict import Verdict

OFF = "set enableSsmAccess to false"


def judge(configuration: Resource, verdict: Verdict) -> None:
    """Of the variants with access: one date is for all of them."""
    open_ones = []
    for variant in variants(configuration):
        with verdict.considering(configuration):
            if variant.flag("enableSsmAccess"):
                open_ones.append(variant.where("enableSsmAccess"))
    if not open_ones:
        return
    with verdict.considering(configuration):
        _judge_date(configuration, verdict, f"{open_ones[0]} is true", configuration.tag(SSM_ACCESS_UNTIL_TAG))


def _judge_date(configuration: Resource, verdict: Verdict, on: str, until: str | None) -> None:
    tag = f"the tag {SSM_ACCESS_UNTIL_TAG}"
    if not until:
        said = f"{on}, and {tag} is missing; nobody will know when to close it."
        verdict.violated(configuration, said, fix=f"Set {tag} to its end, as in {end_dates.EXAMPLE}, or {OFF}.")
        return
    try:
        moment = end_dates.read(until)
    except end_dates.EndDateError as error:
        said = f"{on}, and {tag} is no end date: {error}."
        verdict.violated(configuration, said, fix=f"Set {tag} to a date and time with a time zone, or {OFF}.")
        return
    if end_dates.is_over(moment):
        said = f"{on}, and its end date {until} has passed ({end_dates.left(moment)})."
        fix = f"{OFF[0].upper()}{OFF[1:]}; is it still needed, set {tag} to a later date."
        verdict.violated(configuration, said, fix=fix)


rule = ResourceRule(
    name="ssm-access-has-an-end-date",
    title="Access to containers through SSM has an end date, with a time zone, that hasn't come.",
    severity="high",
    concern="container access",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/ssm-access.html",
    remedy="Set the tag holdfast:ssm-access-until, or enableSsmAccess to false.",
    types=(ENDPOINT_CONFIGURATION,),
    judge=judge,
)
