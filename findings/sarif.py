"""
Findings as SARIF 2.1.0, for code scanning.

Place: one of the reports. Source: "Static Analysis Results Interchange Format (SARIF) Version 2.1.0", OASIS Standard.
Written by hand because no library for writing SARIF is kept up (sarif-om: last release 2019); a test checks it.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from findings.finding import SEVERITIES
from findings.printable import printable
from findings.summary import summarise

if TYPE_CHECKING:
    from collections.abc import Iterable

    from findings.finding import Finding

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS: Final = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}
KINDS: Final = {
    "violated": "fail",
    "unknown": "fail",
    "undecided": "open",
    "passed": "pass",
    "not applicable": "notApplicable",
}
SCORES: Final = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0"}
"""`security-severity`, by which code scanning sorts: the middle of each of its ranges."""


def log(findings: Iterable[Finding], project_file: str = "Pulumi.yaml", version: str = "0.1.0") -> dict[str, Any]:
    """
    A SARIF log with one run.

    A finding has no line in a source file: its logical location is the URN, its physical one the project's file
    (`project_file`, relative to the repository's root), because code scanning shows nothing without one.
    """
    summary = summarise(findings)
    groups = (summary.refusing, summary.undecided, summary.advisory, summary.exempted, summary.quiet)
    told = [finding for group in groups for finding in group]
    names = sorted({finding.name for finding in told})
    worst = {name: min((f.severity for f in told if f.name == name), key=SEVERITIES.index) for name in names}
    rules = [
        {
            "id": printable(name),
            "defaultConfiguration": {"level": LEVELS[worst[name]]},
            "properties": {"security-severity": SCORES[worst[name]], "tags": ["security", "sagemaker"]},
        }
        for name in names
    ]
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "Holdfast", "version": version, "rules": rules}},
                "columnKind": "unicodeCodePoints",
                "results": [_result(finding, names.index(finding.name), project_file) for finding in told],
            }
        ],
    }


def render(findings: Iterable[Finding], project_file: str = "Pulumi.yaml") -> str:
    """The log as text."""
    return json.dumps(log(findings, project_file), indent=2) + "\n"


def fingerprint(finding: Finding) -> str:
    """
    What makes a finding the same one in the next run.

    Severity and message are part of it: of two faults of one resource, accepting the mild one must not hide the other.
    """
    parts = (finding.source, finding.name, finding.urn or finding.resource_name, finding.severity, finding.message)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _result(finding: Finding, index: int, project_file: str) -> dict[str, Any]:
    kind = KINDS[finding.outcome]
    level = "none" if kind != "fail" else "note" if finding.advisory else LEVELS[finding.severity]
    lines = [printable(finding.message)]
    if finding.path:
        lines.append(f"Path of use: {' <- '.join(map(printable, finding.path))}")
    if finding.fix:
        lines.append(f"Fix: {printable(finding.fix)}")
    location: dict[str, Any] = {
        "physicalLocation": {"artifactLocation": {"uri": project_file}, "region": {"startLine": 1}}
    }
    if finding.urn:
        location["logicalLocations"] = [
            {"name": printable(finding.resource_name), "fullyQualifiedName": printable(finding.urn), "kind": "resource"}
        ]
    result: dict[str, Any] = {
        "ruleId": printable(finding.name),
        "ruleIndex": index,
        "kind": kind,
        "level": level,
        "message": {"text": "\n".join(lines)},
        "locations": [location],
        "partialFingerprints": {"holdfast/v1": fingerprint(finding)},
        "properties": {"source": finding.source, "severity": finding.severity, "outcome": finding.outcome},
    }
    if finding.exempted_by is not None:
        result["suppressions"] = [{"kind": "external", "justification": printable(str(finding.exempted_by))}]
    return result
