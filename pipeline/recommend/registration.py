"""The options of `holdfast recommend`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.options import Engine, Json, Project, Set, Stack, leave

CHEAPEST = "cheapest"


def recommend(
    stack: Stack = "rehearsal",
    project: Project = Path(),
    engine: Engine = None,
    settings: Set = None,
    version: Annotated[
        str, typer.Option("--version", help="ARN of the registered version; by default the stack's.")
    ] = "",
    kind: Annotated[str, typer.Option("--type", help="Default or Advanced; by default as set.")] = "",
    types: Annotated[
        list[str] | None, typer.Option("--instance-type", help="An instance type to try. May be given again.")
    ] = None,
    sample: Annotated[
        Path | None, typer.Option("--payload", help="Sample payload: a file, a folder or a .tar.gz archive.")
    ] = None,
    prices: Annotated[Path | None, typer.Option("--prices", help="Your dated price file (YAML).")] = None,
    job: Annotated[str, typer.Option("--job", help="Show this job, and follow it while it runs.")] = "",
    stop: Annotated[str, typer.Option("--stop", help="Stop this job.")] = "",
    only_list: Annotated[bool, typer.Option("--list", help="List the stack's jobs, start nothing.")] = False,
    again: Annotated[bool, typer.Option("--again", help="A new job, though the same was asked before.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Spend without being asked (pipelines).")] = False,
    detach: Annotated[bool, typer.Option("--detach", help="Begin the job and leave it running.")] = False,
    on_interrupt: Annotated[
        str,
        typer.Option("--on-interrupt", help="stop, leave or ask; by default asks on a terminal and stops elsewhere."),
    ] = "",
    apply: Annotated[
        bool, typer.Option("--apply", help="Write instance type, count and variables into the stack's settings.")
    ] = False,
    choose: Annotated[
        str, typer.Option("--choose", help="What is applied: cheapest, fastest, a trial's number, an instance type.")
    ] = CHEAPEST,
    report: Annotated[
        Path | None, typer.Option("--report", help="Folder for the result as HTML, Markdown, SVG and JSON.")
    ] = None,
    json: Json = False,
) -> None:
    """Which instance type the model should run on: a job of Inference Recommender, followed, shown and applied."""
    from pipeline.recommend import command
    from pipeline.recommend.asked import Asked

    asked = Asked(
        stack,
        project,
        engine,
        tuple(settings or ()),
        version,
        kind,
        tuple(types or ()),
        sample,
        prices,
        job,
        stop,
        only_list=only_list,
        again=again,
        yes=yes,
        detach=detach,
        on_interrupt=on_interrupt,
        apply=apply,
        choose=choose,
        report=report,
        json=json,
    )
    leave(command.carry_out, asked)
