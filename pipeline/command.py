"""
The `holdfast` command: what a person gives, handed to what does it.

Every command prints one report, with `--json` as one JSON value; the exit code is one of `findings.exit_codes`.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Optional

import typer

from pipeline import commands
from pipeline.options import (
    Container,
    ContinueOnError,
    Engine,
    Fault,
    Install,
    Instance,
    Json,
    Pack,
    Parallel,
    Project,
    Region,
    Set,
    Stack,
    ToEndpoint,
    Trust,
    Variant,
    leave,
)
from pipeline.recommend.registration import recommend
from pipeline.versions import registration as versions

app = typer.Typer(
    name="holdfast",
    help="Amazon SageMaker endpoints, deployed with Pulumi, from under which nothing can be taken away.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command()
def preview(
    stack: Stack = "rehearsal",
    project: Project = Path(),
    engine: Engine = None,
    settings: Set = None,
    packs: Pack = None,
    parallel: Parallel = None,
    install: Install = False,
    json: Json = False,
) -> None:
    """What `up` would do, and all that packs and guards have against it. Changes nothing."""
    asked = commands.Asked(
        "preview", stack, project, engine, settings or [], packs, parallel=parallel, install=install, json=json
    )
    _run(commands.preview, asked)


@app.command()
def up(
    stack: Stack = "rehearsal",
    project: Project = Path(),
    engine: Engine = None,
    settings: Set = None,
    packs: Pack = None,
    fault: Fault = "",
    parallel: Parallel = None,
    continue_on_error: ContinueOnError = False,
    install: Install = False,
    json: Json = False,
) -> None:
    """Preview, and when neither a pack nor a guard refuses: deploy, verify, ask the model for a prediction."""
    asked = commands.Asked(
        "up",
        stack,
        project,
        engine,
        settings or [],
        packs,
        fault=fault,
        parallel=parallel,
        continue_on_error=continue_on_error,
        install=install,
        json=json,
    )
    _run(commands.up, asked)


@app.command()
def destroy(
    stack: Stack = "rehearsal",
    project: Project = Path(),
    engine: Engine = None,
    settings: Set = None,
    fault: Fault = "",
    parallel: Parallel = None,
    continue_on_error: ContinueOnError = False,
    install: Install = False,
    json: Json = False,
) -> None:
    """Take the stack down, endpoints first; refused while somebody else's endpoint uses a part of it."""
    asked = commands.Asked(
        "destroy",
        stack,
        project,
        engine,
        settings or [],
        [],
        fault=fault,
        parallel=parallel,
        continue_on_error=continue_on_error,
        install=install,
        json=json,
    )
    _run(commands.destroy, asked)


@app.command()
def refresh(
    stack: Stack = "rehearsal",
    project: Project = Path(),
    engine: Engine = None,
    parallel: Parallel = None,
    install: Install = False,
    json: Json = False,
) -> None:
    """Bring the stack's state in line with the account. Changes nothing in the account."""
    _run(
        commands.refresh,
        commands.Asked("refresh", stack, project, engine, [], [], parallel=parallel, install=install, json=json),
    )


@app.command()
def status(
    stack: Stack = "rehearsal",
    project: Project = Path(),
    engine: Engine = None,
    install: Install = False,
    json: Json = False,
) -> None:
    """The stack's endpoints: what they run on and whether they are well."""
    _run(commands.status, commands.Asked("status", stack, project, engine, [], [], install=install, json=json))


@app.command()
def doctor(
    stack: Stack = "rehearsal",
    project: Project = Path(),
    region: Annotated[str, typer.Option("--region", help="Region to look in; by default the stack's.")] = "",
    endpoints: Annotated[
        Optional[list[str]], typer.Option("--endpoint", help="Only this endpoint. May be given again.")
    ] = None,
    checks: Annotated[Optional[list[str]], typer.Option("--check", help="Only this check. May be given again.")] = None,
    json: Json = False,
) -> None:
    """Which endpoints of the stack's account AWS can no longer patch or heal, and why. Changes nothing."""
    from pipeline.doctor import consultation

    asked = consultation.Asked(stack, project, region, endpoints or [], checks or [], json=json)
    leave(consultation.consult, asked)


@app.command()
def resolve(
    reference: Annotated[
        str, typer.Argument(help="What to resolve, or a bare `:tag`; by default what the setting image names.")
    ] = "",
    stack: Stack = "rehearsal",
    project: Project = Path(),
    trust_store: Trust = None,
    pin: Annotated[bool, typer.Option("--pin/--no-pin", help="Write it into the stack's settings, or don't.")] = True,
    json: Json = False,
) -> None:
    """The digest that a tag has now, from its registry; pinned in the stack's settings."""
    from pipeline import resolution

    asked = resolution.Asked(stack, project, reference, trust_store, pin=pin, json=json)
    leave(resolution.carry_out, asked)


@app.command()
def preflight(
    stack: Stack = "rehearsal",
    project: Project = Path(),
    settings: Set = None,
    trust_store: Trust = None,
    json: Json = False,
) -> None:
    """Whether SageMaker will get the image from its private registry, as far as that can be known from here."""
    from pipeline import preflight as looking

    asked = looking.Asked(stack, project, tuple(settings or ()), trust_store, json=json)
    leave(looking.carry_out, asked)


@app.command()
def connect(
    endpoint: ToEndpoint,
    stack: Stack = "rehearsal",
    project: Project = Path(),
    variant: Variant = "",
    instance: Instance = "",
    container: Container = "",
    region: Region = "",
    only_list: Annotated[bool, typer.Option("--list", help="List the targets, start nothing.")] = False,
    only_print: Annotated[
        bool, typer.Option("--print", help="Print the AWS CLI's command line, start nothing.")
    ] = False,
    json: Json = False,
) -> None:
    """A shell in a container of an endpoint, by the AWS CLI's Session Manager plug-in; or a list of the targets."""
    from pipeline.shells import connect as connecting

    asked = connecting.Asked(
        endpoint,
        stack,
        project,
        variant,
        instance,
        container,
        region,
        only_list=only_list,
        only_print=only_print,
        json=json,
    )
    leave(connecting.carry_out, asked)


@app.command("session-logs")
def session_logs(
    endpoint: ToEndpoint,
    stack: Stack = "rehearsal",
    project: Project = Path(),
    variant: Variant = "",
    instance: Instance = "",
    container: Container = "",
    since: Annotated[str, typer.Option("--since", help="How far back, as in 30m, 2h, 1d; by default everything.")] = "",
    region: Region = "",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    json: Json = False,
) -> None:
    """The log of SSM access to an endpoint's containers: agents, targets, sessions. Changes nothing."""
    from pipeline.shells import session_log

    asked = session_log.Asked(
        endpoint, stack, project, variant, instance, container, since, region, follow=follow, json=json
    )
    leave(session_log.carry_out, asked)


app.command()(recommend)
versions.add_to(app)


def _run(command: commands.Command, asked: commands.Asked) -> None:
    leave(partial(commands.carry_out, command), asked)


def main() -> None:
    """Entry point of the `holdfast` script."""
    try:
        app()
    except BrokenPipeError:
        # Whoever read our output has gone; there is nobody left to tell.
        sys.stderr.close()
        sys.exit(1)
