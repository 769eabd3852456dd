"""
What policy packs say, read back as findings.

Place: the engine passes a pack's words on as text (an event has policy, level, message, URN). Our packs word them
by these marks, and this module takes them apart again; what other packs say comes through as it is.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final, cast

from findings.finding import SEVERITIES, ExemptedBy, Finding, Severity

PATH: Final = "Path of use: "
ARROW: Final = " <- "
FIX: Final = "Fix: "
SEVERITY: Final = "Severity: "
EXEMPTED: Final = "Exempted: "
UNDECIDED: Final = "undecided: "
IN_FORCE: Final = ("resource-exemptions-in-force", "stack-exemptions-in-force")
"""The policies of a pack that show what is exempted."""

_CANNOT_RUN = re.compile(r"can't run policy '[^']*' from policy pack '[^']*' during preview: ", re.DOTALL)
_EXEMPTED_BY = re.compile(r"(?P<reason>.*) \(owner: (?P<owner>.*), until (?P<expires>\S*)\)", re.DOTALL)


def finding_of(policy: str, level: str, message: str, urn: str = "", severity: str = "") -> Finding:
    """
    What a pack said, as a finding.

    `policy`, `level` (mandatory, advisory, remediate), `message` and `urn` as in the engine's policy event; `severity`
    of the policy, where known: else medium for what refuses and low for what doesn't.
    """
    chosen = severity if severity in SEVERITIES else ("low" if level == "advisory" else "medium")
    resource_type = urn.split("::")[2].rsplit("$", 1)[-1] if urn.count("::") >= 3 else ""  # noqa: PLR2004
    base = Finding(
        source="rule",
        name=policy,
        outcome="violated",
        severity=cast("Severity", chosen),
        message="",
        urn=urn or None,
        resource_type=resource_type,
        resource_name=urn.split("::", 3)[3] if resource_type else "",
        advisory=level == "advisory",
    )
    if cannot := _CANNOT_RUN.search(message):
        return replace(
            base, outcome="undecided", advisory=False, message=message[cannot.end() :].removeprefix(UNDECIDED)
        )
    parts = _parts(message)
    if policy in IN_FORCE and EXEMPTED in parts:
        name, _, rest = parts[""].partition("\n")[2].partition(": ")
        if by := _EXEMPTED_BY.fullmatch(parts[EXEMPTED]):
            return replace(base, name=name, message=rest, exempted_by=ExemptedBy(**by.groupdict()), advisory=False)
    if FIX in parts:  # one of ours: the first line is the rule's title, which its name says already
        parts[""] = parts[""].partition("\n")[2]
    told = parts.get(SEVERITY, chosen)
    return replace(
        base,
        message=parts[""],
        path=tuple(parts[PATH].split(ARROW)) if PATH in parts else (),
        fix=parts.get(FIX, ""),
        severity=cast("Severity", told if told in SEVERITIES else chosen),
    )


def _parts(message: str) -> dict[str, str]:
    """The text by its marks; under the empty mark everything that follows none."""
    parts: dict[str, str] = {"": ""}
    plain: list[str] = []
    for line in message.strip().split("\n"):
        mark = next((mark for mark in (PATH, FIX, SEVERITY, EXEMPTED) if line.startswith(mark)), "")
        if mark:
            parts[mark] = line.removeprefix(mark)
        else:
            plain.append(line)
    parts[""] = "\n".join(plain)
    return parts
