"""
How a pack heeds exemptions.

Place: between the rules' violations and pulumi-policy, in the pack's process. pulumi-policy gives a rule one level
for all it reports, so an exempted violation of a mandatory rule can't be reported by that rule: it is handed to
an advisory policy of the same pack, which says who answers for it, why and until when.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from findings.exemptions import Exemptions, ExemptionsError, load, load_for, today

if TYPE_CHECKING:
    from pathlib import Path

    from findings.finding import Finding


class Exempting:
    """The exemptions of one pack's process, and what they were needed for."""

    def __init__(self, directory: Path) -> None:
        """`directory`: where `exemptions.yaml` is looked for, unless HOLDFAST_EXEMPTIONS or configuration name one."""
        self._directory = directory
        self._lock = threading.Lock()
        self._loaded: Exemptions | None = None
        self._handed = threading.local()  # a call of the engine stays on one thread, and calls run side by side
        self._found: dict[Finding, None] = {}
        self._configured = ""
        self.error = ""
        """Why the file can't be used; empty when it can. Nothing is exempted then."""

    def configure(self, path: str) -> None:
        """Take the path that the pack's configuration names, relative to `directory`; empty for none."""
        with self._lock:
            if path != self._configured:
                self._configured, self._loaded, self.error = path, None, ""

    @property
    def exemptions(self) -> Exemptions:
        """The file, read once."""
        with self._lock:
            if self._loaded is None:
                self._loaded = self._load()
            return self._loaded

    def _load(self) -> Exemptions:
        path = self._directory / self._configured
        if self._configured and not path.is_file():
            self.error = f"{path}, which the pack's configuration names, is no file. Nothing is exempted."
            return Exemptions()
        try:
            return load(path) if self._configured else load_for(self._directory)
        except ExemptionsError as error:
            self.error = str(error)
            return Exemptions()

    def weigh(self, finding: Finding) -> Finding:
        """The finding, exempted when an exemption in force is about it; it is remembered either way."""
        with self._lock:
            self._found[finding] = None
        return self.exemptions.apply(finding, today())

    def hand_over(self, exempted: Finding) -> None:
        """Leave an exempted finding for the policy that shows it, in the same call of the engine."""
        self._pending().append(exempted)

    def take(self) -> list[Finding]:
        """What was handed over in this call of the engine."""
        pending = self._pending()
        taken = list(pending)
        pending.clear()
        return taken

    def _pending(self) -> list[Finding]:
        if not hasattr(self._handed, "findings"):
            self._handed.findings = []
        pending: list[Finding] = self._handed.findings
        return pending

    def lapsed(self, finding: Finding) -> str:
        """A sentence about the exemption that was in force for this finding; empty when there was none."""
        entry = self.exemptions.lapsed(finding, today())
        return entry.lapse() if entry else ""

    def stale(self, rules: frozenset[str]) -> list[Finding]:
        """Exemptions of these rules that are over or were not needed by anything in this run."""
        mine = Exemptions(tuple(e for e in self.exemptions.entries if e.source == "rule" and e.name in rules))
        with self._lock:
            found = tuple(self._found)
        return [problem for problem in mine.problems(found, today()) if problem.advisory]
