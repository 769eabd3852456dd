"""What is looked at before a run begins: what can't be done, is refused, has to be said, will be needed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rehearsal import urns
from rehearsal.engine.plugins import EMBEDDED
from rehearsal.wire.program import place

if TYPE_CHECKING:
    from pathlib import Path

    from rehearsal.engine import Project
    from rehearsal.engine.deployment import Deployment


def expected_packages(d: Deployment) -> set[str]:
    """The packages whose providers will be needed: those in the state, or else what the project requires or brings."""
    states, request = d.base.resources, d.request
    if states or request.operation not in ("preview", "up"):
        return {urns.package_of(s.type) for s in states if urns.is_default_provider(s.urn)}
    texts = [p.read_text(errors="replace") for p in _requirements(request.project) if p.is_file()]
    required = {p for p in EMBEDDED if any(re.search(rf"\bpulumi[-_]{p}\b", text) for text in texts)}
    return required | set(request.project.plugins)


def _requirements(project: Project) -> list[Path]:
    """The files that tell which packages a program uses."""
    working, entry = place(project.directory, project.main)
    return [project.directory / "requirements.txt", working / "__main__.py" if entry == "." else working / entry]


def refuse_hooks(d: Deployment) -> bool:
    """Without the program nobody can run the hooks that deletions ask for; whether there are any."""
    found: dict[str, list[str]] = {}
    for state in d.base.resources:  # of several with one URN the last one's count, as with the real engine
        if before := state.resource_hooks.get("BeforeDelete"):
            found[state.urn] = list(before)
        found.setdefault(state.urn, []).extend(state.resource_hooks.get("AfterDelete", ()))
    found = {urn: names for urn, names in found.items() if names}
    for urn, names in found.items():
        text = f"Resource has delete hooks registered, but the program is not running. Hooks: {', '.join(names)}"
        d.events.diagnostic("error", text, urn)
    if found:
        hint = "Run `pulumi destroy --run-program`: the hooks live in the program, which has to run for them."
        d.events.diagnostic("warning", hint)
    return bool(found)


def warn_of_pending(d: Deployment) -> None:
    """Say which operations a run that was interrupted left behind."""
    pending = d.base.pending_operations
    if not pending or d.dry_run:
        return
    listed = "".join(f"  * {p.resource.urn}, interrupted while {p.type}\n" for p in pending)
    d.events.diagnostic(
        "warning",
        f"Attempting to deploy or update resources with {len(pending)} pending operations from previous deployment.\n"
        f"{listed}What became of these resources isn't known, because the run was interrupted. Look at the provider's "
        "whether they were done, and bring the state into line with `pulumi refresh`.",
    )
