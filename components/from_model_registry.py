"""From a stack's settings to what it has in the Model Registry: group, version, access for others; and what it runs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_aws as aws

from components.account import Account
from components.artifact_bucket import ArtifactBucket, sha256_of
from components.deploying_account_access import DeployingAccountAccess
from components.from_settings import Key
from components.model_package_group import ModelPackageGroup
from components.model_registry_settings import places
from components.model_version import TYPE_NAME, ModelVersion, VersionContainerArgs
from components.settings import Settings
from components.settings_problems import SettingsError
from components.training_account_access import TrainingAccountAccess
from knowledge import arns
from knowledge.cross_account import Reader
from knowledge.model_packages import ARTIFACT_KEY, containers_in, group_of, pinned_image, urls_of, version_of


@dataclass(frozen=True)
class Registered:
    """What the stack has in the Model Registry; `own` are components that others wait for."""

    group: ModelPackageGroup | None = None
    version: ModelVersion | None = None

    def stack_outputs(self) -> dict[str, pulumi.Input[object] | None]:
        """The ARNs of group and version."""
        made: dict[str, pulumi.Input[object] | None] = {}
        if self.group:
            made["modelPackageGroupArn"] = self.group.arn
        if self.version:
            made["modelPackageArn"] = self.version.arn
        return made


@dataclass(frozen=True)
class Release:
    """What the endpoint's model is made of: images, artifacts and their keys, and the model's arguments for them."""

    model: Mapping[str, Any]
    images: Sequence[pulumi.Input[str]]
    artifact_urls: Sequence[pulumi.Input[str]]
    artifact_key_arns: Sequence[pulumi.Input[str]] = field(default=())
    package_arn: str = ""


def readers(settings: Settings, here: Account) -> list[Reader]:
    """
    The other accounts that read this stack's image and artifact: the registry's, and those that deploy from it.

    Raises pulumi.RunError when a group or package is in another Region, or another account has no customer key.
    """
    version = settings.model_version
    wrong = [
        f"{setting}: {arn} is in Region {region} and the stack in {here.region}; SageMaker takes only its own Region's"
        for setting, arn, region in places(version.group if version else None, settings.model_package)
        if region != here.region
    ]
    found: list[Reader] = []
    if version is not None:
        group = group_of(version.group or "")
        if group is not None and group.account != here.id:
            found.append(Reader(group.account, "registry"))
        found += [Reader(account, "deploying") for account in version.deploying_accounts if account != here.id]
    wrong += _needless_roles(settings, here)
    if found and settings.key == "none":
        wrong.append("key: it is none; a model that crosses accounts is encrypted with a KMS key of your own")
    if wrong:
        raise pulumi.RunError(str(SettingsError(wrong)))
    return found


def _needless_roles(settings: Settings, here: Account) -> list[str]:
    """What is wrong with `registrars` and `deployers`: within one account its own IAM policies say who may."""
    version = settings.model_version
    group = group_of(version.group or "") if version else None
    package = version_of(settings.model_package or "")
    wrong = []
    if version and version.registrars and (group is None or group.account == here.id):
        wrong.append("modelVersion.registrars: the group isn't another account's (its ARN in modelVersion.group)")
    if settings.deployers and (package is None or package.account == here.id):
        wrong.append("deployers: what is deployed isn't another account's (an ARN of one in modelPackage)")
    return wrong


def deployers(name: str, settings: Settings, here: Account) -> DeployingAccountAccess | None:
    """The rights of the roles that deploy another account's version, where the settings name such roles."""
    group = version_of(settings.model_package or "")
    if not settings.deployers or group is None:
        return None
    return DeployingAccountAccess(name, {"account": here, "group": group, "deployers": settings.deployers})


def registered(  # noqa: PLR0913, PLR0917 - a stack's parts
    name: str,
    settings: Settings,
    here: Account,
    key: Key,
    artifact_url: pulumi.Input[str],
    bucket: ArtifactBucket | None,
) -> Registered:
    """The stack's own group, and the version that it registers there or in another account's (settings `model...`)."""
    group = None
    if (wanted := settings.model_package_group) is not None:
        group = ModelPackageGroup(
            name,
            {
                "group_name": wanted.name,
                "description": wanted.description,
                "tags": {"holdfast:stage": settings.stage},
                "training_accounts": [one for one in wanted.training_accounts if one != here.id],
                "deploying_accounts": [one for one in wanted.deploying_accounts if one != here.id],
                "discoverable": wanted.discoverable,
                "retained": settings.model_version is not None,
            },
        )
    if settings.model_version is None:
        return Registered(group)
    return Registered(group, _version(name, settings, here, key, artifact_url, bucket, group))


def _version(  # noqa: PLR0913, PLR0917 - a stack's parts
    name: str,
    settings: Settings,
    here: Account,
    key: Key,
    artifact_url: pulumi.Input[str],
    bucket: ArtifactBucket | None,
    group: ModelPackageGroup | None,
) -> ModelVersion:
    wanted = settings.model_version
    if wanted is None or (wanted.group is None and group is None):
        raise ValueError("modelVersion without a group passed the settings' checks")
    own_names = {None, settings.model_package_group.name if settings.model_package_group else None}
    own_group = group is not None and wanted.group in own_names
    containers: list[VersionContainerArgs] = [
        {
            "image": each.image,
            "artifact_url": each.artifact,
            "environment": each.environment,
            "hostname": each.hostname,
        }
        for each in wanted.containers
    ] or [{"image": settings.image, "artifact_url": artifact_url, "environment": settings.container_environment()}]
    who = readers(settings, here)
    after: list[pulumi.Resource] = [one for one in (bucket, group) if one is not None]
    if who and key.arn is not None:
        images = [each.image for each in wanted.containers] or [settings.image]
        access = TrainingAccountAccess(
            name,
            {
                "account": here,
                "readers": who,
                "images": images if wanted.repository_policy else [],
                "bucket": bucket.bucket.bucket if bucket else None,
                "key_arn": key.arn,
                "grants": not key.own,
                "group": group_of(wanted.group or ""),
                "registrars": wanted.registrars,
            },
        )
        after += [access, *key.own]
    return ModelVersion(
        name,
        {
            "group": group.name if group is not None and own_group else str(wanted.group),
            "containers": containers,
            "content_types": wanted.content_types,
            "response_types": wanted.response_types,
            "instance_types": wanted.instance_types or [settings.instance_type],
            "transform_instance_types": wanted.transform_instance_types,
            "description": wanted.description,
            "metrics": wanted.metrics,
            "metadata": wanted.metadata,
            "commit": wanted.commit,
            "repository": wanted.repository,
            "artifact_digest": sha256_of(settings.artifact_path) if settings.artifact_path else "",
            "artifact_key_arn": key.arn,
            "approval": wanted.approval,
            "approval_description": wanted.approval_description,
            "after": after,
        },
    )


def release(settings: Settings, artifact_url: pulumi.Input[str], key_arn: pulumi.Input[str] | None) -> Release:
    """What the endpoint runs: image and artifact of the settings, or the version that `modelPackage` names."""
    if not settings.model_package:
        made: dict[str, Any] = {"image": settings.image, "artifact_url": artifact_url}
        return Release(made, [settings.image], [artifact_url], [key_arn] if key_arn is not None else [])
    arn = settings.model_package
    described = _described(arn)
    keys = [(described.get("CustomerMetadataProperties") or {}).get(ARTIFACT_KEY, "")]
    named: dict[str, Any] = {"model_package_arn": arn}
    return Release(
        named,
        [pinned_image(each) for each in containers_in(described)],
        list(urls_of(described)),
        [key for key in keys if (parsed := arns.parse(key)) and parsed.service == "kms" and parsed.kind == "key"],
        arn,
    )


def tried(
    settings: Settings, artifact_url: pulumi.Input[str], released: Release | None
) -> tuple[Sequence[pulumi.Input[str]], Sequence[pulumi.Input[str]]]:
    """Images and artifacts that recommendation jobs try: those that are registered here, else those that are served."""
    wanted = settings.model_version
    if wanted and wanted.containers:
        return [each.image for each in wanted.containers], [
            each.artifact for each in wanted.containers if each.artifact
        ]
    if released and not wanted:
        return released.images, released.artifact_urls
    return [settings.image], [artifact_url]


def _described(arn: str) -> Mapping[str, Any]:
    """The version as Cloud Control tells it; raises pulumi.RunError with what may be missing."""
    try:
        found = aws.cloudcontrol.get_resource(type_name=TYPE_NAME, identifier=arn)
        read = json.loads(found.properties)
    except Exception as error:  # the SDK raises nothing narrower
        place = version_of(arn)
        where = f" of group {place.name} in account {place.account}" if place else ""
        raise pulumi.RunError(
            f"AWS was asked for the model package {arn} (setting modelPackage), and didn't say. Nothing was changed. "
            "Is it there? If it is another account's, the policy"
            f"{where} has to allow this account sagemaker:DescribeModelPackage on it, and this account the identity "
            f"that deploys (docs/model-registry.md, Across accounts). {error}"
        ) from error
    return read if isinstance(read, dict) else {}
