"""
Findings as JUnit XML, which every CI system shows.

Place: one of the reports. What refuses is a failure, what could not be known an error; what is undecided or exempted is
skipped with the reason, so that it is seen and counted; advice passes and says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from findings.printable import printable
from findings.summary import summarise

if TYPE_CHECKING:
    from collections.abc import Iterable

    from findings.finding import Finding


def document(findings: Iterable[Finding]) -> JUnitXml:
    """A suite with a case for each finding."""
    summary = summarise(findings)
    suite = TestSuite("holdfast")
    for group in (summary.refusing, summary.undecided, summary.advisory, summary.exempted, summary.quiet):
        for finding in group:
            suite.add_testcase(_case(finding))
    xml = JUnitXml("holdfast")
    xml.add_testsuite(suite)
    xml.update_statistics()  # type: ignore[no-untyped-call]
    return xml


def render(findings: Iterable[Finding]) -> str:
    """The document as text."""
    text: bytes = document(findings).tostring()  # type: ignore[no-untyped-call]
    return text.decode("utf-8") + "\n"


def _case(finding: Finding) -> TestCase:
    resource = f" ({printable(finding.resource_name)})" if finding.resource_name else ""
    case = TestCase(f"{printable(finding.name)}{resource}", f"holdfast.{finding.source}")
    message = printable(finding.message)
    text = printable(finding.text())
    if finding.refuses:
        result = (Error if finding.outcome == "unknown" else Failure)(message, finding.severity)
        result.text = text
        case.result = [result]
    elif finding.exempted_by is not None:
        case.result = [Skipped(f"exempted: {printable(str(finding.exempted_by))}: {message}")]
    elif finding.outcome in ("undecided", "not applicable"):
        case.result = [Skipped(f"{finding.outcome}: {message}")]
    elif finding.advisory:
        case.system_out = text
    return case
