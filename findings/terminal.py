"""
Findings for a person: colours on a terminal, plain lines everywhere else.

Place: one of the reports. Nothing of a finding is ever read as markup, and control characters are shown, not obeyed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from findings.printable import printable
from findings.summary import Summary, summarise

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from findings.finding import Finding

COLOURS = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan"}
HEADINGS = {
    "refusing": "Refused",
    "undecided": "Undecided until `up`",
    "advisory": "Advice",
    "exempted": "Exempted: somebody answers for these",
}


def render(findings: Iterable[Finding], console: Console) -> None:
    """Print what was found, the most severe first, then one line of counts. Prints nothing when nothing was found."""
    summary = summarise(findings)
    for group, heading in HEADINGS.items():
        found: tuple[Finding, ...] = getattr(summary, group)
        if found:
            _line(console, f"{heading} ({len(found)})", style="bold")
            for finding in found:
                _finding(console, finding)
    if summary != Summary((), (), (), (), ()):
        _line(console, f"Findings: {summary.sentence()}.", style="bold")


def _finding(console: Console, finding: Finding) -> None:
    from rich.padding import Padding
    from rich.text import Text

    head = Text("  ")
    head.append(finding.severity, style=COLOURS[finding.severity])
    outcome = "" if finding.outcome in ("violated", "undecided") else f" {finding.outcome}"
    head.append(f"{outcome} {finding.source} ")
    head.append(printable(finding.name), style="bold")
    console.print(head, highlight=False, soft_wrap=True)
    lines = [printable(finding.message)]
    if finding.path:
        lines.append("Path of use: " + " <- ".join(map(printable, finding.path)))
    if finding.fix:
        lines.append(f"Fix: {printable(finding.fix)}")
    if finding.exempted_by is not None:
        lines.append(f"Exempted: {printable(str(finding.exempted_by))}")
    for line in lines:
        if console.is_terminal:
            console.print(Padding(Text(line), (0, 0, 0, 4)), highlight=False)
        else:
            _line(console, f"    {line}")


def _line(console: Console, line: str, style: str = "") -> None:
    from rich.text import Text

    console.print(Text(line, style=style), highlight=False, soft_wrap=True)
