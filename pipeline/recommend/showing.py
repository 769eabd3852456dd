"""A result for a person: the table, the words beside it, and what each figure is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from findings.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

    from pipeline.recommend.results import Result, Trial

MILLION: Final = 1_000_000
SIMULATED: Final = "Simulated: every figure is made up by the rehearsal. None says anything about AWS."
UNKNOWN: Final = "unknown"
FRONT: Final = "on the Pareto front: nothing is cheaper without being slower"

COLUMNS: Final[tuple[tuple[str, str, Callable[[Trial], float | None], str], ...]] = (
    ("USD per million inferences", "cost", lambda one: _millions(one.cost_per_inference), ",.2f"),
    ("latency, ms", "latency", lambda one: one.latency, ",.0f"),
    ("invocations a minute", "invocations", lambda one: one.invocations, ",.0f"),
    ("USD an hour", "hour", lambda one: one.cost_per_hour, ",.3f"),
    ("CPU, %", "cpu", lambda one: one.cpu, ",.0f"),
    ("memory, %", "memory", lambda one: one.memory, ",.0f"),
)
"""Heading, short name, figure, format."""


def _millions(value: float | None) -> float | None:
    return None if value is None else value * MILLION


def heading(result: Result, name: str) -> str:
    """A figure's heading, saying where it is simulated."""
    return f"{name} (simulated)" if result.simulated else name


def headings(result: Result) -> list[str]:
    """Of all columns."""
    figures = [heading(result, name) for name, *_ in COLUMNS]
    return ["", "trial", "runs on", "variables", "instances", *figures, "outcome"]


def rows(result: Result) -> Iterator[tuple[Trial, list[str]]]:
    """Each trial with its cells, in plain text, the front first and what failed last."""
    front = {one.number for one in result.front}
    ordered = sorted(
        result.trials, key=lambda one: (one.number not in front, not one.measured, one.cost_per_inference or 0.0)
    )
    for one in ordered:
        figures = []
        for _, _, figure, form in COLUMNS:
            value = figure(one)
            figures.append(format(value, form) if value is not None else "" if one.status != "COMPLETED" else UNKNOWN)
        yield (
            one,
            [
                "*" if one.number in front else "",
                str(one.number),
                one.kind,
                one.variables,
                str(one.count or "") if one.measured else "",
                *figures,
                outcome(one),
            ],
        )


def outcome(one: Trial) -> str:
    """How a trial ended, in words."""
    return "recommended" if one.recommended else one.status.lower().replace("_", " ")


def failures(result: Result) -> list[str]:
    """A line for each trial that brought nothing, with AWS's reason."""
    return [
        f"Trial {one.number} ({f'{one.kind} {one.variables}'.strip()}) failed: {one.reason or 'AWS gave no reason.'}"
        for one in result.failed
    ]


def summary(result: Result) -> list[str]:
    """The lines above a table: which job, who asked, how it ended."""
    from pipeline.recommend.results import moment

    lines = [f"Job {result.job} ({result.type}): {result.status.lower().replace('_', ' ')}"]
    if result.reason:
        lines[0] += f": {result.reason}"
    asked = f"Asked {moment(result.asked)}" + (f" by {result.asked_by}" if result.asked_by else "")
    lines.append(asked + (f", completed {moment(result.completed)}" if result.completed else ""))
    lines.append(f"Version {result.version}")
    if result.status != "COMPLETED" and any(one.measured for one in result.trials):
        lines.append("Partial: the job did not go through; what it had found out by then is kept here.")
    return lines


def show(console: Console, result: Result) -> None:
    """The whole of it in a terminal, or in plain lines elsewhere."""
    from rich.table import Table
    from rich.text import Text

    from pipeline.recommend import picture

    if result.simulated:
        console.print(Text(SIMULATED, style="bold cyan"))
    for line in summary(result):
        console.print(Text(printable(line)), soft_wrap=True)
    if not result.trials:
        console.print("No trials.", highlight=False)
        return
    table = Table(box=None, pad_edge=False)
    names = headings(result)
    for number, name in enumerate(names):
        right = 4 <= number < len(names) - 1  # noqa: PLR2004 - the figures
        table.add_column(name, overflow="fold", justify="right" if right else "left")
    for one, cells in rows(result):
        style = "green" if cells[0] else "red" if one.status == "FAILED" else ""
        table.add_row(*(Text(printable(cell)) for cell in cells), style=style)
    console.print(table)
    for line in failures(result):
        console.print(Text(printable(line), style="red"), soft_wrap=True)
    if result.front:
        console.print(Text(f"* {FRONT}"))
        console.print(Text(picture.in_text(result)), soft_wrap=True)
