"""What is deployed from the Model Registry is approved, and this account may read what it is made of.

Source: "Deploy a Model in the Model Registry", also from a different account (SageMaker Developer Guide). Asked:
SageMaker DescribeModelPackage; of what another account shares ECR BatchGetImage, S3 GetObject (one byte), KMS
DescribeKey: whether it may be read is known only by reading it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from guards import kinds, usage
from guards.deletions import describe, finding
from guards.errors import AccountUnknown
from guards.existence import missing_reference
from guards.references import of_configuration, of_model, of_package
from guards.shared_access import first_byte_is_there
from guards.values import Unknown
from knowledge import arns
from knowledge.arns import parse_image
from knowledge.model_packages import (
    APPROVED,
    ARTIFACT_KEY,
    PENDING,
    containers_in,
    deployable,
    pinned_image,
    version_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from guards.judge import Judge
    from guards.live import Account
    from guards.plan import Operation, Registration
    from guards.references import Reference
    from guards.report import Report

APPROVAL = "model-package-is-approved"
READABLE = "model-package-can-be-run"
DECRYPT = "kms:Decrypt"
_DENIED = ("AccessDenied", "answered 403", "not authorized")
_OPEN = (
    "Name this account as a deploying one where the version was trained (modelVersion.deployingAccounts), and allow "
    "the deploying identity and the execution role the same."
)
_APPROVE = "Let somebody approve it (holdfast approve <version> --reason ...), or deploy one that is approved."


def judge_model(operation: Operation, judge: Judge, report: Report) -> None:
    """Refuse a new model of a version that isn't approved, or that this account may not run."""
    for reference in of_model(operation.new_inputs):
        if reference.kind == usage.PACKAGE and (reference.value or isinstance(reference.value, Unknown)):
            described = _approved(operation, "model", reference, judge, report)
            if described is not None:
                from guards.packaged_rights import judge_role

                arn = str(reference.value)
                if _readable(operation, arn, described, judge, report):
                    judge_role(operation, arn, described, judge, report)


def judge_configuration(operation: Operation, judge: Judge, report: Report) -> None:
    """Refuse a configuration with a model that was made before, of a version that isn't approved any more."""
    for model in _models(operation.new_inputs, judge):
        if model.urn not in judge.plan.created:
            _judge_model_of(operation, "endpoint configuration", model, judge, report)


def judge_endpoint_update(operation: Operation, judge: Judge, report: Report) -> None:
    """Right before an endpoint moves: the versions it moves to are still approved."""
    name = operation.new_inputs.get("endpointConfigName")
    if name == operation.old("endpointConfigName") or not isinstance(name, str):
        return  # in a preview its models have been judged by themselves
    planned = judge.plan.named(usage.CONFIGURATION, name)
    described = planned.inputs if planned else judge.account().configuration(name) or {}
    for model in _models(described, judge):
        if not judge.dry_run or model.urn not in judge.plan.created:
            _judge_model_of(operation, "endpoint", model, judge, report)


def _judge_model_of(operation: Operation, label: str, model: Registration, judge: Judge, report: Report) -> None:
    for reference in of_model(model.inputs):
        if reference.kind == usage.PACKAGE and isinstance(reference.value, str) and reference.value:
            _approved(operation, label, reference, judge, report)


def _models(described: Mapping[str, Any], judge: Judge) -> Iterator[Registration]:
    """The models that a configuration names: as registered in this run, else as the account describes them."""
    from guards.plan import Registration

    for reference in of_configuration(described):
        if reference.kind != usage.MODEL or not isinstance(reference.value, str) or not reference.value:
            continue
        planned = judge.plan.named(usage.MODEL, reference.value)
        if planned is not None:
            yield planned
        elif (found := judge.account().model(reference.value)) is not None:
            yield Registration("", kinds.MODEL, found)


# --- approval -----------------------------------------------------------------------------------------------------


def _approved(
    operation: Operation, label: str, reference: Reference, judge: Judge, report: Report
) -> dict[str, Any] | None:
    """The version as SageMaker describes it, when it may be deployed; else what stands against it is reported."""

    def refuse(name: str, why: str, fix: str, outcome: str = "violated") -> None:
        message = f"{describe(operation, label)} is made from {named}, but {why}."
        report.give(finding(operation, name, message, outcome=outcome, severity="critical", fix=fix))

    if isinstance(reference.value, Unknown):
        named = "a version that this run registers"
        registered = judge.plan.candidates(_registration(operation, judge), reference.value, usage.PACKAGE)
        approvals = {_approval_of(one) for one in registered}
        if approvals and approvals != {APPROVED}:
            refuse(APPROVAL, f"it is registered as {', '.join(sorted(approvals - {APPROVED}))}", _APPROVE)
        return None
    named = f"model package {reference.value}"
    account = judge.account()
    arn = arns.parse(reference.value)
    if arn is not None and arn.region != account.region:
        why = f"it is in Region {arn.region}, and models are made in {account.region}"
        refuse(READABLE, why, "Register the version in the endpoint's Region.")
        return None
    try:
        described = account.ask("sagemaker", "describe_model_package", ModelPackageName=reference.value)
    except AccountUnknown as error:
        if arn is None or arn.account == account.identity()[0] or not is_denied(error):
            raise
        refuse(
            READABLE,
            f"account {account.identity()[0]} is denied sagemaker:DescribeModelPackage on it: the group policy of "
            f"account {arn.account} lacks the statement for deploying account {account.identity()[0]}, or this "
            "identity's own policies do",
            "Name this account in the group's policy (modelPackageGroup.deployingAccounts there), and allow the "
            "deploying identity the same (DeployingAccountAccess).",
        )
        return None
    if described is None:
        refuse(READABLE, "there is no such version", "Name one that holdfast versions lists.")
        return None
    if why := deployable(described):
        refuse(APPROVAL, why, _APPROVE)
        return None
    found: dict[str, Any] = described
    return found


def _registration(operation: Operation, judge: Judge) -> Registration:
    return judge.plan.registrations[operation.urn]


def _approval_of(registration: Registration) -> str:
    state = state_in(registration.inputs.get("desiredState"))
    return str((state or {}).get("ModelApprovalStatus", PENDING))


def state_in(text: Any) -> dict[str, Any] | None:
    """A desired state; None while it isn't known, or when it is none."""
    try:
        found = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def is_denied(error: AccountUnknown) -> bool:
    """Whether the account could be asked, and said no."""
    return any(word in str(error) for word in _DENIED)


# --- what it is made of -------------------------------------------------------------------------------------------


def _readable(operation: Operation, arn: str, described: dict[str, Any], judge: Judge, report: Report) -> bool:
    """Whether image, artifact and key are there, and another account lets this one read them."""
    account = judge.account()
    own = account.identity()[0]
    place = version_of(arn)
    abroad = place is not None and place.account != own
    abroad = abroad or any(parse_image(pinned_image(one)).account not in {own, ""} for one in containers_in(described))
    wrong: tuple[str, str] | None = None
    for reference in of_package(described):
        if reference.kind not in {usage.IMAGE, usage.ARTIFACT} or not isinstance(reference.value, str):
            continue
        try:
            wrong = _shared(reference, account) if abroad else missing_reference(reference.kind, reference.value, judge)
        except AccountUnknown as error:
            if not abroad or not is_denied(error):
                raise
            wrong = _withheld(reference, described, own, str(error))
        if wrong and wrong[0]:
            break
    if abroad and not (wrong and wrong[0]):
        wrong = _key_withheld(described, account)
    if not wrong or not wrong[0]:
        return True
    message = f"{describe(operation, 'model')} is made from model package {arn}, but {wrong[0]}."
    report.give(finding(operation, READABLE, message, severity="high", fix=wrong[1]))
    return False


def _shared(reference: Reference, account: Account) -> tuple[str, str] | None:
    """Read it, as the model will have to; what is missing altogether is told."""
    text = str(reference.value)
    if reference.kind == usage.IMAGE:
        image = parse_image(text)
        if not image.is_ecr or image.region != account.region:
            return None
        chosen = {"imageDigest": image.digest} if image.digest else {"imageTag": image.tag or "latest"}
        found = account.ask(
            "ecr", "batch_get_image", registryId=image.account, repositoryName=image.repository, imageIds=[chosen]
        )
        if found and found.get("images"):
            return None
        return f"its image {text} isn't there", f"Push it to account {image.account} again."
    if first_byte_is_there(account, text):
        return None
    return f"its artifact {text} isn't there", "Upload it again, or deploy another version."


def _withheld(reference: Reference, described: Mapping[str, Any], own: str, said: str) -> tuple[str, str]:
    """What is missing. Which of the two sides lacks it, AWS's answer to a caller of another account doesn't say."""
    text = str(reference.value)
    if reference.kind == usage.IMAGE:
        what, holder = f"ecr:BatchGetImage on {parse_image(text).repository_arn}", "repository policy"
        subject = "its image"
    elif DECRYPT in said:
        key = _key_of(described) or "the key of the artifact"
        what, holder, subject = f"{DECRYPT} on {key}", "key policy (or a grant)", f"its artifact {text}"
    else:
        what, holder, subject = f"s3:GetObject on {text}", "bucket policy", "its artifact"
    where = (
        f"the {holder} in the training account lacks the statement for account {own}, or this identity's policies do"
    )
    return f"account {own} is denied {subject}: {what} ({where})", _OPEN


def _key_of(described: Mapping[str, Any]) -> str:
    return str((described.get("CustomerMetadataProperties") or {}).get(ARTIFACT_KEY, ""))


def _key_withheld(described: Mapping[str, Any], account: Account) -> tuple[str, str] | None:
    """Whether the key that the version names lets this account use it."""
    key = _key_of(described)
    arn = arns.parse(key)
    if arn is None or arn.service != "kms" or arn.region != account.region:
        return None
    own = account.identity()[0]
    try:
        found = account.ask("kms", "describe_key", KeyId=key)
    except AccountUnknown as error:
        if arn.account == own or not is_denied(error):
            raise
        where = f"the key policy of account {arn.account} lacks the statement for account {own}, or this identity's do"
        return f"account {own} is denied kms:DescribeKey on the key {key} of its artifact ({where})", _OPEN
    if found is None or not found["KeyMetadata"].get("Enabled", True):
        return f"the key {key} of its artifact can't be used", "Enable the key again."
    return None
