"""The targets of an endpoint: one for each container of each instance that the SSM log knows of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from knowledge.session_manager import Target, TargetError, log_groups
from pipeline.errors import PipelineError
from pipeline.shells import log_streams

if TYPE_CHECKING:
    from guards.live import Account
    from pipeline.shells.log_streams import Stream
    from pipeline.shells.openings import Container, Opening, Openings


@dataclass(frozen=True)
class Choice:
    """A target that the user can choose, or why they can't."""

    target: Target
    id: str
    running: bool
    """Whether its instance is one of the newest, as many as run. Others have been replaced, most likely."""
    closed: str = ""

    def to_dict(self) -> dict[str, object]:
        """Plain values for `--json`."""
        return {
            "id": self.id,
            "variant": self.target.variant,
            "instance": self.target.instance,
            "container": self.target.container,
            "running": self.running,
            "closed": self.closed,
        }


def choices(account: Account, openings: Openings, instance: str = "", container: str = "") -> list[Choice]:
    """
    Every target, those of running instances first (`instance`, `container`: of these only).

    Raises:
        PipelineError: no instance has logged yet, or there is no such instance or container.
        guards.errors.AccountUnknown: the account could not be asked.

    """
    _check_name(openings, container)
    streams = {
        each.variant: log_streams.streams(account, openings.endpoint, each.variant) for each in openings.variants
    }
    if not any(streams.values()):
        raise PipelineError(_no_stream(openings))
    known = sorted({stream.instance for found in streams.values() for stream in found})
    if instance and instance not in known:
        raise PipelineError(
            f"endpoint {openings.endpoint} has no instance {instance}; its SSM log knows {', '.join(known)}."
        )
    made = []
    for opening in openings.variants:
        newest = list(dict.fromkeys(stream.instance for stream in streams[opening.variant]))[: opening.instances]
        seen = set()
        for stream in streams[opening.variant]:
            if stream.instance in seen or instance not in ("", stream.instance):
                continue
            seen.add(stream.instance)
            running = stream.instance in newest
            if running or instance:
                made += _of_instance(account, openings.endpoint, opening, stream, running=running)
    names = sorted({each.target.container or _only(openings, each) for each in made})
    chosen = [each for each in made if container in ("", each.target.container or _only(openings, each))]
    if not chosen:
        raise PipelineError(f"endpoint {openings.endpoint} has no container {container!r}; it has {', '.join(names)}.")
    return sorted(chosen, key=lambda each: (not each.running, bool(each.closed), each.id))


def _check_name(openings: Openings, container: str) -> None:
    """A container's name that no target id can carry is told as that, not as one that isn't there."""
    try:
        str(Target(openings.endpoint, openings.variants[0].variant, "i-00000000", container))
    except TargetError as error:
        raise PipelineError(str(error)) from error


def _only(openings: Openings, choice: Choice) -> str:
    """The name of a variant's only container, which its target id leaves out."""
    (opening,) = [each for each in openings.variants if each.variant == choice.target.variant]
    return opening.containers[0].name if len(opening.containers) == 1 else ""


def _of_instance(account: Account, endpoint: str, opening: Opening, stream: Stream, *, running: bool) -> list[Choice]:
    """By what the log lists at its beginning; where it lists nothing, by what the model says."""
    listed = log_streams.listed_targets(account, stream, endpoint)
    by_name = {each.name: each for each in opening.containers}
    if listed:
        made = [(target, by_name.get(target.container) or _single(opening)) for target in listed]
    else:
        made = [
            (Target(endpoint, opening.variant, stream.instance, each.name if opening.several else ""), each)
            for each in opening.containers
        ]
    found = []
    for target, container in made:
        try:
            found.append(Choice(target, str(target), running, container.closed if container else ""))
        except TargetError as error:
            raise PipelineError(f"endpoint {endpoint} can't be connected to. {error}") from error
    return found


def _single(opening: Opening) -> Container | None:
    return opening.containers[0] if len(opening.containers) == 1 else None


def _no_stream(openings: Openings) -> str:
    groups = " nor ".join(log_groups(openings.endpoint))
    return (
        f"endpoint {openings.endpoint} has SSM access on, but neither {groups} has an SSM log stream yet, so no "
        "running instance is known. The agent writes one when its instance has started: wait some minutes. If it "
        "stays, look whether the execution role still has its four ssmmessages actions and may write logs, and whether "
        "a way leads from the VPC to Session Manager (docs/ssm-access.md)."
    )
