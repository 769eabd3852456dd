"""
What findings come to: sorted, and told apart by what they mean for the deployment.

Place: between findings and every report, so that all reports count and order alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from findings import exit_codes
from findings.finding import SEVERITIES, Finding

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Summary:
    """Findings by what they mean, each group from the most severe to the least."""

    refusing: tuple[Finding, ...]
    """Violated or unknown, and nobody answers for it: these stop the deployment."""

    undecided: tuple[Finding, ...]
    """Can't be judged before `up`."""

    advisory: tuple[Finding, ...]
    """Violated, and the pack only advises."""

    exempted: tuple[Finding, ...]
    """Would refuse; somebody answers for them until a day."""

    quiet: tuple[Finding, ...]
    """Passed or not applicable."""

    @property
    def exit_code(self) -> int:
        """`findings.exit_codes`: refused when anything refuses, unknown when only unknowns do."""
        if not self.refusing:
            return exit_codes.OK
        only_unknown = all(finding.outcome == "unknown" for finding in self.refusing)
        return exit_codes.UNKNOWN if only_unknown else exit_codes.REFUSED

    def counts(self) -> dict[str, int]:
        """How many there are of each kind, for reports."""
        return {
            "refusing": len(self.refusing),
            "undecided": len(self.undecided),
            "advisory": len(self.advisory),
            "exempted": len(self.exempted),
            "passed": sum(finding.outcome == "passed" for finding in self.quiet),
            "notApplicable": sum(finding.outcome == "not applicable" for finding in self.quiet),
        }

    def sentence(self) -> str:
        """`2 refuse, 1 undecided, 1 exempted`; `nothing found` when there is nothing to say."""
        words = {
            "refusing": "refuse" if len(self.refusing) != 1 else "refuses",
            "undecided": "undecided",
            "advisory": "advisory",
            "exempted": "exempted",
            "passed": "passed",
            "notApplicable": "not applicable",
        }
        return ", ".join(f"{count} {words[kind]}" for kind, count in self.counts().items() if count) or "nothing found"


def summarise(findings: Iterable[Finding]) -> Summary:
    """Sort findings into their groups. Equal findings count once: a preview and an `up` tell the same twice."""
    groups: dict[str, list[Finding]] = {"refusing": [], "undecided": [], "advisory": [], "exempted": [], "quiet": []}
    for finding in sorted(dict.fromkeys(findings), key=_rank):
        groups[_group(finding)].append(finding)
    return Summary(**{name: tuple(group) for name, group in groups.items()})


def _group(finding: Finding) -> str:
    if finding.refuses:
        return "refusing"
    if finding.outcome in ("passed", "not applicable"):
        return "quiet"
    if finding.exempted_by is not None:
        return "exempted"
    return "undecided" if finding.outcome == "undecided" else "advisory"


def _rank(finding: Finding) -> tuple[Any, ...]:
    return SEVERITIES.index(finding.severity), finding.name, finding.urn or "", finding.message
