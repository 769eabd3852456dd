"""
Findings for programs: one JSON value, schema version 1.

Place: one of the reports. Fields are added to it, never renamed or dropped, while the version stays.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from findings.summary import summarise

if TYPE_CHECKING:
    from collections.abc import Iterable

    from findings.finding import Finding

SCHEMA_VERSION: Final = 1


def report(findings: Iterable[Finding]) -> dict[str, Any]:
    """Version, exit code (`findings.exit_codes`), how many of each kind, and all findings, the most severe first."""
    summary = summarise(findings)
    groups = (summary.refusing, summary.undecided, summary.advisory, summary.exempted, summary.quiet)
    return {
        "schemaVersion": SCHEMA_VERSION,
        "exitCode": summary.exit_code,
        "summary": summary.counts(),
        "findings": [finding.to_dict() for group in groups for finding in group],
    }


def render(findings: Iterable[Finding]) -> str:
    """The report as text, ASCII only, so that no terminal obeys what a resource is called."""
    return json.dumps(report(findings), indent=2) + "\n"
