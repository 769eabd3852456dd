"""
Production's instance type comes from a recommendation job that isn't too old. Off unless a team switches it on.

Avoid
    EndpointConfiguration("scoring", tags={"holdfast:stage": "production"},
                          production_variants=[{"instance_type": "ml.m5.4xlarge", ...}])

Prefer
    EndpointConfiguration("scoring", tags={"holdfast:stage": "production",
                              "holdfast:recommendation": "ml.c5.xlarge 2026-11-22T18:00:00Z scoring-4f0c-2026"},
                          production_variants=[{"instance_type": "ml.c5.xlarge", ...}])

Why
    An instance type that somebody once guessed is paid for by the hour. `holdfast recommend --apply` writes the tag's
    content into the stack's settings; after `days` (90 unless configured) the model or AWS's types have changed enough
    to ask again. Figures of a rehearsal are simulated, and count in stacks whose name begins with `rehearsal` alone.

Not covered
    Whether the tag tells the truth: one that is set by hand is believed. How many instances there are; serverless
    variants; endpoints that aren't declared as production.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

from policies.models import variants
from policies.rule import ResourceRule
from policies.tokens import ENDPOINT_CONFIGURATION, RECOMMENDATION_TAG, STAGE_TAG

if TYPE_CHECKING:
    from policies.reading import Resource
    from policies.verdict import Verdict

DAYS: Final = 90
ASK: Final = "Run `holdfast recommend --apply`, then deploy."
_PARTS: Final = 3


def judge(configuration: Resource, verdict: Verdict) -> None:
    """One recommendation is for all variants that have instances."""
    if configuration.tag(STAGE_TAG) == "development":
        verdict.not_applicable("it is declared as development")
    types = [text for variant in variants(configuration) if (text := variant.text("instanceType"))]
    if not types:
        verdict.not_applicable("no variant has instances")
    given = configuration.tag(RECOMMENDATION_TAG) or ""
    parts = given.split()
    moment = _moment(parts[1]) if len(parts) >= _PARTS else None
    if moment is None:
        said = f"the tag {RECOMMENDATION_TAG} names no recommendation job, and the instance type is {types[0]}."
        verdict.violated(configuration, said, fix=ASK)
        return
    if other := [each for each in types if each != parts[0]]:
        said = f"the instance type is {other[0]}, and job {parts[2]} recommended {parts[0]}."
        verdict.violated(configuration, said, fix=f"Set it to {parts[0]}, or ask anew: holdfast recommend --apply.")
    days = _days(verdict.config.get("days"))
    age = (dt.datetime.now(dt.UTC) - moment).days
    if age > days:
        said = f"job {parts[2]}, from which {parts[0]} comes, was completed {age} days ago; {days:g} are the most."
        verdict.violated(configuration, said, fix=ASK)
    if parts[-1] == "simulated" and not _is_rehearsal(configuration):
        said = f"the figures of job {parts[2]} are a rehearsal's, which say nothing about AWS."
        verdict.violated(configuration, said, fix=ASK)


def _moment(text: str) -> dt.datetime | None:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _days(value: Any) -> float:
    """Configured, where it is a number."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else DAYS


def _is_rehearsal(configuration: Resource) -> bool:
    return configuration.urn.removeprefix("urn:pulumi:").startswith("rehearsal")


rule = ResourceRule(
    name="instance-types-come-from-recommendations",
    title="Production's instance type comes from a recommendation job that isn't too old.",
    severity="low",
    concern="endpoint integrity",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/inference-recommender.html",
    remedy="Run `holdfast recommend --apply`, then deploy.",
    types=(ENDPOINT_CONFIGURATION,),
    configuration={
        "days": {"type": "number", "default": DAYS, "description": "How old the recommendation may be, in days."}
    },
    judge=judge,
)
