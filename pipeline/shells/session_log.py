"""`holdfast session-logs`: the log of an endpoint's SSM agents, container by container, as it is or as it grows."""

from __future__ import annotations

import json as json_format
import re
import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from findings import exit_codes
from findings.printable import printable
from knowledge.session_manager import NAME, log_groups
from pipeline import choices as chosen
from pipeline.errors import PipelineError
from pipeline.shells import log_streams
from pipeline.whereabouts import account_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from guards.live import Account
    from pipeline.shells.log_streams import Line

SCHEMA_VERSION = 1
POLL = 2.0  # seconds between two looks
_OVERLAP = 60_000  # milliseconds: events may arrive later than others that were written after them
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class Asked:
    """What the user asked for, as given; empty texts mean any."""

    endpoint: str
    stack: str
    project: Path
    variant: str = ""
    instance: str = ""
    container: str = ""
    since: str = ""
    region: str = ""
    follow: bool = False
    json: bool = False
    command: str = "session-logs"


def carry_out(asked: Asked) -> int:
    """
    Show the log; with `follow` until Ctrl-C; the exit code.

    Raises:
        PipelineError: there is no log, or what was asked for can't be.

    """
    from guards.errors import AccountUnknown

    if asked.follow and asked.json:
        raise PipelineError("--follow goes on for ever and --json is one value: leave one of them out.")
    if not NAME.fullmatch(asked.endpoint):
        raise PipelineError(f"{asked.endpoint!r} is no endpoint's name: 1 to 63 letters, digits and hyphens.")
    since = _since(asked.since)
    account = account_of(asked.stack, chosen.project_folder(asked.project), asked.region)
    try:
        if asked.follow:
            for line in follow(account, asked, since):
                sys.stdout.write(_shown(line))
                sys.stdout.flush()
            return exit_codes.OK
        found = _lines(account, asked, since)
    except KeyboardInterrupt:
        return exit_codes.INTERRUPTED
    except AccountUnknown as error:
        message = f"the SSM log of endpoint {asked.endpoint} could not be read. {error}"
        raise PipelineError(message, exit_codes.UNKNOWN) from error
    if asked.json:
        sys.stdout.write(json_format.dumps(_to_dict(asked, found), indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.writelines(map(_shown, found))
    return exit_codes.OK


def _lines(account: Account, asked: Asked, since: int) -> list[Line]:
    streams = log_streams.streams(account, asked.endpoint, asked.variant, asked.instance)
    if not streams:
        narrowed = " of this variant and instance" if asked.variant or asked.instance else ""
        raise PipelineError(
            f"neither {' nor '.join(log_groups(asked.endpoint))} in {account.region} has an SSM log stream{narrowed}: "
            "SSM access was never on there, or its agents haven't written yet. `holdfast connect` says which."
        )
    return log_streams.lines(account, streams, since, asked.container)


def follow(
    account: Account, asked: Asked, since: int = 0, wait: Callable[[float], object] | None = None
) -> Iterator[Line]:
    """
    The lines, each once, as they come; without end.

    Args:
        account: whom to ask.
        asked: of which endpoint, variant, instance, container.
        since: from when on, in milliseconds since 1970.
        wait: waits for so many seconds; a log that isn't there yet is waited for too.

    """
    wait = wait or threading.Event().wait
    told: dict[str, int] = {}
    start = since
    while True:
        streams = log_streams.streams(account, asked.endpoint, asked.variant, asked.instance)
        for line in log_streams.lines(account, streams, start, asked.container):
            if line.id not in told:
                told[line.id] = line.at
                yield line
        newest = max(told.values(), default=since)
        start = max(since, newest - _OVERLAP)
        told = {name: at for name, at in told.items() if at >= start}
        wait(POLL)


def _since(text: str) -> int:
    """Milliseconds since 1970 of `30m` or `2h` ago, or 0; raises PipelineError."""
    if not text:
        return 0
    found = re.fullmatch(r"(\d{1,6})([smhd])", text)
    if found is None:
        raise PipelineError(f"--since takes a number and s, m, h or d, as in 30m; {text!r} is none.")
    return max(0, int((time.time() - int(found[1]) * _UNITS[found[2]]) * 1000))


def _shown(line: Line) -> str:
    where = f"{line.stream.variant} {line.stream.instance} {line.container or '-'}"
    return printable(f"{line.moment} {where}: {line.text}") + "\n"


def _to_dict(asked: Asked, lines: list[Line]) -> dict[str, object]:
    return {
        "schema_version": SCHEMA_VERSION,
        "command": asked.command,
        "exit_code": exit_codes.OK,
        "endpoint": asked.endpoint,
        "lines": [
            {
                "time": line.moment,
                "variant": line.stream.variant,
                "instance": line.stream.instance,
                "container": line.container,
                "text": line.text,
                "log_group": line.stream.group,
            }
            for line in lines
        ],
    }
