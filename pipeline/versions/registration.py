"""The commands of the Model Registry as a person types them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.options import Json, Project, Region, Set, Stack, leave

Reason = Annotated[str, typer.Option("--reason", help="Why; kept in the version for everybody to read.")]
By = Annotated[str, typer.Option("--by", help="Who decides; by default the identity that is signed in.")]
Version = Annotated[
    str, typer.Argument(help="The version: its ARN, <group>/<number>, a number of the stack's group, or latest.")
]


def register(
    stack: Stack = "rehearsal",
    project: Project = Path(),
    settings: Set = None,
    smoke: Annotated[
        str, typer.Option("--smoke", help="What a smoke test said, kept in the version: passed or failed, and more.")
    ] = "",
    region: Region = "",
    json: Json = False,
) -> None:
    """Register the version that the stack's settings describe; one that is there already is not registered again."""
    from pipeline.versions import registering

    asked = registering.Asked(stack, project, tuple(settings or ()), smoke, region, json=json)
    leave(registering.carry_out, asked)


def versions(
    text: Annotated[
        str, typer.Argument(metavar="GROUP|VERSION", help="A group, or one version; by default the stack's group.")
    ] = "",
    stack: Stack = "rehearsal",
    project: Project = Path(),
    approval: Annotated[str, typer.Option("--approval", help="Only approved, rejected or pending ones.")] = "",
    most: Annotated[int, typer.Option("--most", min=1, max=10_000, help="How many, the newest first.")] = 20,
    region: Region = "",
    json: Json = False,
) -> None:
    """The versions of a model in the Model Registry, or one of them in full. Changes nothing."""
    from pipeline.versions import listing

    leave(listing.carry_out, listing.Asked(text, stack, project, approval, most, region, json=json))


def approve(
    version: Version,
    reason: Reason,
    stack: Stack = "rehearsal",
    project: Project = Path(),
    by: By = "",
    region: Region = "",
    json: Json = False,
) -> None:
    """Approve a version for deployment, after looking at its image, artifact, group policy and smoke test."""
    from pipeline.versions import deciding

    leave(deciding.carry_out, deciding.Asked("approve", version, stack, project, reason, by, region, json=json))


def reject(
    version: Version,
    reason: Reason,
    stack: Stack = "rehearsal",
    project: Project = Path(),
    by: By = "",
    region: Region = "",
    json: Json = False,
) -> None:
    """Reject a version: no new model is made of it; endpoints that run it go on."""
    from pipeline.versions import deciding

    leave(deciding.carry_out, deciding.Asked("reject", version, stack, project, reason, by, region, json=json))


def add_to(app: typer.Typer) -> None:
    """Give `holdfast` these commands."""
    for command in (register, versions, approve, reject):
        app.command()(command)
