"""
How a pack words what it says, so that people and `findings/policy_messages.py` can both read it.

Place: pulumi-policy passes one text from a rule to the engine, which puts the rule's title in front. The lines below it
are the same for every rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from findings import policy_messages as marks

if TYPE_CHECKING:
    from findings.finding import Finding, Severity


def violation(finding: Finding, rule_severity: Severity, lapsed: str = "") -> str:
    """The message, then a line each: path of use, fix, severity where it isn't the rule's, a lapsed exemption."""
    lines = [finding.message]
    if finding.path:
        lines.append(marks.PATH + marks.ARROW.join(finding.path))
    if finding.fix:
        lines.append(marks.FIX + finding.fix)
    if finding.severity != rule_severity:
        lines.append(marks.SEVERITY + finding.severity)
    if lapsed:
        lines.append(lapsed)
    return "\n".join(lines)


def exempted(finding: Finding) -> str:
    """What is exempted, by its rule's name, and who answers for it."""
    return f"{finding.name}: {finding.message}\n{marks.EXEMPTED}{finding.exempted_by}"


def undecided(messages: list[str], shown: int = 10) -> str:
    """All that couldn't be judged, in one line; beyond `shown` only the number."""
    more = f" And {len(messages) - shown} more." if len(messages) > shown else ""
    return f"{marks.UNDECIDED}{' '.join(messages[:shown])}{more}"
