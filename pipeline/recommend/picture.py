"""Cost per inference against latency, the Pareto front marked: in characters (plotext), and as SVG (matplotlib)."""

from __future__ import annotations

import io
import textwrap
from typing import TYPE_CHECKING, Any

from findings.printable import printable
from pipeline.recommend.showing import MILLION, heading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.recommend.results import Result, Trial

COST, LATENCY = "USD per million inferences", "latency, ms"
WIDTH, HEIGHT = 100, 22  # characters
INCHES = (9.0, 5.0)
LONGEST_LABEL = 40
FRONT_COLOUR, OTHER_COLOUR = "#0a7d4f", "#8a8f98"


def _points(trials: Sequence[Trial]) -> tuple[list[float], list[float]]:
    return (
        [(one.cost_per_inference or 0.0) * MILLION for one in trials],
        [one.latency or 0.0 for one in trials],
    )


def _split(result: Result) -> tuple[list[Trial], list[Trial]]:
    """The front, and those beside it that were measured."""
    front = [*result.front]
    return front, [one for one in result.trials if one.measured and one not in front]


def label(one: Trial) -> str:
    """How a point of the front is called: its number and what it ran on. The others have their numbers alone."""
    text = printable(f"{one.number}  {one.kind}")
    return text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 1]}…"


def in_text(result: Result, width: int = WIDTH) -> str:
    """For a terminal of that width and for Markdown; the numbers are the trials'. Empty when nothing was measured."""
    import plotext

    front, others = _split(result)
    if not front:
        return ""
    plotext.clear_figure()
    plotext.limit_size(False, False)  # where the terminal's size isn't known it would be small
    plotext.theme("clear")
    plotext.plotsize(min(width, WIDTH), HEIGHT)
    x, y = _points([*front, *others])
    for axis, values in (("x", x), ("y", y)):
        low, high = min(values), max(values)
        margin = (high - low or high or 1.0) * 0.06
        (plotext.xlim if axis == "x" else plotext.ylim)(max(0.0, low - margin), high + margin)
    x, y = _points(front)
    plotext.plot(x, y, marker="·")
    for one in (*others, *front):
        (cost,), (latency,) = _points([one])
        plotext.text(f"{'*' if one in front else 'o'}{one.number}", cost, latency, alignment="left")
    drawn = plotext.uncolorize(plotext.build())
    plotext.clear_figure()
    axes = f"across: {heading(result, COST)}; upwards: {heading(result, LATENCY)}"  # plotext drops one that is too long
    below = [line.center(min(width, WIDTH)) for line in textwrap.wrap(axes, width)]
    return "\n".join(line.rstrip() for line in [*drawn.splitlines(), *below])


def as_svg(result: Result) -> str:
    """An `<svg>` element; empty when nothing was measured. Texts stay texts: they can be searched and read out."""
    front, others = _split(result)
    if not front:
        return ""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "holdfast", "font.family": "sans-serif"}):
        figure = Figure(figsize=INCHES, layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        _draw(axes, result, front, others)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    drawn = buffer.getvalue()
    return drawn[drawn.index("<svg") :]


def _draw(axes: Any, result: Result, front: list[Trial], others: list[Trial]) -> None:
    if others:
        axes.scatter(*_points(others), color=OTHER_COLOUR, s=45, label="others", zorder=2)
    x, y = _points(front)
    axes.plot(x, y, color=FRONT_COLOUR, linewidth=1.2, linestyle="--", zorder=1)
    axes.scatter(x, y, color=FRONT_COLOUR, s=70, marker="D", label="Pareto front", zorder=3)
    for one in (*front, *others):
        (cost,), (latency,) = _points([one])
        axes.annotate(
            label(one) if one in front else str(one.number),
            (cost, latency),
            xytext=(9, 0) if one in front else (5, 5),  # what is off the front lies above it: its labels keep out
            verticalalignment="center" if one in front else "baseline",
            textcoords="offset points",
            fontsize=8,
            parse_math=False,
        )
    axes.set_xlabel(heading(result, COST))
    axes.set_ylabel(heading(result, LATENCY))
    every = _points([*front, *others])
    axes.set_xlim(0, max(every[0]) * 1.25 or 1)  # room for the labels
    axes.set_ylim(0, max(every[1]) * 1.15 or 1)
    axes.grid(alpha=0.25)
    axes.legend(frameon=False)
