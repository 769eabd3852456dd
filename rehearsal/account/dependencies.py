"""What an endpoint needs to be started, patched or moved, and which of it is gone, disabled or unreadable.

Source: "Best practices for endpoint security and health with Amazon SageMaker" (Developer Guide,
best-practice-endpoint-security.html): model definition, artifacts, execution role and its permissions, inference
images, subnets and security groups, endpoint configuration, KMS keys. The sentences about artifacts, images and roles
are those that users report as FailureReason; those about keys, subnets and groups are the emulation's own
(docs/unverified.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.account import authorisation, private_registries
from rehearsal.account.holdings import ForeignKey, Holdings, image_reference, partition, s3_location
from rehearsal.account.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.account.inference.records import Fleet, Model, Variant

_PULL = ("ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage")


def examine(holdings: Holdings, fleet: Fleet, models: dict[str, Model]) -> list[Problem]:
    """Everything that a fleet needs and that the account hasn't (any more), most fundamental first.

    Args:
        holdings: the account's resources.
        fleet: what is to be started or replaced.
        models: the models that exist now in the fleet's region, by name.

    """
    problems: list[Problem] = []
    region = fleet.configuration.region
    key = fleet.configuration.definition.get("KmsKeyId")
    if key:
        problems += _key(holdings, key, region)
    for variant in fleet.variants:
        problems += _variant(holdings, variant, region, models)
    unique: dict[tuple[str, str, str], Problem] = {(p.kind, p.resource, p.reason): p for p in problems}
    return list(unique.values())


def _variant(holdings: Holdings, variant: Variant, region: str, models: dict[str, Model]) -> Iterator[Problem]:
    name = variant.definition.get("ModelName", "")
    started = variant.model
    now = models.get(name)
    if now is None:
        yield Problem("model", name, f'Could not find model "{_model_arn(holdings, region, name)}".')
    elif started is not None and now.serial != started.serial:
        yield Problem(
            "model", name, f'Model "{now.arn}" was deleted and created again after the endpoint was deployed.'
        )
    model = started or now
    if model is None:
        return
    yield from check_role(holdings, model.definition.get("ExecutionRoleArn", ""))
    yield from _network(holdings, model, region)
    role = holdings.role(model.definition.get("ExecutionRoleArn", ""))
    for number, container in enumerate(model.containers):
        resolved = variant.images[number].resolved if number < len(variant.images) else None
        yield from _image(holdings, container, resolved, role)
        yield from private_registries.examine(
            holdings, container, model.definition.get("VpcConfig") or {}, role, region
        )
        for url in artifact_urls(container):
            yield from _artifact(holdings, url, container, role)


def _model_arn(holdings: Holdings, region: str, name: str) -> str:
    return f"arn:{partition(region)}:sagemaker:{region}:{holdings.account}:model/{name}"


def check_role(holdings: Holdings, arn: str) -> Iterator[Problem]:
    """The execution role exists and SageMaker may assume it (CreateModel, ExecutionRoleArn)."""
    if not arn:
        return  # a model whose endpoint configuration names the role (inference components)
    role = holdings.role(arn)
    if role is None or not authorisation.trusts(role, "sagemaker.amazonaws.com"):
        yield Problem(
            "role",
            arn,
            f'The execution role ARN "{arn}" is invalid. Please ensure that the role exists and that its trust '
            'relationship policy allows the action "sts:AssumeRole" for the service principal '
            '"sagemaker.amazonaws.com".',
        )


def _network(holdings: Holdings, model: Model, region: str) -> Iterator[Problem]:
    vpc = model.definition.get("VpcConfig") or {}
    for subnet in vpc.get("Subnets") or []:
        if holdings.subnet(subnet, region) is None:
            yield Problem("subnet", subnet, f"The subnet ID '{subnet}' does not exist.")
    for group in vpc.get("SecurityGroupIds") or []:
        if holdings.security_group(group, region) is None:
            yield Problem("security group", group, f"The security group '{group}' does not exist.")


def _image(holdings: Holdings, container: dict[str, Any], resolved: str | None, role: Any | None) -> Iterator[Problem]:
    image = container.get("Image")
    reference = image_reference(image) if image else None
    if image is None or reference is None or reference.account != holdings.account:
        return  # another registry's or another account's: it can't be judged from here
    running = image_reference(resolved) if resolved else None
    if holdings.image(running or reference) is None:
        yield Problem("image", image, f"Requested image {resolved or image} not found.")
    if role is None:
        return
    decision = authorisation.authorise(role, "ecr:GetAuthorizationToken", "*")
    decisions = [decision] + [authorisation.authorise(role, action, reference.repository_arn) for action in _PULL]
    for decision, action in zip(decisions, ("ecr:GetAuthorizationToken", *_PULL), strict=True):
        if not decision.allowed:
            words = (
                f"The role '{role.arn}' does not have {action.partition(':')[2]} permission for the image: '{image}'."
            )
            yield Problem("permission", action, f"{words} ({decision.reason})")


def artifact_urls(container: dict[str, Any]) -> list[str]:
    """The S3 addresses of a container's artifacts: ModelDataUrl, ModelDataSource and additional sources."""
    sources = [container.get("ModelDataSource") or {}, *(container.get("AdditionalModelDataSources") or [])]
    urls = [container.get("ModelDataUrl")] + [source.get("S3DataSource", {}).get("S3Uri") for source in sources]
    return list(dict.fromkeys(url for url in urls if url))


def is_prefix(container: dict[str, Any], url: str) -> bool:
    """Whether an artifact's address is a prefix of many objects rather than one object."""
    sources = [container.get("ModelDataSource") or {}, *(container.get("AdditionalModelDataSources") or [])]
    return container.get("Mode") == "MultiModel" or any(
        source.get("S3DataSource", {}).get("S3Uri") == url and source["S3DataSource"].get("S3DataType") == "S3Prefix"
        for source in sources
    )


def _artifact(holdings: Holdings, url: str, container: dict[str, Any], role: Any | None) -> Iterator[Problem]:
    location = s3_location(url)
    name = container.get("ContainerHostname", "container_1")
    words = (
        f'Failed to download model data for container "{name}" from URL: "{url}". Please ensure that there is an '
        "object located at the URL and that the role passed to CreateModel has permissions to download the object."
    )
    if location is None:
        yield Problem("artifact", url, words)
        return
    bucket, key = location
    if is_prefix(container, url):
        found = holdings.objects(bucket, key)
        if not found:
            yield Problem("artifact", url, words)
        return
    held = holdings.object(bucket, key)
    if held is None:
        yield Problem("artifact", url, words)
        return
    if role is not None:
        yield from check_read(holdings, role, (bucket, held), words)


def check_read(holdings: Holdings, role: Any, located: tuple[str, Any], words: str) -> Iterator[Problem]:
    """The role may read an object (its bucket's name, and moto's key), and decrypt it where KMS encrypted it."""
    bucket, held = located
    key, owner = held.name, holdings.bucket(bucket)
    region = str(owner.region_name) if owner is not None else ""
    decision = authorisation.authorise(role, "s3:GetObject", f"arn:{partition(region)}:s3:::{bucket}/{key}")
    if not decision.allowed:
        yield Problem("permission", "s3:GetObject", f"{words} ({decision.reason})")
    if held.encryption != "aws:kms" or not held.kms_key_id:
        return
    kms = holdings.key(held.kms_key_id, region)
    if kms is None or kms.key_state != "Enabled":
        yield Problem("key", held.kms_key_id, f"{words} (its KMS key {held.kms_key_id} is {_state(kms)})")
        return
    if isinstance(kms, ForeignKey):
        return
    decision = authorisation.key_policy_allows(kms.policy, holdings.account, role.arn, "kms:Decrypt")
    if decision.reason == "iam":
        decision = authorisation.authorise(role, "kms:Decrypt", kms.arn)
    if not decision.allowed:
        yield Problem("permission", "kms:Decrypt", f"{words} ({decision.reason})")


def _key(holdings: Holdings, named: str, region: str) -> list[Problem]:
    key = holdings.key(named, region)
    if key is not None and key.key_state == "Enabled":
        return []
    return [Problem("key", named, f"The KMS key {named} of the endpoint configuration is {_state(key)}.")]


def _state(key: Any | None) -> str:
    if key is None:
        return "gone"
    return {"Disabled": "disabled", "PendingDeletion": "pending deletion"}.get(key.key_state, str(key.key_state))
