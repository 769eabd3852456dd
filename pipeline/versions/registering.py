"""`holdfast register`: the version that a stack's settings describe, without an engine; once, however often asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from findings import exit_codes
from guards.errors import AccountUnknown
from guards.registrations import unreadable_there
from guards.shared_access import artifact_key
from knowledge.arns import parse_image
from knowledge.model_packages import DEFINITION, PENDING, SMOKE, Place, metadata_problems, version_of
from knowledge.model_versions import Version, definition
from pipeline import choices
from pipeline.errors import PipelineError
from pipeline.stack_file import StackFile
from pipeline.versions import telling
from pipeline.versions.of_stack import settings_of, version_of_settings
from pipeline.versions.registry import ModelRegistry
from pipeline.whereabouts import account_of

if TYPE_CHECKING:
    from pathlib import Path

    from guards.live import Account

NEWEST = 5
"""How many of the newest versions are compared with the one that is asked for; older ones by ClientToken."""


@dataclass(frozen=True)
class Asked:
    """What the user asked for, as given."""

    stack: str
    project: Path
    settings: tuple[str, ...] = ()
    smoke: str = ""
    region: str = ""
    json: bool = False
    command: str = "register"


def carry_out(asked: Asked) -> int:
    """
    Look, register, tell; the exit code.

    Raises:
        PipelineError: the version can't be registered as it is, or SageMaker refused. Nothing was registered then.

    """
    file = StackFile(choices.project_folder(asked.project), asked.stack)
    settings = settings_of(file, list(asked.settings))
    account = account_of(asked.stack, file.path.parent, asked.region)
    registry = ModelRegistry(account)
    version = version_of_settings(settings, "")
    group = registry.group(version.group)
    keys = _looked_at(account, version, group)
    own = group.account == account.identity()[0]
    made = definition(version_of_settings(settings, next(iter(keys), "")) if keys else version) | {
        "ModelPackageGroupName": group.name if own else group.group_arn,
        "ModelApprovalStatus": PENDING,
    }
    _check_access(account, group, made)
    if asked.smoke:
        made["CustomerMetadataProperties"] = {**made["CustomerMetadataProperties"], SMOKE: _smoke(asked.smoke)}
    newest = registry.listing(group, most=NEWEST).versions
    arn = _same(registry, newest, made)
    registered = arn is None
    if arn is not None and asked.smoke:
        registry.update(arn, CustomerMetadataProperties={SMOKE: asked.smoke})  # of what is registered already
    if arn is None:
        arn = registry.create(made)
        place = version_of(arn)
        registered = place is not None and all(place.number > int(one["ModelPackageVersion"]) for one in newest)
    return telling.registration(asked, arn, registry.describe(arn), registered=registered)


def _smoke(text: str) -> str:
    word = text.split(maxsplit=1)[0].strip(":;,.").lower()
    if word not in {"passed", "failed"} or metadata_problems({SMOKE: text}):
        raise PipelineError(
            f"--smoke is {text!r}; it begins with passed or failed, and may go on with letters, digits, spaces and "
            "_.:/=+-@ (256 characters)."
        )
    return text


def _looked_at(account: Account, version: Version, group: Place) -> list[str]:
    """The keys of the artifacts; raises PipelineError for an image that moves or an artifact that can't be read."""
    keys: dict[str, None] = {}
    for container in version.containers:
        if not parse_image(container.image).digest:
            raise PipelineError(
                f"Image {container.image} is named by tag, which can come to mean another image. Pin it: holdfast "
                "resolve."
            )
        if not container.artifact:
            continue
        try:
            key = artifact_key(account, container.artifact)
        except AccountUnknown as error:
            raise PipelineError(
                f"Artifact {container.artifact} can't be read from here, so a version of {group.name} could be one "
                f"that nobody can run. Nothing was registered. {error}",
                exit_codes.UNKNOWN,
            ) from error
        if key is None:
            message = f"Nothing lies at {container.artifact}: upload the artifact first. Nothing was registered."
            raise PipelineError(message)
        if key:
            keys[key] = None
    return list(keys)


def _check_access(account: Account, group: Place, made: dict[str, Any]) -> None:
    """Another account's registry has to be able to read the version; raises PipelineError with what is missing."""
    if group.account == account.identity()[0]:
        return
    try:
        wrong = unreadable_there(account, group.account, made, None)
    except AccountUnknown as error:
        message = f"Whether account {group.account} may read the version could not be known. Nothing was registered. "
        raise PipelineError(f"{message}{error}", exit_codes.UNKNOWN) from error
    if wrong:
        message = f"The version was to be registered in {group.group_arn}, but {wrong[0]}. {wrong[1]} Nothing was done."
        raise PipelineError(message, exit_codes.REFUSED)


def _same(registry: ModelRegistry, newest: list[dict[str, Any]], made: dict[str, Any]) -> str | None:
    """The ARN of the one of the newest versions that has the same definition."""
    wanted = made["CustomerMetadataProperties"][DEFINITION]
    for one in newest:
        described = registry.describe(one["ModelPackageArn"])
        if (described.get("CustomerMetadataProperties") or {}).get(DEFINITION) == wanted:
            return str(one["ModelPackageArn"])
    return None
