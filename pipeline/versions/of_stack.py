"""What a stack's settings say of the Model Registry, for the commands: its group, and the version it would register."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from components.settings import Settings
from components.settings_problems import SettingsError
from components.settings_reading import of_namespace, overridden
from knowledge.model_packages import version_of
from knowledge.model_versions import Container, Version, problems
from pipeline import choices
from pipeline.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.stack_file import StackFile


def group_of_stack(file: StackFile) -> str:
    """Name or ARN of the group that a stack registers in, has, or deploys from; "" where it names none."""
    version, group = _map(file.setting("modelVersion")), _map(file.setting("modelPackageGroup"))
    named = str(version.get("group") or group.get("name") or "")
    place = version_of(str(file.setting("modelPackage") or ""))
    return named or (place.group_arn if place else "")


def _map(value: Any) -> Mapping[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value or "{}")
        except ValueError:
            return {}
    return value if isinstance(value, dict) else {}


def settings_of(file: StackFile, chosen: list[str]) -> Settings:
    """
    The stack's settings with those of this run in their place.

    Raises:
        PipelineError: they can't be used, or one that is needed here is a secret.

    """
    given = of_namespace(file.config())
    secret = [name for name, value in given.items() if isinstance(value, dict) and set(value) == {"secure"}]
    if secret := [name for name in secret if name in {"environment", "image", "artifact", "modelVersion"}]:
        raise PipelineError(
            f"{file.path.name} keeps {secret[0]} as a secret, which only the engine can open: register the version "
            "with `holdfast up`, which does the same."
        )
    plain = {name: value for name, value in given.items() if not (isinstance(value, dict) and set(value) == {"secure"})}
    try:
        return Settings.from_mapping(overridden(plain, choices.settings(chosen)), directory=file.path.parent)
    except SettingsError as error:
        raise PipelineError(str(error)) from None


def version_of_settings(settings: Settings, key_arn: str) -> Version:
    """
    The version that settings describe.

    Raises:
        PipelineError: they describe none, or one whose artifact isn't in Amazon S3 yet.

    """
    wanted = settings.model_version
    if wanted is None:
        raise PipelineError(
            "The stack's settings describe no version: set modelVersion (docs/model-registry.md), in the file or by "
            '--set modelVersion=\'{"group": "..."}\'.'
        )
    if settings.artifact_path:
        raise PipelineError(
            f"artifact is {settings.artifact_path}, a file on this machine: `holdfast up` uploads it and registers the "
            "version. `register` takes what lies in Amazon S3 (--set artifact=s3://...)."
        )
    group = wanted.group or (settings.model_package_group.name if settings.model_package_group else "")
    containers = tuple(
        Container(each.image, each.artifact, each.environment, each.hostname) for each in wanted.containers
    ) or (Container(settings.image, settings.artifact, settings.environment),)
    version = Version(
        group=group,
        containers=containers,
        content_types=tuple(wanted.content_types),
        response_types=tuple(wanted.response_types),
        instance_types=tuple(wanted.instance_types or [settings.instance_type]),
        transform_instance_types=tuple(wanted.transform_instance_types),
        description=wanted.description,
        metrics=wanted.metrics,
        metadata=wanted.metadata,
        commit=wanted.commit,
        repository=wanted.repository,
        artifact_key=key_arn,
    )
    if wrong := problems(version):
        raise PipelineError("The version can't be registered:\n" + "\n".join(f"  - {one}" for one in wrong))
    return version
