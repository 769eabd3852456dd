"""
What a job's own settings imply: how many tests on what, how long, and the price where one is known.

Prices come from a dated file of the user's, or from the pricing API (pricing:GetProducts); else they are unknown, and
never zero. "Inference Recommender only charges you for the instances used while your jobs are executing" (SageMaker
Developer Guide, inference-recommender).
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from knowledge.recommendations import DEFAULT_JOB_SECONDS
from pipeline.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pipeline.recommend.request import Request

HOUR: Final = 3600
STARTING: Final = 10 * 60
"""Seconds that an endpoint is taken to need until it serves, and to go; AWS says none (docs/unverified.md)."""


@dataclass(frozen=True)
class Prices:
    """US dollars an hour by instance type, and where they come from."""

    hourly: dict[str, float]
    source: str
    """As in `prices.yaml of 2026-11-01`; why there are none, where there are none."""


@dataclass(frozen=True)
class Cost:
    """What a job implies."""

    tests: int | None
    """None where AWS chooses them."""

    types: dict[str, int]
    """Tests by instance type."""

    seconds: int
    """Of one test's instance, starting included; of the whole job where AWS chooses."""

    dollars: float | None
    unpriced: tuple[str, ...]
    source: str

    def lines(self) -> list[str]:
        """For a person, before anything is spent."""
        if self.tests is None:
            first = (
                f"AWS chooses instance types and load; such a job completes within {DEFAULT_JOB_SECONDS // 60} minutes."
            )
        else:
            named = ", ".join(f"{name} ({count})" if count > 1 else name for name, count in self.types.items())
            first = f"{self.tests} tests, each about {self.seconds // 60} minutes of one instance: {named}."
        if self.dollars is not None:
            return [first, f"Price: about {self.dollars:.2f} USD for the instances ({self.source})."]
        lacking = f" (no price of {', '.join(self.unpriced)})" if self.unpriced else ""
        return [first, f"Price: unknown{lacking}; {self.source}."]

    def to_dict(self) -> dict[str, Any]:
        """Plain values; what isn't known is null."""
        return {
            "tests": self.tests,
            "types": self.types,
            "seconds": self.seconds,
            "usd": None if self.dollars is None else round(self.dollars, 4),
            "unpriced": list(self.unpriced),
            "source": self.source,
        }


def of(request: Request, prices: Prices) -> Cost:
    """What a request implies, by these prices."""
    combinations = request.combinations
    if not combinations:
        return Cost(None, {}, request.settings.duration or DEFAULT_JOB_SECONDS, None, (), prices.source)
    types = dict(Counter(each for each, _ in combinations))
    load = request.settings.traffic.seconds if request.settings.traffic else DEFAULT_JOB_SECONDS
    seconds = load + STARTING
    unpriced = tuple(each for each in types if each not in prices.hourly)
    dollars = sum(prices.hourly.get(each, 0.0) * count for each, count in types.items()) * seconds / HOUR
    return Cost(len(combinations), types, seconds, None if unpriced else dollars, unpriced, prices.source)


def prices(types: Iterable[str], region: str, file: Path | None, *, simulated: bool) -> Prices:
    """
    What is known of prices: by the user's file, else by the pricing API; a rehearsal asks nobody.

    Raises:
        PipelineError: the file can't be used.

    """
    wanted = [*types]
    if file:
        return from_file(file, region)
    if simulated:
        return NONE
    if not wanted:
        return Prices({}, "AWS chooses the types")
    import boto3

    today = dt.datetime.now(dt.UTC).date()
    return from_api(wanted, region, boto3.client("pricing", region_name="us-east-1"), today)


def from_file(path: Path, region: str) -> Prices:
    """
    Prices from a file of the user's: `date`, `region`, and `usd_an_hour` by instance type.

    Raises:
        PipelineError: it can't be read, lacks one of them, is for another Region, or has a price that is none.

    """
    import yaml

    example = "date: 2026-11-01, region: eu-central-1, usd_an_hour: {ml.m5.large: 0.138}"
    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise PipelineError(f"the price file {path} can't be read: {' '.join(str(error).split())}") from error
    if not isinstance(given, dict) or not isinstance(given.get("usd_an_hour"), dict):
        raise PipelineError(f"the price file {path} holds no prices. It is to say: {example}.")
    try:
        day = given["date"] if isinstance(given["date"], dt.date) else dt.date.fromisoformat(str(given["date"]))
    except (KeyError, ValueError) as error:
        raise PipelineError(
            f"the price file {path} has no date, so nobody can tell how old it is: {example}."
        ) from error
    if given.get("region") != region:
        raise PipelineError(f"the price file {path} is for {given.get('region')}, and the job runs in {region}.")
    hourly = {}
    for name, value in given["usd_an_hour"].items():
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            raise PipelineError(f"the price file {path} gives {value!r} for {name}; a price is a number above 0.")
        hourly[str(name)] = float(value)
    return Prices(hourly, f"{path.name} of {day:%Y-%m-%d}")


def from_api(types: Iterable[str], region: str, client: Any, today: dt.date) -> Prices:
    """On-demand prices of hosting, from the pricing API; one that it doesn't tell is unknown."""
    from botocore.exceptions import BotoCoreError, ClientError

    hourly: dict[str, float] = {}
    try:
        for name in dict.fromkeys(types):
            wanted = {"regionCode": region, "instanceName": name, "component": "Hosting"}
            filters = [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in wanted.items()]
            answer = client.get_products(ServiceCode="AmazonSageMaker", Filters=filters)
            found = {price for text in answer.get("PriceList") or [] for price in _hourly(json.loads(text))}
            if len(found) == 1:
                hourly[name] = found.pop()
    except (BotoCoreError, ClientError, ValueError, AttributeError) as error:
        return Prices({}, f"the pricing API didn't say ({type(error).__name__}); give --prices FILE")
    return Prices(hourly, f"pricing API, {today:%Y-%m-%d}")


def _hourly(product: dict[str, Any]) -> Iterable[float]:
    for term in ((product.get("terms") or {}).get("OnDemand") or {}).values():
        for dimension in (term.get("priceDimensions") or {}).values():
            value = float((dimension.get("pricePerUnit") or {}).get("USD") or 0)
            if value > 0 and dimension.get("unit") in ("Hrs", "hour", "Hour"):
                yield value


NONE: Final = Prices({}, "a rehearsal asks nobody for prices; give --prices FILE")
