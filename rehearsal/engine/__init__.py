"""The embedded engine: what `pulumi preview`, `up`, `destroy` and `refresh` do, without the `pulumi` binary.

The one door is `run(Request) -> Outcome`. Everything else in this package is its own business.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from rehearsal.errors import RehearsalGap

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rehearsal.state import Snapshot
    from rehearsal.values import Properties

Operation = Literal["preview", "up", "destroy", "refresh"]


@dataclass(frozen=True)
class Project:
    """What the engine needs of Pulumi.yaml.

    `directory`: where Pulumi.yaml lies. `main`: directory or file of the program, relative to it. `options`: the
    runtime's options (virtualenv, ...). `plugins`: provider package -> directory holding `pulumi-resource-<package>`.
    """

    name: str
    directory: Path
    main: str = "."
    options: dict[str, Any] = field(default_factory=dict)
    plugins: dict[str, Path] = field(default_factory=dict)


def _no_stacks(name: str) -> Properties | None:
    raise RehearsalGap("references to stacks where there is only one", name)


@dataclass
class Request:
    """One operation on one stack.

    `config` maps full keys (`namespace:key`) to plain text (objects as JSON text), `secret_keys` says which are secret.
    `save(snapshot)` is called before and after each step of an operation that changes something; calls never overlap.
    `emit(event)` gets each engine event in Pulumi's JSON shape, without sequence and timestamp; calls never overlap.
    `policy_packs`: (directory, path of the configuration file or None). `environment`: the children's (None: ours).
    `targets`, `excludes`: URNs the run is about, or isn't, with `*` and `**`; `replace`: those to be replaced.
    `refresh`: look at what is there first; with `run_program` when the program registers it.
    `outputs_of(name)`: the outputs of another stack, None when there is no such stack.
    `preview_only`: show what `destroy` or `refresh` would do. `cancel`: set it to stop the run; state stays saved.
    `abandon`: set it besides, to give up what is under way too; it stays noted in the state as pending.
    """

    operation: Operation
    project: Project
    stack: str
    snapshot: Snapshot | None
    save: Callable[[Snapshot], None]
    emit: Callable[[dict[str, Any]], None]
    organization: str = "organization"
    config: dict[str, str] = field(default_factory=dict)
    secret_keys: frozenset[str] = frozenset()
    policy_packs: list[tuple[Path, Path | None]] = field(default_factory=list)
    parallel: int = 16
    continue_on_error: bool = False
    run_program: bool = False
    refresh: bool = False
    preview_only: bool = False
    targets: list[str] = field(default_factory=list)
    target_dependents: bool = False
    excludes: list[str] = field(default_factory=list)
    exclude_dependents: bool = False
    ignore_protect: bool = False
    replace: list[str] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] | None = None
    outputs_of: Callable[[str], Properties | None] = _no_stacks
    cancel: threading.Event = field(default_factory=threading.Event)
    abandon: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class Outcome:
    """What came of a run: success, counts per operation, and the state it left (unchanged by a preview)."""

    succeeded: bool
    changes: dict[str, int]
    snapshot: Snapshot
    cancelled: bool = False


def run(request: Request) -> Outcome:
    """Run one operation to its end.

    Raises RehearsalGap for what isn't supported and StateError for a state that can't be used, both before anything
    happens. What goes wrong later is said by diagnostic events and `Outcome.succeeded`.
    """
    from rehearsal.engine.running import execute  # gRPC is slow to import

    return execute(request)


__all__ = ["Operation", "Outcome", "Project", "Request", "run"]
