"""`holdfast versions`: a group's versions, newest first; or one version in full."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from knowledge.model_packages import APPROVALS, version_of
from pipeline import choices
from pipeline.errors import PipelineError
from pipeline.stack_file import StackFile
from pipeline.versions import telling
from pipeline.versions.of_stack import group_of_stack
from pipeline.versions.registry import MOST_PAGES, ModelRegistry
from pipeline.whereabouts import account_of

if TYPE_CHECKING:
    from pathlib import Path

SHORT = {"approved": "Approved", "rejected": "Rejected", "pending": "PendingManualApproval"}


@dataclass(frozen=True)
class Asked:
    """What the user asked for, as given."""

    text: str
    """A group (name or ARN), a version, or "" for the stack's group."""
    stack: str
    project: Path
    approval: str = ""
    most: int = 20
    region: str = ""
    json: bool = False
    command: str = "versions"


def carry_out(asked: Asked) -> int:
    """
    Look, tell; the exit code.

    Raises:
        PipelineError: there is no such group or version, or it can't be read.

    """
    approval = SHORT.get(asked.approval.lower(), asked.approval)
    if approval and approval not in APPROVALS:
        raise PipelineError(f"--approval is {asked.approval!r}; it is one of {', '.join(SHORT)}.")
    file = StackFile(choices.project_folder(asked.project), asked.stack)
    registry = ModelRegistry(account_of(asked.stack, file.path.parent, asked.region))
    group = group_of_stack(file)
    if _names_a_version(asked.text):
        arn = registry.version(asked.text, group)
        return telling.version(asked, arn, registry.describe(arn))
    if not (asked.text or group):
        raise PipelineError(
            f"{file.path.name} names no group (modelPackageGroup, modelVersion, modelPackage): give its name or ARN."
        )
    place = registry.group(asked.text or group)
    found = registry.listing(place, most=min(asked.most, MOST_PAGES * 100), approval=approval)
    return telling.versions(asked, place, found)


def _names_a_version(text: str) -> bool:
    """An ARN of one, `<group>/<number>`, a number, or latest; everything else is a group."""
    plain = not text.startswith("arn:")
    return version_of(text) is not None or text == "latest" or text.isdigit() or (plain and "/" in text)
