"""`holdfast doctor`: which account is asked, what is checked, and how the diagnosis is told."""

from __future__ import annotations

import json as json_format
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from findings import exit_codes
from findings.printable import printable
from findings.summary import summarise
from pipeline import choices
from pipeline.engine import is_rehearsal
from pipeline.errors import PipelineError
from pipeline.whereabouts import account_of

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from findings.finding import Finding
    from pipeline.doctor.check import Check
    from pipeline.doctor.diagnosis import Diagnosis
    from pipeline.doctor.examination import RegistryAccess

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Asked:
    """What the user asked for, as given; empty lists mean all."""

    stack: str
    project: Path
    region: str = ""
    endpoints: list[str] = field(default_factory=list)
    checks: list[str] = field(default_factory=list)
    json: bool = False
    command: str = "doctor"


def consult(asked: Asked) -> int:
    """
    Diagnose, print the report, return the exit code.

    Raises:
        PipelineError: the stack, a check or an endpoint isn't there; or the account could not be asked.

    """
    from guards.errors import AccountUnknown
    from pipeline.doctor.diagnosis import diagnose

    project = choices.project_folder(asked.project)
    checks = _chosen(asked.checks)
    account = account_of(asked.stack, project, asked.region)
    try:
        diagnosis = diagnose(account, checks, asked.endpoints, _registries(asked, project))
    except AccountUnknown as error:
        message = f"the account's endpoints could not be read, so nothing is known of their health. {error}"
        raise PipelineError(message, exit_codes.UNKNOWN) from error
    if missing := sorted(set(asked.endpoints) - set(diagnosis.there)):
        there = ", ".join(diagnosis.there) or "there is none"
        message = (
            f"account {diagnosis.account} has no endpoint {', '.join(missing)} in {diagnosis.region}; --endpoint takes "
            f"one that there is ({there})."
        )
        raise PipelineError(message)
    code = summarise(diagnosis.findings).exit_code
    if asked.json:
        sys.stdout.write(json_format.dumps(_to_dict(asked, diagnosis, checks, code), indent=2, ensure_ascii=False))
        sys.stdout.write("\n")
    else:
        _show(asked, diagnosis, checks)
    return code


def _registries(asked: Asked, project: Path) -> RegistryAccess:
    from pipeline.doctor.examination import RegistryAccess
    from pipeline.registry.of_stack import trust_store
    from pipeline.stack_file import StackFile

    return RegistryAccess(trust_store(StackFile(project, asked.stack), None), is_rehearsal(asked.stack))


def _chosen(names: list[str]) -> list[Check]:
    from pipeline.doctor.checks import CHECKS

    known = {check.name: check for check in CHECKS}
    if unknown := sorted(set(names) - set(known)):
        message = f"there is no check {', '.join(unknown)}; --check takes one of {', '.join(known)}."
        raise PipelineError(message)
    return [check for check in CHECKS if not names or check.name in names]


# --- telling ------------------------------------------------------------------------------------------------------


def _headline(diagnosis: Diagnosis) -> str:
    ill = [name for name in diagnosis.endpoints if any(one.outcome == "violated" for one in _heavy(diagnosis, name))]
    unclear = [name for name in diagnosis.endpoints if name not in ill and _heavy(diagnosis, name)]
    if ill:
        return f"AWS can't patch or heal {len(ill)} of {len(diagnosis.endpoints)} endpoints: {', '.join(sorted(ill))}."
    if unclear:
        return f"Not everything could be examined: {', '.join(sorted(unclear))}."
    if not diagnosis.endpoints:
        return "There are no endpoints."
    return (
        f"{len(diagnosis.endpoints)} endpoint{'s' * (len(diagnosis.endpoints) != 1)}, and AWS can patch and heal all."
    )


def _heavy(diagnosis: Diagnosis, name: str) -> list[Finding]:
    return [one for one in diagnosis.of(name) if one.refuses]


def _to_dict(asked: Asked, diagnosis: Diagnosis, checks: list[Check], code: int) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "command": asked.command,
        "stack": asked.stack,
        "rehearsal": is_rehearsal(asked.stack),
        "exit_code": code,
        "headline": _headline(diagnosis),
        "account": diagnosis.account,
        "region": diagnosis.region,
        "checks": [check.name for check in checks],
        "endpoints": [
            {
                "name": name,
                **facts,
                "healthy": not _heavy(diagnosis, name),
                "findings": [one.to_dict() for one in diagnosis.of(name)],
            }
            for name, facts in sorted(diagnosis.endpoints.items())
        ],
    }


def _show(asked: Asked, diagnosis: Diagnosis, checks: list[Check]) -> None:
    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() else 160)
    where = " (emulated: this is a rehearsal)" if is_rehearsal(asked.stack) else ""
    _line(
        console,
        f"holdfast doctor: account {diagnosis.account}, {diagnosis.region}{where}, {len(checks)} checks",
        "bold",
    )
    for name, facts in sorted(diagnosis.endpoints.items()):
        found = diagnosis.of(name)
        ill = any(one.refuses for one in found)
        _line(
            console,
            f"Endpoint {name}: {'not healthy' if ill else 'healthy'} ({facts['status']})",
            "red" if ill else "green",
        )
        for one in sorted(found, key=lambda one: (not one.refuses, one.name)):
            word = "unknown" if one.outcome == "unknown" else "advice" if one.advisory else one.severity
            _line(console, f"  {word} {one.name}: {one.message}")
            if one.path:
                _line(console, f"    Path of use: {' <- '.join(one.path)}")
            if one.fix:
                _line(console, f"    Fix: {one.fix}")
    _line(console, _headline(diagnosis), "bold")


def _line(console: Console, text: str, style: str = "") -> None:
    from rich.text import Text

    indent = text[: len(text) - len(text.lstrip())]
    console.print(Text(indent + printable(text), style=style), highlight=False, soft_wrap=True)
