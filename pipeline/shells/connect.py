"""`holdfast connect`: lists the targets of an endpoint, or starts a session with the one that is meant."""

from __future__ import annotations

import json as json_format
import shlex
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from findings import exit_codes
from findings.printable import printable
from knowledge import end_dates
from pipeline import choices as chosen
from pipeline.errors import PipelineError
from pipeline.shells import openings as opening
from pipeline.shells import plug_in, targets
from pipeline.whereabouts import account_of

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.shells.openings import Openings
    from pipeline.shells.targets import Choice

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Asked:
    """What the user asked for, as given; empty texts mean any."""

    endpoint: str
    stack: str
    project: Path
    variant: str = ""
    instance: str = ""
    container: str = ""
    region: str = ""
    only_list: bool = False
    only_print: bool = False
    json: bool = False
    command: str = "connect"


def carry_out(asked: Asked) -> int:
    """
    Find the targets; list them, or start the session; the exit code.

    Raises:
        PipelineError: nothing can be connected to, several targets are left, or the session could not be started.

    """
    from guards.errors import AccountUnknown

    account = account_of(asked.stack, chosen.project_folder(asked.project), asked.region)
    try:
        openings = opening.of(account, asked.endpoint, asked.variant)
        found = targets.choices(account, openings, asked.instance, asked.container)
    except AccountUnknown as error:
        message = f"the targets of endpoint {asked.endpoint} could not be found out. {error}"
        raise PipelineError(message, exit_codes.UNKNOWN) from error
    if asked.json or asked.only_list:
        _list(asked, openings, found)
        return exit_codes.OK
    choice = _meant(asked, openings, found)
    command = plug_in.command_line(choice, openings, account.region)
    if asked.only_print:
        sys.stdout.write(shlex.join(command) + "\n")
        return exit_codes.OK
    for note in _notes(openings):
        sys.stderr.write(printable(note) + "\n")
    return plug_in.start(command)


def _meant(asked: Asked, openings: Openings, found: list[Choice]) -> Choice:
    """The one target that is left; those that are closed count only when nothing else does."""
    open_ones = [each for each in found if not each.closed]
    if not open_ones:
        reasons = "; ".join(f"{each.id}: {each.closed}" for each in found)
        raise PipelineError(f"no session can be opened in endpoint {asked.endpoint}. {reasons}.")
    if len(open_ones) > 1:
        _list(asked, openings, found)
        raise PipelineError(
            f"{len(open_ones)} targets are left, and a session leads to one: choose with --variant, --instance or "
            "--container."
        )
    return open_ones[0]


def _notes(openings: Openings) -> list[str]:
    notes = []
    if not openings.document:
        notes.append(
            "Note: the endpoint names no session document, so the account's default one decides whether this is logged."
        )
    if openings.until:
        try:
            moment = end_dates.read(openings.until)
        except end_dates.EndDateError:
            return notes
        if end_dates.is_over(moment):
            notes.append(
                f"Note: the access was to end on {openings.until} ({end_dates.left(moment)}): switch it off with "
                "`holdfast up --set ssmAccess=false`."
            )
    return notes


def _list(asked: Asked, openings: Openings, found: list[Choice]) -> None:
    if asked.json:
        told = {
            "schema_version": SCHEMA_VERSION,
            "command": asked.command,
            "exit_code": exit_codes.OK,
            "endpoint": openings.endpoint,
            "arn": openings.arn,
            "until": openings.until,
            "document": openings.document,
            "targets": [each.to_dict() for each in found],
        }
        sys.stdout.write(json_format.dumps(told, indent=2, ensure_ascii=False) + "\n")
        return
    for each in found:
        container = f" container {each.target.container}" if each.target.container else ""
        state = f"closed: {each.closed}" if each.closed else "" if each.running else "replaced, most likely"
        words = f"{each.id}  variant {each.target.variant} instance {each.target.instance}{container}"
        sys.stdout.write(printable(f"{words}{f' ({state})' if state else ''}") + "\n")
    for note in _notes(openings):
        sys.stdout.write(printable(note) + "\n")
