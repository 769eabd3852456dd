"""What is looked at before a version is approved: whether it could be deployed, and by whom.

Each check answers with one finding; what can't be known is told as such and is no approval. Asked: ECR DescribeImages,
S3 HeadObject, KMS DescribeKey of this account's keys, S3 GetObject (one byte) of what others' keys encrypt, SageMaker
GetModelPackageGroupPolicy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from findings.finding import Finding
from guards import usage
from guards.errors import AccountUnknown
from guards.resource_policies import live_policy
from guards.shared_access import artifact_key, first_byte_is_there
from guards.usage import Node
from knowledge import arns
from knowledge.arns import parse_image
from knowledge.model_packages import SMOKE, containers_in, pinned_image, urls_of, version_of
from knowledge.policy_documents import MalformedDocumentError, foreign_principals

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from findings.finding import Outcome
    from guards.live import Account
    from knowledge.arns import Arn

    Answer = tuple[Outcome, str, str]
    """Outcome, message, fix."""

COMPLETE: Final = "version-is-complete"
IMAGES: Final = "version-images-are-pinned"
ARTIFACTS: Final = "version-artifacts-can-be-read"
POLICY: Final = "group-policy-leaves-approval-here"
SMOKE_TEST: Final = "version-passed-its-smoke-test"
# What Amazon S3 answers where KMS refuses for the key's state ("Key states of AWS KMS keys", AWS KMS Developer Guide).
_UNUSABLE = ("KMS.Disabled", "KMS.KMSInvalidState", "KMS.NotFound")
_RESERVED = ("sagemaker:UpdateModelPackage", "sagemaker:DeleteModelPackage", "sagemaker:PutModelPackageGroupPolicy")


def before_approval(account: Account, arn: str, described: Mapping[str, Any]) -> list[Finding]:
    """All checks of one version, in order."""
    return [_finding(account, name, check, arn, described) for name, check in CHECKS.items()]


def _finding(
    account: Account,
    name: str,
    check: Callable[[Account, str, Mapping[str, Any]], Answer],
    arn: str,
    described: Mapping[str, Any],
) -> Finding:
    try:
        outcome, message, fix = check(account, arn, described)
    except (AccountUnknown, MalformedDocumentError) as error:
        outcome, message, fix = "unknown", f"It could not be known. {error}", ""
    return Finding(
        source="check",
        name=name,
        outcome=outcome,
        severity="high",
        message=message,
        resource_type="AWS::SageMaker::ModelPackage",
        resource_name=arn.rpartition(":model-package/")[2],
        arn=arn,
        fix=fix,
    )


def _complete(_: Account, __: str, described: Mapping[str, Any]) -> Answer:
    status = described.get("ModelPackageStatus")
    if status != "Completed":
        return "violated", f"Its registration is {status}.", "Wait until it is Completed, or register it anew."
    if not containers_in(described):
        return "violated", "It has no container to run.", "Register a version with an inference specification."
    return "passed", "It is registered, with what an endpoint needs.", ""


def _images(account: Account, _: str, described: Mapping[str, Any]) -> Answer:
    own = account.identity()[0]
    for container in containers_in(described):
        text = pinned_image(container)
        image = parse_image(text)
        if not image.digest:
            fix = "Register it anew by digest (holdfast resolve tells it)."
            return "violated", f"Image {text} is named by tag, so what runs could change.", fix
        if image.account != own or image.region != account.region:
            continue  # of another registry its digest is all that can be said from here
        found = account.ask(
            "ecr",
            "describe_images",
            registryId=image.account,
            repositoryName=image.repository,
            imageIds=[{"imageDigest": image.digest}],
        )
        if not (found and found.get("imageDetails")):
            return "violated", f"Image {text} isn't in its repository.", "Push it again, or register another version."
    return "passed", "Its images are named by digest.", ""


def _artifacts(account: Account, _: str, described: Mapping[str, Any]) -> Answer:
    for url in urls_of(described):
        key = artifact_key(account, url)
        if key is None:
            return "violated", f"Nothing lies at {url}.", "Upload the artifact again, or register another version."
        arn = arns.parse(key)
        if arn is not None and not _usable(account, url, arn):
            return "violated", f"{url} is encrypted with {key}, which can't be used.", "Enable the key again."
    return "passed", "Its artifacts can be read.", ""


def _usable(account: Account, url: str, key: Arn) -> bool:
    """Whether an artifact's key decrypts it. Another account's is tried: it grants Decrypt, but no DescribeKey."""
    if key.account == account.identity()[0]:
        described = account.ask("kms", "describe_key", KeyId=str(key)) if key.region == account.region else None
        return key.region != account.region or bool(described and described["KeyMetadata"].get("Enabled", True))
    try:
        return first_byte_is_there(account, url)
    except AccountUnknown as error:
        if any(word in str(error) for word in _UNUSABLE):
            return False
        raise


def _policy(account: Account, arn: str, _: Mapping[str, Any]) -> Answer:
    place = version_of(arn)
    own = account.identity()[0]
    if place is None or place.account != own:
        return "not applicable", "The group is another account's; its policy can be read only there.", ""
    document = live_policy(account, Node(usage.PACKAGE_GROUP, place.name))
    for action in _RESERVED:
        resource = place.group_arn if "Group" in action else place.versions_arn
        if who := foreign_principals(document, action, resource, own=own):
            fix = "Name accounts and actions in the group's policy (modelPackageGroup makes such a one)."
            return "violated", f"The group's policy lets {', '.join(who[:3])} do {action}.", fix
    return "passed", "Nobody outside this account may change or delete its versions.", ""


def _smoke(_: Account, __: str, described: Mapping[str, Any]) -> Answer:
    said = str((described.get("CustomerMetadataProperties") or {}).get(SMOKE, ""))
    if not said:
        return "not applicable", f"No smoke test was recorded (property {SMOKE}).", ""
    if said.split(maxsplit=1)[0].strip(":;,.").lower() == "passed":
        return "passed", f"Smoke test: {said}.", ""
    return "violated", f"Smoke test: {said}.", "Mend the model, and register the next version."


CHECKS: Final[dict[str, Callable[[Account, str, Mapping[str, Any]], Answer]]] = {
    COMPLETE: _complete,
    IMAGES: _images,
    ARTIFACTS: _artifacts,
    POLICY: _policy,
    SMOKE_TEST: _smoke,
}
