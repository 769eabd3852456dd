"""What a job needs besides its network: role, registered containers, artifacts, images, payload and keys.

Sources: "Give Inference Recommender Jobs Access to Resources in Your Amazon VPC" (artifacts and image as the registry
wants them, and the payload, may not be limited to a VPC), "Troubleshoot Inference Recommender errors" (PayloadError:
not in Amazon S3, not a file, not of a valid type, empty; the role that can't be assumed), VolumeKmsKeyId and
OutputConfig of the API reference (kms:CreateGrant; kms:GenerateDataKey). When a job notices, and what it says beside
the quoted beginnings, are the emulation's own (docs/unverified.md).
"""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING, Any

from rehearsal.account import authorisation, dependencies
from rehearsal.account.errors import invalid
from rehearsal.account.holdings import ForeignKey, Holdings, image_reference, partition, s3_location
from rehearsal.account.inference import packages
from rehearsal.account.problems import Problem
from rehearsal.account.reach import PULL, Reader
from rehearsal.account.recommendations.access import OUTSIDE, Way, allowed
from rehearsal.account.recommendations.network import way

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.account.inference.service import Inference
    from rehearsal.account.recommendations.records import Job

UNASSUMABLE = "Provided role ARN cannot be assumed and an AWSSecurityTokenServiceException error occurred."
_PAYLOAD = "PayloadError when calling InvokeEndpoint operation: "


def definition(inference: Inference, region: str, at: float, wanted: dict[str, Any]) -> dict[str, Any]:
    """What the registered version says, or the model in its place; raises Refusal when there is none.

    The version needs no approval ("Prerequisites": "You do not need to approve the model package").
    """
    from rehearsal.account.inference.service import Request

    named = wanted.get("ModelPackageVersionArn")
    if named:
        package = packages.find(inference, Request(region, {}, at, None), named)
        if package.version is None:
            raise invalid(f"ModelPackage {package.arn} is not versioned; a versioned model package is required.")
        return package.definition
    model = inference.models(region).get(wanted["ModelName"])
    if model is None:
        raise inference.missing(region, "model", wanted["ModelName"])
    return {"InferenceSpecification": {"Containers": model.containers}}


def containers(held: dict[str, Any], name: str | None) -> list[dict[str, Any]]:
    """The containers of a version's specification, or of an additional one by its name."""
    if name is None:
        return list((held.get("InferenceSpecification") or {}).get("Containers") or [])
    for each in held.get("AdditionalInferenceSpecifications") or []:
        if each["Name"] == name:
            return list(each["Containers"])
    raise invalid(f"InferenceSpecificationName {name} does not exist in the model package.")


def identity(holdings: Holdings, container: dict[str, Any]) -> tuple[str, ...]:
    """What tells one container from another wherever they lie: the image's digest, and what the artifacts are."""
    image = container.get("Image", "")
    told = [container.get("ImageDigest") or image.partition("@")[2] or image]
    for url in dependencies.artifact_urls(container):
        location = s3_location(url)
        held = holdings.object(*location) if location is not None else None
        told.append(str(held.etag) if held is not None else url)
    return tuple(told)


def payload_url(held: dict[str, Any], wanted: dict[str, Any]) -> str | None:
    """Where the sample payload lies: what ContainerConfig says, or the version."""
    config = (wanted.get("ContainerConfig") or {}).get("PayloadConfig") or {}
    return config.get("SamplePayloadUrl") or held.get("SamplePayloadUrl")


def check_described(held: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Refuses a version that lacks a mandatory field (the words are those of the page on troubleshooting)."""
    config = wanted.get("ContainerConfig") or {}
    named = str(wanted.get("ModelPackageVersionArn", "")).rpartition("/")[2]
    where = f"Model Package version {named}" if named else "ContainerConfig"
    frameworks = [each.get("Framework") for each in containers(held, None)]
    if not (config.get("Domain") or held.get("Domain")):
        raise invalid(f"Specify Domain in the {where}. Domain is a mandatory parameter for the job.")
    if not (config.get("Framework") or all(frameworks)):
        raise invalid(f"Specify Framework in the {where}. Framework is a mandatory parameter for the job.")
    if not payload_url(held, wanted) and not wanted.get("Endpoints"):
        raise invalid(
            f"Specify SamplePayloadUrl in the {where}. SamplePayloadUrl is a mandatory parameter for the job."
        )


def check_role(holdings: Holdings, arn: str) -> None:
    """Refuses a role that SageMaker can't assume."""
    for _ in dependencies.check_role(holdings, arn):
        raise invalid(UNASSUMABLE)


def lacking(inference: Inference, job: Job, at: float) -> list[Problem]:
    """What a job lacks when it begins: it reads everything once from outside the VPC, as the registry did."""
    from rehearsal.account.errors import Refusal

    holdings = inference.holdings
    role = holdings.role(job.role)
    if role is None or list(dependencies.check_role(holdings, job.role)):
        return [Problem("role", job.role, UNASSUMABLE)]
    try:
        held = definition(inference, job.region, at, job.wanted)
        names = [each.get("InferenceSpecificationName") for each in job.wanted.get("EndpointConfigurations") or []]
        found = [each for name in dict.fromkeys([None, *names]) for each in containers(held, name)]
    except Refusal as refusal:
        return [Problem("model package", str(job.package), refusal.message)]
    problems: list[Problem] = []
    for container in found:
        problems += _container(holdings, role, container, OUTSIDE)
    problems += _payload(holdings, role, payload_url(held, job.wanted))
    return problems + list(_keys(holdings, job, role))


def lacking_inside(inference: Inference, job: Job, chosen: list[dict[str, Any]]) -> list[Problem]:
    """What an instance lacks that fetches its artifact from within the VPC, subnet by subnet."""
    holdings = inference.holdings
    role = holdings.role(job.role)
    if role is None:
        return [Problem("role", job.role, UNASSUMABLE)]
    ways = [
        way(holdings, subnet, job.region)
        for name in job.vpc.get("Subnets") or []
        if (subnet := holdings.subnet(name, job.region)) is not None
    ] or [OUTSIDE]
    return [
        problem
        for one in dict.fromkeys(each for each in ways if each is not None)
        for container in chosen
        for problem in _container(holdings, role, container, one)
    ]


def _container(holdings: Holdings, role: Any, container: dict[str, Any], by: Way) -> Iterator[Problem]:
    for url in dependencies.artifact_urls(container):
        location = s3_location(url)
        if location is not None:
            yield from _object(holdings, role, location, f'Failed to download model data from URL: "{url}".', by)
    yield from dependencies.examine_container(holdings, container, role)
    reference = image_reference(container.get("Image", ""))
    if reference is None or by.endpoint or reference.account != holdings.account:
        return
    repository = holdings.repository(reference)
    if repository is None:
        return
    for action in PULL:
        decision = allowed(role, (action, reference.repository_arn), repository.policy, by)
        if not decision.allowed:
            yield Problem(
                "image", container["Image"], f"Failed to pull the image '{container['Image']}'. ({decision.reason})"
            )


def _object(holdings: Holdings, role: Any, location: tuple[str, str], words: str, by: Way) -> Iterator[Problem]:
    """The role may read an object by this way, as far as the bucket's policy has a say."""
    bucket, key = location
    held = holdings.bucket(bucket)
    if held is None:
        return  # another account's bucket can't be judged from here
    policy = held.policy.decode() if isinstance(held.policy, bytes) else held.policy
    arn = f"arn:{partition(str(held.region_name))}:s3:::{bucket}/{key}"
    decision = allowed(role, ("s3:GetObject", arn), policy, by)
    if not decision.allowed:
        yield Problem("access", arn, f"{words} ({decision.reason})")


def _payload(holdings: Holdings, role: Any, url: str | None) -> Iterator[Problem]:
    if url is None:
        return  # a job on an endpoint that exists sends what it got at its registration, if anything
    location = s3_location(url)
    reader = Reader(holdings, role)
    found = reader.objects(location) if location is not None else None
    if location is None or found is None or not found["found"]:
        yield Problem("payload", url, f"{_PAYLOAD}there is no object at the sample payload URL {url}.")
        return
    words = f"{_PAYLOAD}the sample payload at {url} can't be read."
    yield from _object(holdings, role, location, words, OUTSIDE)
    yield from dependencies.unread(reader, found, found["found"][0], words)
    held = holdings.object(*location)  # what another account holds isn't opened here
    wrong = not_an_archive(held.value) if held is not None else None
    if wrong:
        yield Problem("payload", url, f"{_PAYLOAD}the sample payload at {url} {wrong}.")


def not_an_archive(content: bytes) -> str | None:
    """What is wrong with a sample payload that has to be "a single gzip compressed tar archive", or None."""
    if not content:
        return "is empty"
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
            sizes = [member.size for member in archive if member.isfile()]
    except (tarfile.TarError, OSError, EOFError):
        return "is not a gzip compressed tar archive (.tar.gz)"
    if not sizes or not any(sizes):
        return "has no file with content in it"
    return None


def _keys(holdings: Holdings, job: Job, role: Any) -> Iterator[Problem]:
    volume = job.wanted.get("VolumeKmsKeyId")
    if volume:
        yield from _key(holdings, job, role, volume, "kms:CreateGrant")
    output = (job.definition.get("OutputConfig") or {}).get("KmsKeyId")
    if output:
        yield from _key(holdings, job, role, output, "kms:GenerateDataKey")


def _key(holdings: Holdings, job: Job, role: Any, named: str, action: str) -> Iterator[Problem]:
    key = holdings.key(named, job.region)
    if key is None or key.key_state != "Enabled":
        state = "does not exist" if key is None else f"is {key.key_state}"
        yield Problem("key", named, f"The KMS key {named} {state}.")
        return
    if isinstance(key, ForeignKey):
        return
    decision = authorisation.key_policy_allows(key.policy, holdings.account, role.arn, action)
    if decision.reason == "iam":
        context = {"kms:GrantIsForAWSResource": "true", "kms:ViaService": f"sagemaker.{job.region}.amazonaws.com"}
        decision = authorisation.authorise(role, action, key.arn, context)
    if not decision.allowed:
        yield Problem(
            "permission", action, f"The role '{role.arn}' may not use the KMS key {named}. ({decision.reason})"
        )
