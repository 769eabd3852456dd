"""
Findings as Markdown, for comments on pull requests.

Place: one of the reports. What users wrote is shown as text: it makes no links, tables, code or mentions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from findings.printable import printable
from findings.summary import summarise

if TYPE_CHECKING:
    from collections.abc import Iterable

    from findings.finding import Finding

HEADINGS: Final = {
    "refusing": "Refused",
    "undecided": "Undecided until `up`",
    "advisory": "Advice",
    "exempted": "Exempted: somebody answers for these",
}
SPECIAL: Final = frozenset("\\`*_[]<>|@~&#!$")


def escaped(text: str) -> str:
    """The text such that Markdown reads nothing into it: special characters as entities, no address becomes a link."""
    shown = "".join(f"&#{ord(character)};" if character in SPECIAL else character for character in printable(text))
    return shown.replace("://", "&#58;//").replace("www.", "www&#46;")


def render(findings: Iterable[Finding], title: str = "Holdfast") -> str:
    """A heading with the counts, then a list for each group, the most severe first."""
    summary = summarise(findings)
    lines = [f"## {escaped(title)}: {summary.sentence()}"]
    for group, heading in HEADINGS.items():
        found: tuple[Finding, ...] = getattr(summary, group)
        if found:
            lines += ["", f"### {heading} ({len(found)})", "", *(line for each in found for line in _item(each))]
    return "\n".join(lines) + "\n"


def _item(finding: Finding) -> list[str]:
    lines = [f"- **{finding.severity}** {finding.source} **{escaped(finding.name)}**: {escaped(finding.message)}"]
    if finding.path:
        lines.append(f"  - Path of use: {' ← '.join(map(escaped, finding.path))}")
    if finding.fix:
        lines.append(f"  - Fix: {escaped(finding.fix)}")
    if finding.exempted_by is not None:
        lines.append(f"  - Exempted: {escaped(str(finding.exempted_by))}")
    return lines
