"""The SSM log of an endpoint: its streams in both spellings of the log group, and their events, parsed.

Asked: CloudWatch Logs DescribeLogStreams, GetLogEvents, FilterLogEvents.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from knowledge.session_manager import Target, container_of, instance_of, log_groups, targets_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from guards.live import Account

_BEGINNING = 100  # events at the beginning of a stream, among which the target ids are looked for
_STREAMS_AT_ONCE = 100  # FilterLogEvents, logStreamNames


@dataclass(frozen=True)
class Stream:
    """The log stream of one instance's SSM agent."""

    group: str
    name: str
    variant: str
    instance: str
    created: int
    """When it was made, in milliseconds since 1970."""


@dataclass(frozen=True)
class Line:
    """One event of the log."""

    at: int
    stream: Stream
    container: str
    """Empty where the line has no prefix."""
    text: str
    id: str

    @property
    def moment(self) -> str:
        """When it was written, in UTC."""
        return dt.datetime.fromtimestamp(self.at / 1000, dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def streams(account: Account, endpoint: str, variant: str = "", instance: str = "") -> list[Stream]:
    """The streams of an endpoint's agents, the newest first; none when nothing was logged yet."""
    found = []
    for group in log_groups(endpoint):
        prefix = {"logStreamNamePrefix": f"{variant}/"} if variant else {}
        for each in account.pages("logs", "describe_log_streams", "logStreams", logGroupName=group, **prefix):
            parsed = instance_of(each["logStreamName"])
            if parsed is not None and variant in ("", parsed[0]) and instance in ("", parsed[1]):
                found.append(Stream(group, each["logStreamName"], *parsed, created=int(each.get("creationTime", 0))))
    return sorted(found, key=lambda each: (-each.created, each.name, each.group))


def listed_targets(account: Account, stream: Stream, endpoint: str) -> list[Target]:
    """The targets of the stream's own instance that it lists at its beginning."""
    answer = account.ask(
        "logs",
        "get_log_events",
        logGroupName=stream.group,
        logStreamName=stream.name,
        startFromHead=True,
        limit=_BEGINNING,
    )
    listed = [target for event in (answer or {}).get("events", []) for target in targets_in(event["message"])]
    here = (endpoint, stream.variant, stream.instance)
    return [each for each in dict.fromkeys(listed) if (each.endpoint, each.variant, each.instance) == here]


def lines(account: Account, chosen: Sequence[Stream], since: int = 0, container: str = "") -> list[Line]:
    """The events of these streams from `since` (milliseconds) on, in the order of their time."""
    found = [line for stream_lines in _by_group(account, chosen, since) for line in stream_lines]
    wanted = [line for line in found if container in ("", line.container)]
    return sorted(wanted, key=lambda line: (line.at, line.stream.name, line.id))


def _by_group(account: Account, chosen: Sequence[Stream], since: int) -> Iterator[Iterator[Line]]:
    for group in dict.fromkeys(each.group for each in chosen):
        by_name = {each.name: each for each in chosen if each.group == group}
        names = sorted(by_name)
        for start in range(0, len(names), _STREAMS_AT_ONCE):
            asked: dict[str, Any] = {"logStreamNames": names[start : start + _STREAMS_AT_ONCE]}
            if since:
                asked["startTime"] = since
            events = account.pages("logs", "filter_log_events", "events", logGroupName=group, **asked)
            yield (_line(event, by_name[event["logStreamName"]]) for event in events)


def _line(event: dict[str, Any], stream: Stream) -> Line:
    container, text = container_of(event["message"])
    return Line(int(event["timestamp"]), stream, container, text, str(event.get("eventId", "")))
