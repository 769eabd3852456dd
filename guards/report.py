"""How a guard speaks: a finding is refused by an exception, or, in a preview that collects, written down.

With HOLDFAST_FINDINGS set, a dry run appends every finding to that file (one line of JSON each) and goes on, so that
the command which set it shows all of them at once. Without it, and always in `up`, a finding that refuses is raised.
"""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from findings.exemptions import Exemptions, load, load_for, today

if TYPE_CHECKING:
    from collections.abc import Callable

    from findings.finding import Finding

FINDINGS_VARIABLE = "HOLDFAST_FINDINGS"


class Refused(Exception):  # noqa: N818 - it is an answer
    """A guard refuses a step; the text is the finding's."""


class Report:
    """Takes the findings of one run.

    Arguments:
        dry_run: whether this is a preview.
        exemptions: path of the exemptions file; None looks for it (HOLDFAST_EXEMPTIONS, else beside Pulumi.yaml).
        directory: where Pulumi.yaml lies.
        say: shows a text in the run's diagnostics: severity (`info`, `warning` or `error`), text, URN.
        unknown_warns: in a preview, what could not be known is a warning; in `up` it always refuses.

    """

    def __init__(
        self,
        *,
        dry_run: bool,
        exemptions: Path | None = None,
        directory: Path | None = None,
        say: Callable[[str, str, str], None] = lambda *_: None,
        unknown_warns: bool = False,
    ) -> None:
        self.dry_run = dry_run
        self._unknown_warns = unknown_warns and dry_run
        self._load = partial(load, exemptions) if exemptions else partial(load_for, directory or Path.cwd())
        self.say = say
        self._lock = threading.Lock()
        self._exemptions: Exemptions | None = None
        self.found: list[Finding] = []
        self.collects = dry_run and bool(os.environ.get(FINDINGS_VARIABLE))

    @property
    def exemptions(self) -> Exemptions:
        """The exemptions, read when first needed; raises ExemptionsError when the file can't be used."""
        with self._lock:
            if self._exemptions is None:
                self._exemptions = self._load()
            return self._exemptions

    def give(self, finding: Finding) -> None:
        """Report a finding; raises Refused when it stops the step."""
        finding = self.exemptions.apply(finding, today())
        if finding.refuses and (lapsed := self.exemptions.lapsed(finding, today())):
            finding = replace(finding, message=f"{finding.message} {lapsed.lapse()}")
        if self._unknown_warns and finding.outcome == "unknown" and finding.name != "guards-work":
            finding = replace(finding, advisory=True)
        with self._lock:
            if finding in self.found and not finding.refuses:
                return
            self.found.append(finding)
        self._write(finding)
        if finding.refuses:
            if not self.collects:
                raise Refused(finding.text())
        elif (finding.exempted_by is not None or finding.advisory) and not self.collects:
            self.say("warning", finding.text(), finding.urn or "")

    def tell(self, finding: Finding) -> None:
        """Report a finding about a step that has failed already: there is nothing left to refuse."""
        with self._lock:
            self.found.append(finding)
        self._write(finding)
        self.say("error", finding.text(), finding.urn or "")

    def _write(self, finding: Finding) -> None:
        path = os.environ.get(FINDINGS_VARIABLE)
        if path:
            with self._lock, Path(path).open("a", encoding="utf-8") as file:
                file.write(finding.to_json() + "\n")
