"""What an endpoint needs to be started, patched or moved, and which of it is gone, disabled or unreadable.

Source: "Best practices for endpoint security and health with Amazon SageMaker" (Developer Guide,
best-practice-endpoint-security.html): model definition, artifacts, execution role and its permissions, inference
images, subnets and security groups, endpoint configuration, KMS keys. The sentences about artifacts, images and roles
are those that users report as FailureReason; those about keys, subnets and groups are the emulation's own
(docs/unverified.md).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rehearsal.account import authorisation, private_registries
from rehearsal.account.holdings import Holdings, image_reference, partition, s3_location
from rehearsal.account.problems import Problem
from rehearsal.account.reach import Reader
from rehearsal.account.resource_policies import ALLOW, Asked, said

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rehearsal.account.inference.records import Fleet, Model, Variant


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
    ways = _ways_to_s3(holdings, model, region)
    for number, container in enumerate(model.containers):
        resolved = variant.images[number].resolved if number < len(variant.images) else None
        yield from _image(holdings, container, resolved, role)
        yield from private_registries.examine(
            holdings, container, model.definition.get("VpcConfig") or {}, role, region
        )
        for url in artifact_urls(container):
            yield from _artifact(holdings, url, container, role, ways)


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


def examine_container(holdings: Holdings, container: dict[str, Any], role: Any) -> Iterator[Problem]:
    """What one container lacks that a role is to start: its image, its artifacts, and the role's rights to them."""
    yield from _image(holdings, container, None, role)
    for url in artifact_urls(container):
        yield from _artifact(holdings, url, container, role)


def _network(holdings: Holdings, model: Model, region: str) -> Iterator[Problem]:
    vpc = model.definition.get("VpcConfig") or {}
    for subnet in vpc.get("Subnets") or []:
        if holdings.subnet(subnet, region) is None:
            yield Problem("subnet", subnet, f"The subnet ID '{subnet}' does not exist.")
    for group in vpc.get("SecurityGroupIds") or []:
        if holdings.security_group(group, region) is None:
            yield Problem("security group", group, f"The security group '{group}' does not exist.")


def _ways_to_s3(holdings: Holdings, model: Model, region: str) -> list[Any]:
    """The endpoints for Amazon S3 of the VPCs that a model's instances are in."""
    subnets = [holdings.subnet(each, region) for each in (model.definition.get("VpcConfig") or {}).get("Subnets") or []]
    vpcs = {each.vpc_id for each in subnets if each is not None}
    return [each for vpc in sorted(vpcs) for each in holdings.endpoints_of(vpc, f"com.amazonaws.{region}.s3", region)]


def _image(holdings: Holdings, container: dict[str, Any], resolved: str | None, role: Any | None) -> Iterator[Problem]:
    image = container.get("Image")
    reference = image_reference(image) if image else None
    if image is None or reference is None:
        return  # another registry's
    reader = Reader(holdings, role)
    wanted = resolved or image
    found = reader.image(image_reference(wanted) or reference, wanted)
    if found is None:
        return  # of an account that isn't emulated: it can't be judged
    if found["digest"] is None:
        yield Problem("image", image, f"Requested image {wanted} not found.")
    if role is None:
        return
    decisions = {"ecr:GetAuthorizationToken": reader.own("ecr:GetAuthorizationToken", "*")}
    for action, says in sorted(found["says"].items()):
        decisions[action] = reader.may(found["account"], action, reference.repository_arn, says)
    for action, decision in decisions.items():
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


def _artifact(
    holdings: Holdings, url: str, container: dict[str, Any], role: Any | None, vpcs: Sequence[Any] = ()
) -> Iterator[Problem]:
    name = container.get("ContainerHostname", "container_1")
    words = (
        f'Failed to download model data for container "{name}" from URL: "{url}". Please ensure that there is an '
        "object located at the URL and that the role passed to CreateModel has permissions to download the object."
    )
    location = s3_location(url)
    prefix = is_prefix(container, url)
    reader = Reader(holdings, role)
    found = reader.objects(location, prefix=prefix) if location is not None else None
    if found is None or not found["found"]:
        yield Problem("artifact", url, words)
        return
    if role is not None and not prefix:
        for held in found["found"]:
            yield from unread(reader, found, held, words)
            for endpoint in vpcs:
                yield from _by_way_of(endpoint, reader, held["arn"], words)


def check_read(holdings: Holdings, role: Any, located: tuple[str, Any], words: str) -> Iterator[Problem]:
    """The role may read an object (its bucket's name, and moto's key), and decrypt it where KMS encrypted it."""
    reader = Reader(holdings, role)
    found = reader.objects((located[0], located[1].name))
    for held in found["found"] if found is not None else []:
        yield from unread(reader, found or {}, held, words)


def unread(reader: Reader, found: Mapping[str, Any], held: Mapping[str, Any], words: str) -> Iterator[Problem]:
    """The reader may read an object (as access.objects tells it), and decrypt it where KMS encrypted it."""
    for action, says in sorted(held["says"].items()):
        decision = reader.may(found["account"], action, held["arn"], says)
        if not decision.allowed:
            yield Problem("permission", action, f"{words} ({decision.reason})")
    with_key = reader.may_decrypt(held, found["account"], found["region"])
    if with_key is None:
        return
    key, decision = with_key
    if key["state"] != "Enabled":
        yield Problem("key", held["kms"], f"{words} (its KMS key {held['kms']} is {_called(key['state'])})")
    elif not decision.allowed:
        yield Problem("permission", "kms:Decrypt", f"{words} ({decision.reason})")


def _by_way_of(endpoint: Any, reader: Reader, arn: str, words: str) -> Iterator[Problem]:
    """The policy of a VPC's endpoint for Amazon S3 lets the artifact through.

    Source: "Give SageMaker AI Hosted Endpoints Access to Resources in Your Amazon VPC" (host-vpc): a custom policy of
    the endpoint has to allow the buckets that the model needs.
    """
    context = {"aws:SourceVpc": str(endpoint.vpc_id), "aws:SourceVpce": str(endpoint.id)}
    policy = endpoint.policy_document
    text = policy if isinstance(policy, str) else json.dumps(policy or {})
    verdict = said(text, Asked(reader.principal, "s3:GetObject", arn, context), f"policy of VPC endpoint {endpoint.id}")
    if verdict.outcome != ALLOW:
        yield Problem("VPC endpoint", str(endpoint.id), f"{words} ({verdict.reason})")


def _key(holdings: Holdings, named: str, region: str) -> list[Problem]:
    reader = Reader(holdings, None)
    found = reader.key(named, region, "kms:CreateGrant", {})
    if found["state"] == "Enabled":
        return []
    return [Problem("key", named, f"The KMS key {named} of the endpoint configuration is {_called(found['state'])}.")]


def _called(state: str | None) -> str:
    if state is None:
        return "gone"
    return {"Disabled": "disabled", "PendingDeletion": "pending deletion"}.get(state, state)
