"""A result for a person: the table, the words beside it, and what each figure is called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from findings.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

    from pipeline.recommend.results import Result, Trial

MILLION: Final = 1_000_000
SIMULATED: Final = "Simulated: every figure is made up by the rehearsal. None says anything about AWS."
UNKNOWN: Final = "unknown"
VARIABLES: Final = "variables"
GAP: Final = 2
"""Characters between two columns of a table in a terminal."""
SHORT: Final = "(sim.)"
FIRST_FIGURE: Final = 4
"""Number of the first column with a number in it: instances; the last but one is the last."""
LONGEST_VARIABLE: Final = 20
LESS_USED: Final = ("memory", "CPU", "USD an hour", "invocations", "instances")
"""Columns that a narrow terminal does without, in this order."""
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
    return ["", "trial", "runs on", VARIABLES, "instances", *figures, "outcome"]


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


def setting(value: object) -> str:
    """A setting's value in a line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {setting(each)}" for name, each in value.items()) + "}"
    return "unset" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


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
    layout = laid_out(result, console.width)
    table = Table(box=None, pad_edge=False)
    for one in layout.columns:
        figure = FIRST_FIGURE <= one.number <= FIRST_FIGURE + len(COLUMNS)
        justify: Literal["left", "right"] = "right" if figure else "left"
        table.add_column(one.name, width=one.width, overflow="fold", justify=justify)
    for trial, cells in rows(result):
        style = "green" if cells[0] else "red" if trial.status == "FAILED" else ""
        table.add_row(*(Text(printable(cells[one.number])) for one in layout.columns), style=style)
    console.print(table)
    for line in layout.notes:
        console.print(Text(line), soft_wrap=True)
    for line in failures(result):
        console.print(Text(printable(line), style="red"), soft_wrap=True)
    if result.front:
        console.print(Text(f"* {FRONT}"))
        console.print(Text(picture.in_text(result, console.width)), soft_wrap=True)


class Column(NamedTuple):
    """A column of the table in a terminal."""

    number: int
    """Among all columns."""

    name: str
    width: int


class Layout(NamedTuple):
    """The columns for which there is room, and what a reader is to know of the others."""

    columns: list[Column]
    notes: list[str]


def laid_out(result: Result, width: int) -> Layout:
    """
    The table's columns at a terminal's width: words are never broken, and what has no room is named.

    First the mark of simulated figures is shortened, then columns are left out, those of least use to a choice first.

    Args:
        result: of a job.
        width: the terminal's, in characters.

    """
    names = headings(result)
    cells = [[printable(cell) for cell in row] for _, row in rows(result)]
    notes = []
    shown = [*range(len(names))]
    if _least(names, cells, shown) > width and result.simulated:
        names = [name.replace("(simulated)", SHORT) for name in names]
        notes = [f"{SHORT} simulated: made up by the rehearsal"]
    left_out = []
    for name in LESS_USED:
        if _least(names, cells, shown) <= width:
            break
        number = next(number for number in shown if names[number].startswith(name))
        shown.remove(number)
        left_out.append(name)
    if left_out:
        told = ", ".join(reversed(left_out))
        notes.append(f"No room here for {told}: a wider terminal, --report and --json have it all.")
    room = width - _least(names, cells, shown)
    widths = {}
    for number in sorted(shown, key=lambda one: FIRST_FIGURE <= one <= FIRST_FIGURE + len(COLUMNS)):  # words first
        least = _narrowest(names, cells, number)
        more = max(0, min(room, max(len(names[number]), *(len(row[number]) for row in cells)) - least))
        room -= more
        widths[number] = least + more
    return Layout([Column(number, names[number], widths[number]) for number in shown], notes)


def _least(names: list[str], cells: list[list[str]], shown: list[int]) -> int:
    return sum(_narrowest(names, cells, number) for number in shown) + GAP * (len(shown) - 1)


def _narrowest(names: list[str], cells: list[list[str]], number: int) -> int:
    """A column's width with no word broken; what a user called variables may be, where it is long."""
    words = [*names[number].split(), *(word for row in cells for word in row[number].split())]
    longest = max((len(word) for word in words), default=1) or 1
    return min(longest, LONGEST_VARIABLE) if names[number] == VARIABLES else longest
