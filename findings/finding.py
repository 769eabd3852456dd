"""
A finding: what a rule, a guard or a check has to say about one resource.

Place: the one form in which the whole product speaks of faults. Rules, guards and checks make findings, reports and
exit codes are made from findings. No other module defines a second form.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Final, Literal, get_args

Source = Literal["guard", "rule", "check"]
Outcome = Literal["violated", "passed", "not applicable", "undecided", "unknown"]
Severity = Literal["critical", "high", "medium", "low"]

SOURCES: Final[tuple[str, ...]] = get_args(Source)
OUTCOMES: Final[tuple[str, ...]] = get_args(Outcome)
SEVERITIES: Final[tuple[str, ...]] = get_args(Severity)
"""From the most severe to the least."""


class FindingFormatError(ValueError):
    """A text was read as a finding and isn't one; the message names the field."""


@dataclass(frozen=True, slots=True)
class ExemptedBy:
    """Who answers for letting a finding pass, why, and until when."""

    reason: str
    owner: str
    expires: str
    """The last day on which the exemption holds, YYYY-MM-DD."""

    def __str__(self) -> str:
        """One line for reports."""
        return f"{self.reason} (owner: {self.owner}, until {self.expires})"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule, guard or check found out about one resource."""

    source: Source
    name: str
    """The rule's, guard's or check's own name in kebab-case: `model-images-are-pinned-by-digest`."""

    outcome: Outcome
    """`undecided`: a value isn't known before `up`. `unknown`: the account could not be asked; guards refuse then."""

    severity: Severity
    message: str
    """One or two sentences: which resource, which property is how, what follows, what to set."""

    urn: str | None = None
    resource_type: str = ""
    """Pulumi's type token: `aws:kms/key:Key`."""

    resource_name: str = ""
    """The logical name."""

    path: tuple[str, ...] = ()
    """The path of use, from what is touched to who needs it: key, endpoint configuration, endpoint."""

    fix: str = ""
    exempted_by: ExemptedBy | None = None
    arn: str = ""
    """The ARN of what is touched, where it is known; exemptions may name it."""

    advisory: bool = False
    """Said without refusing: an advisory rule's violation, an exemption that nothing needs any more."""

    def __post_init__(self) -> None:
        """Refuse values outside the closed sets: a misspelt outcome must not count as passed."""
        for field, value, allowed in (
            ("source", self.source, SOURCES),
            ("outcome", self.outcome, OUTCOMES),
            ("severity", self.severity, SEVERITIES),
        ):
            if value not in allowed:
                raise FindingFormatError(f"a finding's {field} is one of {', '.join(allowed)}, not {value!r}")

    @property
    def refuses(self) -> bool:
        """Whether this finding, as it stands, stops a deployment: violated or unknown, and nobody answers for it."""
        return self.outcome in ("violated", "unknown") and self.exempted_by is None and not self.advisory

    def exempted(self, exempted_by: ExemptedBy) -> Finding:
        """The same finding with somebody answering for it. It stays in every report."""
        return replace(self, exempted_by=exempted_by)

    def text(self) -> str:
        """The plain form, also that of a guard's exception: `<name>: <message> Path of use: a <- b <- c. Fix: ...`."""
        parts = [f"{self.name}: {self.message}"]
        if self.path:
            parts.append(f"Path of use: {' <- '.join(self.path)}.")
        if self.fix:
            parts.append(f"Fix: {self.fix}")
        if self.exempted_by is not None:
            parts.append(f"Exempted: {self.exempted_by}.")
        return " ".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; `from_dict` reads them back."""
        return {**asdict(self), "path": list(self.path)}

    def to_json(self) -> str:
        """One line of JSON, as in the file that HOLDFAST_FINDINGS names."""
        return json.dumps(self.to_dict(), ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Finding:
        """
        Read a finding back.

        Raises FindingFormatError when a field is missing, unknown or of the wrong kind.
        """
        known = {field.name for field in fields(cls)}
        if unknown := sorted(set(values) - known):
            raise FindingFormatError(f"a finding has no field {', '.join(unknown)}; it has {', '.join(sorted(known))}")
        if missing := sorted({"source", "name", "outcome", "severity", "message"} - set(values)):
            raise FindingFormatError(f"a finding needs {', '.join(missing)}")
        if not isinstance(values.get("advisory", False), bool):
            raise FindingFormatError(f"a finding's advisory is true or false, not {values['advisory']!r}")
        for name in sorted(known - {"path", "exempted_by", "urn", "advisory"}):
            if not isinstance(values.get(name, ""), str):
                raise FindingFormatError(f"a finding's {name} is text, not {values[name]!r}")
        if not isinstance(values.get("urn"), str | None):
            raise FindingFormatError(f"a finding's urn is text or null, not {values['urn']!r}")
        path = values.get("path", [])
        if not isinstance(path, list | tuple) or not all(isinstance(step, str) for step in path):
            raise FindingFormatError(f"a finding's path is a list of texts, not {path!r}")
        return cls(**{**values, "path": tuple(path), "exempted_by": _exempted_by(values.get("exempted_by"))})

    @classmethod
    def from_json(cls, text: str) -> Finding:
        """
        Read one line of JSON.

        Raises FindingFormatError when the line isn't JSON or isn't a finding.
        """
        try:
            values = json.loads(text)
        except json.JSONDecodeError as error:
            raise FindingFormatError(f"a finding is one line of JSON; this is none ({error}): {text[:80]!r}") from error
        if not isinstance(values, dict):
            raise FindingFormatError(f"a finding is a JSON object, not {text[:80]!r}")
        return cls.from_dict(values)


def _exempted_by(value: Any) -> ExemptedBy | None:
    if value is None:
        return None
    wanted = {field.name for field in fields(ExemptedBy)}
    if not isinstance(value, dict) or set(value) != wanted or not all(isinstance(part, str) for part in value.values()):
        raise FindingFormatError(f"a finding's exempted_by is null or has the texts {', '.join(sorted(wanted))}")
    return ExemptedBy(**value)
