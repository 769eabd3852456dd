"""End dates: a moment with a time zone, or a sentence that says what is missing."""

from __future__ import annotations

import datetime as dt

import pytest

from knowledge import end_dates

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize("text", ["2026-12-31T18:00:00+01:00", "2026-12-31T17:00:00Z", " 2026-12-31 17:00+00:00 "])
def test_one_moment_in_several_notations(text: str) -> None:
    assert end_dates.read(text) == dt.datetime(2026, 12, 31, 17, tzinfo=dt.UTC)


@pytest.mark.parametrize("text", ["2026-12-31", "2026-12-31T18:00:00", "20261231T180000"])
def test_a_date_without_time_zone_is_no_moment(text: str) -> None:
    with pytest.raises(end_dates.EndDateError, match="has no time zone"):
        end_dates.read(text)


@pytest.mark.parametrize(
    "text", ["", "tomorrow", "31.12.2026", "2026-13-01T00:00:00Z", "2026-12-31T18:00:00 Europe/Berlin"]
)
def test_what_is_no_date_is_told_with_an_example(text: str) -> None:
    with pytest.raises(
        end_dates.EndDateError, match=r"is no date and time; one is written as 2026-12-31T18:00:00\+01:00"
    ):
        end_dates.read(text)


def test_the_end_itself_is_over() -> None:
    assert end_dates.is_over(NOW, NOW)
    assert not end_dates.is_over(NOW + dt.timedelta(seconds=1), NOW)


@pytest.mark.parametrize(
    ("away", "words"),
    [
        (dt.timedelta(days=39, hours=3), "in 39 days"),
        (dt.timedelta(hours=30), "in 30 hours"),
        (dt.timedelta(minutes=10), "in less than two hours"),
        (dt.timedelta(days=-3), "3 days ago"),
    ],
)
def test_how_far_away_it_is_for_people(away: dt.timedelta, words: str) -> None:
    assert end_dates.left(NOW + away, NOW) == words
