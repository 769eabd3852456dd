"""
Exemptions: the only way past a rule or a guard, each with a reason, an owner and a last day.

Place: rules and guards read the same `exemptions.yaml`. An exemption never hides a finding: it says who answers for it.
Reading is strict, because a misread exemption either lets through what nobody allowed or refuses what somebody did.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from findings.finding import ExemptedBy, Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SCHEMA_VERSION: Final = "1"
FILE_NAME: Final = "exemptions.yaml"
VARIABLE: Final = "HOLDFAST_EXEMPTIONS"
CHECK: Final = "exemptions-are-in-force"
"""Under this name what is wrong with exemptions is reported."""


class ExemptionsError(ValueError):
    """The file can't be used; the message names file, line, key and what belongs there. Nothing is exempted by it."""


@dataclass(frozen=True, slots=True)
class Exemption:
    """One entry of the file."""

    source: str
    """`rule` or `guard`."""

    name: str
    resource: str
    reason: str
    owner: str
    expires: date | None
    """The last day on which it holds; None when the file says something that is no date, and then it holds never."""

    expires_text: str
    where: str
    """`exemptions.yaml, line 7`."""

    def expired(self, today: date) -> bool:
        """Whether its last day is over. A malformed date counts as over."""
        return self.expires is None or today > self.expires

    def concerns(self, finding: Finding) -> bool:
        """Whether it is about this finding, expired or not: same rule or guard, and the resource it names."""
        if (self.source, self.name) != (finding.source, finding.name):
            return False
        if self.resource.startswith("urn:"):
            return finding.urn is not None and fnmatchcase(finding.urn, self.resource.replace("[", "[[]"))
        return self.resource in (finding.arn, finding.resource_name)

    def lapse(self) -> str:
        """A sentence for a finding that it exempted once, and no longer does."""
        how = f"ended on {self.expires_text}" if self.expires else "has a last day that is no date"
        return f"An exemption for this {how} ({self.where}, owner: {self.owner})."

    def answers(self) -> ExemptedBy:
        """Who answers, in the form that findings carry."""
        return ExemptedBy(self.reason, self.owner, self.expires_text)


@dataclass(frozen=True, slots=True)
class Exemptions:
    """All entries of one file."""

    entries: tuple[Exemption, ...] = ()

    def exempting(self, finding: Finding, today: date) -> Exemption | None:
        """The exemption in force for this finding on this day."""
        return next((entry for entry in self.entries if entry.concerns(finding) and not entry.expired(today)), None)

    def lapsed(self, finding: Finding, today: date) -> Exemption | None:
        """The exemption that was in force for this finding and is over: why the finding came back."""
        return next((entry for entry in self.entries if entry.concerns(finding) and entry.expired(today)), None)

    def apply(self, finding: Finding, today: date) -> Finding:
        """The finding, exempted when an exemption in force is about it."""
        if not finding.refuses:
            return finding
        exemption = self.exempting(finding, today)
        return finding if exemption is None else finding.exempted(exemption.answers())

    def problems(self, findings: Iterable[Finding], today: date) -> list[Finding]:
        """
        What is wrong with the exemptions themselves, given all findings of a run (exempted ones among them).

        A malformed date refuses; an entry that is over, or that is about nothing that was found, is advice.
        """
        found = tuple(findings)
        told: list[Finding] = []
        for entry in self.entries:
            if entry.expires is None:
                told.append(_malformed(entry))
            elif entry.expired(today):
                told.append(_problem(entry, f"ended on {entry.expires_text}", "Remove it, or renew it with its owner."))
            elif not any(entry.concerns(finding) for finding in found if finding.outcome != "passed"):
                told.append(_problem(entry, "matches nothing that was found", "Remove it."))
        return told

    def malformed(self) -> list[Finding]:
        """The entries whose date can't be read, as findings that refuse."""
        return [_malformed(entry) for entry in self.entries if entry.expires is None]


def today() -> date:
    """The current day in UTC: the same for everybody who deploys."""
    return datetime.now(tz=UTC).date()


def locate(directory: Path, environment: Mapping[str, str] = os.environ) -> Path:
    """The file that HOLDFAST_EXEMPTIONS names, else `exemptions.yaml` in `directory` (where Pulumi.yaml lies)."""
    named = environment.get(VARIABLE, "")
    return Path(named) if named else directory / FILE_NAME


def load_for(directory: Path, environment: Mapping[str, str] = os.environ) -> Exemptions:
    """
    Read the file of a project, found as `locate` does.

    Raises ExemptionsError as `load` does, and when HOLDFAST_EXEMPTIONS names a file that isn't there.
    """
    path = locate(directory, environment)
    if environment.get(VARIABLE) and not path.exists():
        raise ExemptionsError(f"{path}, which {VARIABLE} names, isn't there. Nothing is exempted.")
    return load(path)


def load(path: Path) -> Exemptions:
    """
    Read the file. One that isn't there means no exemptions.

    Raises ExemptionsError when it can't be used. A malformed date is no reason to raise: that entry counts as expired
    and `problems` reports it.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Exemptions()
    except (OSError, UnicodeDecodeError) as error:
        raise ExemptionsError(f"{path} can't be read: {error}. Nothing is exempted.") from error
    return Exemptions(_entries(path, text))


def _entries(path: Path, text: str) -> tuple[Exemption, ...]:
    from findings import yaml_lines

    try:
        top = yaml_lines.read(text)
    except yaml_lines.UnreadableError as error:
        raise ExemptionsError(f"{path}: {error}. Nothing is exempted.") from error
    if top is None:
        return ()
    keys = {"schema_version", "exemptions"}
    if not isinstance(top.value, dict) or set(top.value) - keys:
        wrong = ", ".join(sorted(set(top.value) - keys)) if isinstance(top.value, dict) else "something else"
        raise _error(path, top.line, f"the file has the keys schema_version and exemptions, not {wrong}")
    version = top.value.get("schema_version")
    if version is None or version.value != SCHEMA_VERSION:
        line = top.line if version is None else version.line
        raise _error(path, line, f"schema_version is {SCHEMA_VERSION}, the only one there is")
    listed = top.value.get("exemptions")
    if listed is None or listed.value in ("", "null", []):
        return ()
    if not isinstance(listed.value, list):
        raise _error(path, listed.line, "exemptions is a list of entries, each beginning with `- rule:` or `- guard:`")
    return tuple(_entry(path, item) for item in listed.value)


def _entry(path: Path, item: Any) -> Exemption:
    from findings.exemption_entry import Entry, wrong_in

    if not isinstance(item.value, dict):
        raise _error(path, item.line, "an entry has the keys rule (or guard), resource, reason, owner, expires")
    values = {key: lined.value for key, lined in item.value.items()}
    if wrong := wrong_in(values):
        key, message = wrong
        raise _error(path, item.value[key].line if key in item.value else item.line, message)
    entry = Entry.model_validate(values)
    return Exemption(
        source="rule" if entry.rule else "guard",
        name=entry.rule or entry.guard,
        resource=entry.resource,
        reason=entry.reason,
        owner=entry.owner,
        expires=_date(entry.expires),
        expires_text=entry.expires,
        where=f"{path.name}, line {item.line}",
    )


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII) else None
    except ValueError:
        return None


def _error(path: Path, line: int, message: str) -> ExemptionsError:
    return ExemptionsError(f"{path}, line {line}: {message}. Nothing is exempted.")


def _malformed(entry: Exemption) -> Finding:
    return Finding(
        source="check",
        name=CHECK,
        outcome="violated",
        severity="high",
        message=(
            f"{entry.where}: the exemption of {entry.source} {entry.name} for {entry.resource} expires on "
            f"{entry.expires_text!r}, which is no date, so it counts as expired and exempts nothing."
        ),
        resource_name=entry.resource,
        fix="Write its last day as YYYY-MM-DD.",
    )


def _problem(entry: Exemption, what: str, fix: str) -> Finding:
    return Finding(
        source="check",
        name=CHECK,
        outcome="violated",
        severity="low",
        message=(
            f"{entry.where}: the exemption of {entry.source} {entry.name} for {entry.resource} "
            f"(owner: {entry.owner}) {what}."
        ),
        resource_name=entry.resource,
        fix=fix,
        advisory=True,
    )
