"""What came of a job: trials from AWS's answers, the Pareto front, the choice, and its pages with nothing but text."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from answers import NASTY, benchmark, result
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from pipeline.errors import PipelineError
from pipeline.recommend import pages, picture, results, showing
from pipeline.recommend.results import Trial, pareto

if TYPE_CHECKING:
    from pathlib import Path


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=12))
def test_the_front_is_what_nobody_beats(figures: list[tuple[int, int]]) -> None:
    """Whoever isn't on it is beaten by one who is; nobody on it beats another."""
    trials = [Trial(n, "ml.m5.large", cost_per_inference=c, latency=ms) for n, (c, ms) in enumerate(figures)]
    front = pareto(trials)

    def beats(one: Trial, other: Trial) -> bool:
        mine, theirs = (one.cost_per_inference, one.latency), (other.cost_per_inference, other.latency)
        return mine != theirs and mine[0] <= theirs[0] and mine[1] <= theirs[1]  # type: ignore[operator]

    assert front
    assert not any(beats(one, other) for one in front for other in front)
    assert all(one in front or any(beats(other, one) for other in front) for one in trials)


def test_trials_come_from_steps_and_counts_from_what_is_recommended() -> None:
    """What has no figure is unknown and no zero; a job that was stopped keeps what its steps found."""
    made = result(
        benchmark("ml.c5.large", 1e-6, 20, variables={"WORKERS": "2"}),
        benchmark("ml.c5.large", 2e-6, 10, variables={"WORKERS": "4"}),
        benchmark("ml.p3.2xlarge", FailureReason="no capacity"),
        benchmark("ml.m5.large", status="STOPPED"),
        status="STOPPED",
        best=1,
    )

    assert [(one.status, one.recommended, one.measured) for one in made.trials] == [
        ("COMPLETED", True, True),
        ("COMPLETED", False, True),
        ("FAILED", False, False),
        ("STOPPED", False, False),
    ]
    assert (made.trials[0].cpu, made.trials[0].memory, made.trials[0].count) == (None, 40.0, 2)
    assert [one.number for one in made.front] == [1, 2]
    assert [one.reason for one in made.failed] == ["no capacity"]
    assert made.to_dict()["trials"][0]["environment"] == {"WORKERS": "2"}


@pytest.mark.parametrize(
    ("wanted", "number"), [("cheapest", 1), ("fastest", 3), ("2", 2), ("ml.m5.large", 2), ("ml.c5.large", 1)]
)
def test_the_choice(wanted: str, number: int) -> None:
    made = result(
        benchmark("ml.c5.large", 1e-6, 30),
        benchmark("ml.m5.large", 2e-6, 20),
        benchmark("ml.c5.xlarge", 3e-6, 10),
        benchmark("ml.p3.2xlarge"),
    )

    assert results.choose(made, wanted).number == number


def test_a_choice_that_there_is_not_is_told_with_those_there_are() -> None:
    with pytest.raises(PipelineError, match=r"no completed trial 'ml.p3.2xlarge'. It has 1 \(ml.c5.large\)"):
        results.choose(result(benchmark("ml.c5.large", 1e-6, 30), benchmark("ml.p3.2xlarge")), "ml.p3.2xlarge")
    with pytest.raises(PipelineError, match="none was completed"):
        results.choose(result(benchmark("ml.p3.2xlarge")), "cheapest")


def test_what_others_wrote_is_text_in_every_page_and_every_figure_is_labelled(tmp_path: Path) -> None:
    """Variables and AWS's reasons are somebody's input."""
    made = result(
        benchmark("ml.c5.large", 1e-6, 20, variables={"W": NASTY}),
        benchmark("ml.m5.large", 2e-6, 30),
        benchmark(NASTY, FailureReason=NASTY),
    )
    files = {path.suffix: path.read_text() for path in pages.write(made, tmp_path / "report")}
    table = re.findall(r"<th[^>]*>([^<]*)</th>", files[".html"])

    assert set(files) == {".md", ".html", ".svg", ".json"}
    assert not any("<script" in text for suffix, text in files.items() if suffix != ".json")
    assert not any("\x1b" in text for text in files.values())
    assert "| `x`" not in files[".md"]
    assert sum("(simulated)" in name for name in table) == 6
    assert all("imulated" in text for suffix, text in files.items() if suffix != ".json")
    assert "default-src 'none'" in files[".html"]
    ET.fromstring(files[".svg"].partition("?>")[2])


def test_figures_of_aws_aren_t_called_simulated() -> None:
    made = result(benchmark("ml.c5.large", 1e-6, 20), simulated=False)

    assert "imulated" not in pages.html(made, picture.as_svg(made)) + pages.markdown(made, picture_beside=True)


def test_the_picture_marks_the_front_and_numbers_every_trial() -> None:
    made = result(benchmark("ml.c5.large", 1e-6, 20), benchmark("ml.m5.large", 2e-6, 30))
    drawn, svg = picture.in_text(made), picture.as_svg(made)

    assert "*1" in drawn
    assert "o2" in drawn
    assert "1 ml.c5.large" in " ".join(svg.split())
    assert "Pareto front" in svg
    assert picture.in_text(result(benchmark("ml.c5.large"))) == picture.as_svg(result()) == ""


@pytest.mark.parametrize("width", [80, 100, 120, 160])
def test_in_a_terminal_no_word_is_broken_and_what_has_no_room_is_named(width: int) -> None:
    made = result(
        benchmark("ml.c6i.xlarge", 1e-6, 20, variables={"WORKERS": "2"}),
        benchmark("ml.m5.large", 2e-6, 30, variables={"WORKERS": "1"}),
    )
    written = io.StringIO()
    showing.show(Console(file=written, width=width), made)
    table = written.getvalue().partition("trial")[2].partition("* on the Pareto front")[0]
    named = {one.name.partition(" (")[0] for one in showing.laid_out(made, width).columns}
    picture_lines = written.getvalue().partition("┌")[2].splitlines()

    assert {"ml.c6i.xlarge", "WORKERS=2", "completed"} <= set(table.split())
    assert all(len(line) <= width for line in table.splitlines() if "No room" not in line)
    assert all(len(line) <= width for line in picture_lines)
    assert "across: USD" in written.getvalue()
    assert ("memory, %" in named) is (width > 100)
    assert ("No room here for" in table) is (width <= 100)
    assert ("(sim.) simulated" in table) is (width < 160)


def test_nothing_that_draws_is_imported_before_something_is_drawn() -> None:
    code = "import sys, pipeline.command, pipeline.recommend.pages, pipeline.recommend.command; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    assert {"matplotlib", "plotext", "numpy", "boto3", "pulumi"}.isdisjoint(modules)
