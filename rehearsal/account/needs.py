"""What a call must be allowed: its actions, the ARNs they are judged on, and whose policy has a say.

Source: "Actions, resources, and condition keys for AWS services" (Service Authorization Reference) for SageMaker,
Amazon S3, Amazon ECR and AWS KMS; iam:PassRole of CreateModel ("Amazon SageMaker API Permissions"). Of other services
nothing is judged. ListModelPackages may be allowed on the group or on its versions: the reference names the former,
AWS's page on cross-account deployment the latter.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rehearsal.account.holdings import partition

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rehearsal.account.calls import Call
    from rehearsal.account.inference.service import Inference

# S3's operations whose permission has another name.
_S3 = {
    "HeadObject": "GetObject",
    "HeadBucket": "ListBucket",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "ListBuckets": "ListAllMyBuckets",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "CompleteMultipartUpload": "PutObject",
    "DeleteObjects": "DeleteObject",
}
_SAGEMAKER = {
    "EndpointName": "endpoint",
    "EndpointConfigName": "endpoint-config",
    "ModelName": "model",
    "ModelPackageName": "model-package",
    "ModelPackageArn": "model-package",
    "ModelPackageGroupName": "model-package-group",
    "ResourceArn": "",
}
_KEY_LESS = {"CreateKey", "ListKeys", "ListAliases", "GenerateRandom"}


@dataclass(frozen=True)
class Need:
    """One permission.

    Attributes:
        action: `sagemaker:CreateModel`.
        resources: ARNs, of which one must be allowed; the first is told in a refusal.
        holder: kind and name of what has a policy of its own: bucket, repository, key, group or role.
        context: condition keys beside those that tell who asks.

    """

    action: str
    resources: tuple[str, ...]
    holder: tuple[str, str] | None = None
    context: Mapping[str, str] = field(default_factory=dict)

    @property
    def owner(self) -> str:
        """The account in its ARN; "" where it has none (buckets, `*`)."""
        parts = self.resources[0].split(":")
        return parts[4] if len(parts) > 4 else ""  # noqa: PLR2004 - where an ARN has its account


def of(call: Call, inference: Inference) -> list[Need]:
    """What a call needs; nothing for services that aren't judged."""
    if call.service == "sagemaker":
        return list(_of_sagemaker(call, inference))
    if call.service == "s3":
        return [_of_s3(call)]
    if call.service == "ecr":
        return [_of_ecr(call, inference.account)]
    if call.service == "kms":
        return [_of_kms(call, inference.account)]
    if (call.service, call.action) == ("sts", "AssumeRole"):
        arn = str(call.parameters.get("RoleArn", ""))
        context = {"sts:ExternalId": str(call.parameters["ExternalId"])} if call.parameters.get("ExternalId") else {}
        return [Need("sts:AssumeRole", (arn,), ("role", arn), context)]
    return []


def sagemaker_arn(call: Call, account: str, kind: str, named: str) -> str:
    """An ARN as it was given, or of something of this account by name."""
    if named.startswith("arn:"):
        return named
    return f"arn:{partition(call.region)}:sagemaker:{call.region}:{account}:{kind}/{named.lower()}"


def group_named(arn: str) -> str:
    """Name of the group that an ARN of a group or of a version names."""
    return arn.rpartition(":")[2].split("/")[1] if "/" in arn else ""


def _of_sagemaker(call: Call, inference: Inference) -> Iterator[Need]:
    given, action = call.parameters, f"sagemaker:{call.action}"
    if call.action == "CreateModelPackage" and given.get("ModelPackageGroupName"):
        yield _of_version(call, inference, action)
        return
    name = next((each for each in _SAGEMAKER if given.get(each)), None)
    if name is None:
        yield Need(action, ("*",))
        return
    arn = sagemaker_arn(call, inference.account, _SAGEMAKER[name], str(given[name]))
    holder = ("group", group_named(arn)) if ":model-package" in arn and arn.count("/") > 0 else None
    resources: tuple[str, ...] = (arn,)
    if call.action == "ListModelPackages":
        resources = (arn, arn.replace(":model-package-group/", ":model-package/") + "/*")
    yield Need(action, resources, holder)
    if call.action != "CreateModel":
        return
    if given.get("ExecutionRoleArn"):
        context = {"iam:PassedToService": "sagemaker.amazonaws.com"}
        yield Need("iam:PassRole", (str(given["ExecutionRoleArn"]),), context=context)
    for container in [given.get("PrimaryContainer") or {}, *(given.get("Containers") or [])]:
        package = str(container.get("ModelPackageName", ""))
        if package.startswith("arn:") and package.split(":")[4] != inference.account:
            yield Need("sagemaker:CreateModel", (package,), ("group", group_named(package)))


def _of_version(call: Call, inference: Inference, action: str) -> Need:
    """CreateModelPackage is judged on the version that is to be made (the page's policy names `<group>/*`)."""
    group = sagemaker_arn(call, inference.account, "model-package-group", str(call.parameters["ModelPackageGroupName"]))
    name = group_named(group)
    held = next((each for each in inference.region(call.region).groups.values() if each.arn == group), None)
    number = held.versions + 1 if held is not None else 1
    return Need(action, (f"{group.replace(':model-package-group/', ':model-package/')}/{number}",), ("group", name))


def _of_s3(call: Call) -> Need:
    bucket, key = call.parameters.get("Bucket"), call.parameters.get("Key")
    action = f"s3:{_S3.get(call.action, call.action)}"
    if not bucket:
        return Need(action, ("*",))
    arn = f"arn:{partition(call.region)}:s3:::{bucket}"
    keyed = f"{arn}/{key}" if key and action != "s3:ListBucket" else arn
    return Need(action, (f"{arn}/*" if call.action == "DeleteObjects" else keyed,), ("bucket", str(bucket)))


def _of_ecr(call: Call, account: str) -> Need:
    name = call.parameters.get("repositoryName")
    registry = str(call.parameters.get("registryId") or account)
    if not name:
        return Need(f"ecr:{call.action}", ("*",))
    arn = f"arn:{partition(call.region)}:ecr:{call.region}:{registry}:repository/{name}"
    return Need(f"ecr:{call.action}", (arn,), ("repository", str(name)))


def _of_kms(call: Call, account: str) -> Need:
    named: Any = call.parameters.get("KeyId") or call.parameters.get("TargetKeyId")
    if call.action in _KEY_LESS or not isinstance(named, str):
        return Need(f"kms:{call.action}", ("*",))
    arn = named
    if not named.startswith("arn:"):
        kind = named if named.startswith("alias/") else f"key/{named}"
        arn = f"arn:{partition(call.region)}:kms:{call.region}:{account}:{kind}"
    return Need(f"kms:{call.action}", (arn,), ("key", named))
