"""A group of 10,000 versions is listed and resolved by a bounded number of calls."""

from __future__ import annotations

from many_versions import Many

from pipeline.versions.registry import MOST_PAGES, ModelRegistry


def test_the_latest_approved_of_10_000_versions_takes_one_call() -> None:
    many = Many()
    registry = ModelRegistry(many)
    found = registry.latest_approved(registry.group("trees"))

    assert found["ModelPackageVersion"] == 9001
    assert many.calls == ["list_model_packages"]


def test_a_list_asks_for_no_more_than_it_shows() -> None:
    many = Many()
    registry = ModelRegistry(many)
    few = registry.listing(registry.group("trees"), most=20)
    calls = len(many.calls)
    some = registry.listing(registry.group("trees"), most=250)

    assert (len(few.versions), few.more, calls) == (20, True, 1)
    assert (len(some.versions), len(many.calls) - calls) == (250, 3)


def test_even_all_of_them_are_a_hundred_calls_and_never_more() -> None:
    many = Many(count=10_050)
    registry = ModelRegistry(many)
    found = registry.listing(registry.group("trees"), most=1_000_000)

    assert (len(found.versions), found.more) == (10_000, True)
    assert len(many.calls) == MOST_PAGES


def test_pages_that_a_filter_leaves_empty_end_too() -> None:
    """SageMaker may answer an empty page with a token: a listing isn't asked for without end."""
    many = Many(count=1)
    many.ask = lambda *_, **__: many.calls.append("x") or {"ModelPackageSummaryList": [], "NextToken": "on"}
    registry = ModelRegistry(many)

    assert registry.newest(registry.group("trees")) is None
    assert len(many.calls) == MOST_PAGES
