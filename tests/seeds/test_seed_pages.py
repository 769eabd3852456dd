"""Each page of docs/seeds/ covers every sentence of its AWS page with something that exists and a test.

The form of the pages is described in seed_pages.py, beside this file. A page in the folder is checked at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import seed_pages

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """
| sentence | covered by | test |
|---|---|---|
| 1. A greeting. | nothing: it asks for nothing | - |
| 2-3. A model has a container. | `components.model.Model` | `tests/seeds/test_seed_pages.py::test_a_good_page_passes` |
"""


def page(path: Path) -> list[seed_pages.Row]:
    return seed_pages.rows(path.read_text(encoding="utf-8"))


parametrised = pytest.mark.parametrize("path", seed_pages.pages(), ids=lambda path: path.stem)


@parametrised
def test_every_sentence_of_the_page_is_covered(path: Path) -> None:
    """The numbers run from 1 without a gap, each row names what covers it and its test, and quotes are short."""
    assert seed_pages.problems(page(path)) == []


@parametrised
def test_what_covers_a_sentence_exists(path: Path) -> None:
    """An importable object, a rule or a guard."""
    names = {name for row in page(path) if not row.covers_nothing for name in row.names}

    assert seed_pages.unknown_names(names) == []


@parametrised
def test_the_tests_that_the_page_names_are_collected(path: Path, request: pytest.FixtureRequest) -> None:
    ids = {test for row in page(path) for test in row.tests}
    collected = {item.nodeid for item in request.session.items}

    assert ids
    assert seed_pages.not_collected(ids, collected) == []


def test_a_good_page_passes() -> None:
    assert seed_pages.problems(seed_pages.rows(GOOD)) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("2-3.", "3."), "sentence 2 is expected"),
        (("| - |", "| `tests/x.py::test_y` |"), "has no test"),
        (("`components.model.Model`", "a model"), "names neither"),
        (("A greeting.", '"' + "word " * 26 + '"'), "quotes 26 words"),
    ],
    ids=["gap", "nothing-with-a-test", "no-name", "long-quote"],
)
def test_a_page_that_is_wrong_is_told(change: tuple[str, str], words: str) -> None:
    (said,) = seed_pages.problems(seed_pages.rows(GOOD.replace(*change)))

    assert words in said


def test_a_name_that_there_is_not_is_found() -> None:
    there = {"components.model.Model", "components.model.ModelArgs.image", "key-in-use-stays"}
    absent = {"components.model.Modle", "nowhere.at.all", "model-images-are-pinned-by-luck"}
    rule = {"model-images-are-pinned-by-digest"}

    assert seed_pages.unknown_names(there | absent | rule) == sorted(absent)


def test_a_test_that_there_is_not_is_found() -> None:
    """Collected by a process of its own where this session hasn't collected the file."""
    here = "tests/seeds/test_seed_pages.py::"

    assert seed_pages.not_collected({f"{here}test_a_good_page_passes", f"{here}test_none"}, set()) == [
        f"{here}test_none"
    ]
