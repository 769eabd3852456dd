"""Which account and Region a command that only asks AWS looks at: those of a stack, without an engine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pipeline.engine import is_rehearsal
from pipeline.errors import PipelineError

if TYPE_CHECKING:
    from pathlib import Path

    from guards.live import Account


def enter(stack: str, project: Path, region: str = "") -> str:
    """
    Turn this process to the stack's account; the Region to look in, "" for boto3's own.

    Args:
        stack: its name; that of a rehearsal leads to the emulated account, which is started.
        project: folder of `Pulumi.yaml`.
        region: what the user asked for; the stack's own (aws:region) when empty.

    Raises:
        PipelineError: the emulated account could not be started, the stack's file can't be read, or there is none and
            nothing else says which Region to look in.

    """
    if is_rehearsal(stack):
        from rehearsal import environment
        from rehearsal.errors import RehearsalError

        try:
            prepared = environment.prepare(project, stack)
        except RehearsalError as error:
            raise PipelineError(str(error)) from error
        os.environ.update({name: value for name, value in prepared.items() if name.startswith("AWS_")})
    path = project / f"Pulumi.{stack}.yaml"
    region = region or _region_of(path)
    if not region and not path.exists() and not _boto3_has_a_region():
        stacks = ", ".join(sorted(one.name.split(".")[1] for one in project.glob("Pulumi.*.yaml"))) or "none"
        message = (
            f"stack {stack} has no settings here ({path.name} isn't in {project}), and nothing else says in which "
            f"Region to look. Name another stack (there are settings of: {stacks}), or set AWS_REGION."
        )
        raise PipelineError(message)
    return region


def account_of(stack: str, project: Path, region: str = "") -> Account:
    """The stack's account, to be asked; raises as `enter` does."""
    from guards.live import Account

    return Account(region=enter(stack, project, region) or None)


def _boto3_has_a_region() -> bool:
    import boto3

    return bool(boto3.Session().region_name)


def _region_of(path: Path) -> str:
    import yaml

    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
        return str((settings or {}).get("config", {}).get("aws:region", ""))
    except FileNotFoundError:
        return ""
    except (OSError, yaml.YAMLError, AttributeError) as error:
        message = f"{path.name} was read for aws:region and can't be: {' '.join(str(error).split())}"
        raise PipelineError(message) from error
