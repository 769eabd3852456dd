"""What a cell of the guards' table is made of, and the documents that cells have in common.

`use` is what boto3 makes of a thing: an endpoint's model (`model`), or an endpoint configuration (`config`), in which
`{id}` stands for the resource's id.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Inputs = dict[str, Any]
REMOVED = None
READ = "s3:GetObject"
WRITE = "s3:PutObject"


@dataclass(frozen=True)
class Change:
    """A resource: its inputs (None: it isn't there yet), what they become (None: it is removed), how it is used.

    `also` is another resource that comes with the change: its type and inputs.
    """

    before: Inputs | None
    after: Inputs | None
    use: dict[str, Any] = field(default_factory=dict)
    also: tuple[str, Inputs] | None = None


@dataclass(frozen=True)
class Cell:
    """One cell: `<thing>-<change>`; the guard that refuses it; its twin differs in one value and passes."""

    name: str
    token: str
    guard: str
    refused: Change
    twin: Change
    alone: bool = False
    """Its refusal ends a run that goes on after errors (guards.unanswered): it has a run of its own."""

    def is_changed(self, asked: str) -> bool:
        """Whether a run that was `asked` for `together`, `all`, or one cell by its name changes this one."""
        return asked in {"all", self.name} or (asked == "together" and not self.alone)

    def resources(self) -> Iterator[tuple[str, Change]]:
        """The resource, its twin, and for a removal another one that only a destroy takes away."""
        yield self.name, self.refused
        yield f"{self.name}-twin", self.twin
        if self.refused.after is REMOVED and self.twin.after is REMOVED and not self.twin.use:
            spare = rename(self.twin.before, "-twin", "-spare")
            if spare != self.twin.before:
                yield f"{self.name}-spare", Change(spare, REMOVED)


def rename(value: Any, old: str, new: str) -> Any:
    """The same inputs under another physical name."""
    if isinstance(value, str):
        return value.replace(old, new)
    if isinstance(value, dict):
        return {key: rename(part, old, new) for key, part in value.items()}
    return [rename(part, old, new) for part in value] if isinstance(value, list) else value


def document(*statements: Inputs) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any, resource: Any = "*", **more: Any) -> Inputs:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def trust(service: str = "sagemaker") -> str:
    return document(
        {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    )


def filled(value: Any, name: str, cidrs: dict[str, str]) -> Any:
    made = rename(value, "{n}", name)
    for old, new in cidrs.items():
        made = rename(made, old, new)
    return made


def principal(arn: str, action: Any, resource: Any = None, effect: str = "Allow") -> Inputs:
    made = {"Effect": effect, "Principal": {"AWS": arn}, "Action": action}
    return {**made, "Resource": resource} if resource else made
