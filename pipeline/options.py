"""The options that several commands have, and the one ending of all of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from pipeline import commands
from pipeline.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Callable

Asked = TypeVar("Asked", bound=commands.Said)

Stack = Annotated[
    str, typer.Option("--stack", "-s", help="The stack; names that begin with `rehearsal` are rehearsed.")
]
Project = Annotated[Path, typer.Option("--cwd", "-C", help="Folder of Pulumi.yaml.")]
Engine = Annotated[
    str | None, typer.Option("--engine", help="rehearsal (embedded) or pulumi (the CLI); by default by the stack.")
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", help="key=value: a setting for this run alone, written nowhere. May be given again."),
]
Pack = Annotated[
    list[Path] | None,
    typer.Option("--policy-pack", help="Folder of a policy pack; by default the one with all rules."),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON value on standard output, nothing else.")]
Fault = Annotated[
    str, typer.Option("--fault", help="Rehearsals only: a fault of the account, for example silent-roll-back.")
]
Parallel = Annotated[int | None, typer.Option("--parallel", min=1, help="Steps at once; by default the engine's own.")]
Install = Annotated[
    bool, typer.Option("--install-pulumi", help="Download the Pulumi CLI from Pulumi when it is missing.")
]
Trust = Annotated[
    Path | None, typer.Option("--trust-store", help="Certificate authorities (PEM) that a registry may be of.")
]
ContinueOnError = Annotated[
    bool, typer.Option("--continue-on-error", help="Go on with what doesn't depend on a failure.")
]
Variant = Annotated[str, typer.Option("--variant", help="Only this variant.")]
Instance = Annotated[str, typer.Option("--instance", help="Only this instance (i-...).")]
Container = Annotated[str, typer.Option("--container", help="Only this container.")]
Region = Annotated[str, typer.Option("--region", help="Region to look in; by default the stack's.")]
ToEndpoint = Annotated[str, typer.Argument(help="Name of the endpoint.")]


def leave(carry_out: Callable[[Asked], int], asked: Asked) -> None:
    """Carry out what was asked, and end with its exit code; an error that ended it is told in the form asked for."""
    try:
        code = carry_out(asked)
    except PipelineError as error:
        commands.say_error(str(error), asked, error.exit_code)
        code = error.exit_code
    raise typer.Exit(code)
