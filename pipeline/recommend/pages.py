"""A result as files: Markdown, HTML that needs nothing else, the picture, JSON. What others wrote is text in all."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING, Final

from findings.markdown import escaped
from findings.printable import printable
from pipeline.errors import PipelineError
from pipeline.recommend import picture
from pipeline.recommend.showing import FRONT, SIMULATED, failures, headings, rows, summary

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.recommend.results import Result

NAMES: Final = ("recommendation.md", "recommendation.html", "recommendation.svg", "recommendation.json")
STYLE: Final = """
:root { color-scheme: light dark; --front: #0a7d4f; --failed: #b3261e; --line: #8886; }
@media (prefers-color-scheme: dark) { :root { --front: #5fd3a2; --failed: #ff8f85; } }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 80rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; }
.banner { background: #ffe9b3; color: #442c00; padding: .6rem .8rem; border-radius: .3rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .35rem .45rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; } td.figure, th.figure { text-align: right; } tr.front { color: var(--front); font-weight: 600; }
tr.failed { color: var(--failed); } td { white-space: nowrap; }
td:nth-child(4) { white-space: normal; overflow-wrap: anywhere; min-width: 8rem; }
figure { margin: 1.5rem 0; background: #fff; border-radius: .3rem; overflow-x: auto; }
figure svg { width: 100%; min-width: 36rem; height: auto; }
figcaption { color: #555; padding: 0 .8rem .6rem; }
"""


def write(result: Result, folder: Path) -> list[Path]:
    """
    All forms into a folder, which is made; the files.

    Raises:
        PipelineError: it can't be written.

    """
    svg = picture.as_svg(result)
    texts = (
        markdown(result, picture_beside=bool(svg)),
        html(result, svg),
        f'<?xml version="1.0" encoding="utf-8"?>\n{svg}\n' if svg else "",
        json.dumps(result.to_dict(), indent=2, ensure_ascii=False) + "\n",
    )
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in zip(NAMES, texts, strict=True):
            if text:
                (folder / name).write_text(text, encoding="utf-8")
                written.append(folder / name)
    except OSError as error:
        raise PipelineError(f"the report was to be written to {folder} and can't be: {error}.") from error
    return written


def markdown(result: Result, *, picture_beside: bool) -> str:
    """For a pull request or a wiki; the picture is the file beside it, and drawn in characters for where it isn't."""
    lines = ["## Instance types for the model", ""]
    if result.simulated:
        lines += [f"> **{escaped(SIMULATED)}**", ""]
    lines += [f"{escaped(line)}  " for line in summary(result)]
    names = headings(result)
    lines += ["", f"| {' | '.join(names)} |", "|" + "---|" * len(names)]
    lines += [f"| {' | '.join(escaped(cell) for cell in cells)} |" for _, cells in rows(result)]
    lines += ["", *(f"- {escaped(line)}" for line in failures(result))] if result.failed else []
    if result.front:
        lines += ["", f"\\* {FRONT}", ""]
        if picture_beside:
            lines += [f"![Cost per inference against latency]({NAMES[2]})", ""]
        lines += ["```text", picture.in_text(result), "```"]
    return "\n".join(lines) + "\n"


def html(result: Result, svg: str) -> str:
    """One page without scripts, fonts or anything else from elsewhere."""
    banner = f'<p class="banner"><strong>{escape(SIMULATED)}</strong></p>' if result.simulated else ""
    lines = "<br>\n".join(escape(printable(line)) for line in summary(result))
    names = headings(result)
    figures = range(4, len(names) - 1)
    head = "".join(
        f'<th scope="col"{_class(number in figures)}>{escape(name)}</th>' for number, name in enumerate(names)
    )
    body = []
    for one, cells in rows(result):
        kind = "front" if cells[0] else "failed" if one.status == "FAILED" else ""
        made = "".join(
            f"<td{_class(number in figures)}>{escape(printable(cell))}</td>" for number, cell in enumerate(cells)
        )
        body.append(f'<tr class="{kind}">{made}</tr>')
    drawn = f"<figure>{svg}<figcaption>{escape(_caption(result))}</figcaption></figure>" if svg else ""
    failed = "".join(f"<li>{escape(printable(line))}</li>" for line in failures(result))
    title = escape(printable(f"Instance types: {result.job}"))
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<style>{STYLE}</style></head>\n<body><h1>{title}</h1>{banner}<p>{lines}</p>{drawn}"
        f'<div class="wide">{table}</div><p>* {escape(FRONT)}</p><ul>{failed}</ul></body></html>\n'
    )


def _caption(result: Result) -> str:
    words = "Cost per inference against latency; both are better when smaller. Diamonds are on the Pareto front."
    return f"{words} Simulated figures." if result.simulated else words


def _class(figure: bool) -> str:
    return ' class="figure"' if figure else ""
