"""A thing that doesn't exist can't stay: a model is made only of an image and an artifact that are there.

Sources: CreateModel (SageMaker API reference) doesn't check either; the endpoint fails later, when its instances pull
the image and download the artifact. Asked: ECR DescribeImages, S3 HeadObject, ListObjectsV2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from guards import kinds, usage
from guards.deletions import describe, finding
from guards.errors import AccountUnknown
from guards.references import of_configuration, of_model
from guards.values import Unknown
from knowledge import arns
from knowledge.arns import parse_image, parse_s3

if TYPE_CHECKING:
    from collections.abc import Iterable

    from guards.judge import Judge
    from guards.live import Account
    from guards.plan import Operation
    from guards.references import Reference
    from guards.report import Report
    from knowledge.arns import Image

GUARD = "model-refers-to-what-exists"
PLACE = "reference-is-of-the-right-place"
_SERVICE_OF = {
    usage.KEY: "kms",
    usage.ROLE: "iam",
    usage.FUNCTION: "lambda",
    usage.PACKAGE: "sagemaker",
}
_OUT_OF_SIGHT = ("AccessDenied", "answered 403")


def judge_model(operation: Operation, judge: Judge, report: Report) -> None:
    """Refuse a new model whose image or artifact is missing, as far as this identity may see it."""
    _judge_places(operation, "model", of_model(operation.new_inputs), judge, report)
    for reference in of_model(operation.new_inputs):
        if isinstance(reference.value, Unknown) or not reference.value:
            continue
        text = str(reference.value)
        try:
            missing, fix = missing_reference(reference.kind, text, judge)
        except AccountUnknown as error:
            # Another account's image or artifact that only the execution role may read can't be judged from here.
            if _foreign(text, judge.account()) and any(word in str(error) for word in _OUT_OF_SIGHT):
                continue
            raise
        if missing:
            report.give(
                finding(
                    operation,
                    GUARD,
                    f"{describe(operation, 'model')}: {reference.field} is {text}, but {missing}. An endpoint of this "
                    "model could not start.",
                    severity="high",
                    fix=fix,
                )
            )


def missing_reference(kind: str, text: str, judge: Judge) -> tuple[str, str]:
    """What is missing of an image or artifact, and what to do; two empty texts when it is there, or is none of them."""
    if kind == usage.IMAGE:
        return _image(text, judge)
    return _artifact(text, judge) if kind == usage.ARTIFACT else ("", "")


def judge_configuration(operation: Operation, judge: Judge, report: Report) -> None:
    """Refuse a new endpoint configuration that names something of the wrong service or place."""
    _judge_places(operation, "endpoint configuration", of_configuration(operation.new_inputs), judge, report)


def _judge_places(
    operation: Operation, label: str, references: Iterable[Reference], judge: Judge, report: Report
) -> None:
    """Refuse an ARN of another service or partition, or of a key in another Region: AWS could make nothing of it."""
    for reference in references:
        arn = arns.parse(reference.value)
        service = _SERVICE_OF.get(reference.kind)
        if arn is None or service is None:
            continue
        account = judge.account()
        partition = account.identity()[1]
        outcome, wrong, fix = "violated", "", "Set it to the ARN of what is meant."
        if arn.service != service:
            wrong = f"which is an ARN of service {arn.service}; here belongs one of {service}"
        elif arn.partition != partition:
            wrong = f"which is in partition {arn.partition}; the guards' session is in {partition}"
        elif reference.kind == usage.KEY and arn.region != account.region:
            outcome = "unknown"
            wrong = f"a key in Region {arn.region}, and the guards look in {account.region}: an endpoint's key lies in "
            wrong += "its own Region"
            fix = f"Name a key of the endpoint's Region; if that is {arn.region}, set AWS_REGION={arn.region}."
        if wrong:
            message = f"{describe(operation, label)}: {reference.field} is {reference.value}, {wrong}."
            report.give(finding(operation, PLACE, message, outcome=outcome, severity="high", fix=fix))


def _foreign(text: str, account: Account) -> bool:
    image = parse_image(text)
    return not image.is_ecr or image.account != account.identity()[0]


def _image(text: str, judge: Judge) -> tuple[str, str]:
    image = parse_image(text)
    if not image.is_ecr:
        return "", ""
    account = judge.account()
    if image.region != account.region or image.account != account.identity()[0]:
        return "", ""  # another registry may be closed to the deploying identity and open to the role
    chosen = {"imageDigest": image.digest} if image.digest else {"imageTag": image.tag or "latest"}
    if account.remembered("image", text, read=lambda: _found(account, image, chosen)):
        return "", ""
    planned = any(
        (judge.plan.name(one.urn) or one.inputs.get("name")) == image.repository
        for one in judge.plan.of(kinds.REPOSITORY)
    )
    where = f"repository {image.repository} of registry {image.account} ({image.region})"
    if planned and judge.dry_run:
        return "", ""  # the repository is made, and may be filled, in this run
    return f"{where} holds no such image", "Push the image first, or set image to a digest that the repository holds."


def _found(account: Account, image: Image, chosen: dict[str, str]) -> bool | None:
    answer = account.ask(
        "ecr", "describe_images", registryId=image.account, repositoryName=image.repository, imageIds=[chosen]
    )
    return True if answer and answer.get("imageDetails") else None


def _artifact(text: str, judge: Judge) -> tuple[str, str]:
    location = parse_s3(text)
    if location is None:
        return "", ""
    account = judge.account()
    if location.is_prefix:
        listed = account.ask("s3", "list_objects_v2", Bucket=location.bucket, Prefix=location.key, MaxKeys=1)
        there = bool(listed and listed.get("Contents"))
    else:
        there = account.ask("s3", "head_object", Bucket=location.bucket, Key=location.key) is not None
    if there or (judge.dry_run and _planned_object(location.bucket, location.key, judge)):
        return "", ""
    return "nothing lies there", "Upload the artifact first, or set artifact to what is there."


def _planned_object(bucket: str, key: str, judge: Judge) -> bool:
    """Whether an object of this run will be it (an unknown bucket or key may be)."""
    for one in judge.plan.of(*kinds.TYPES_OF[usage.ARTIFACT]):
        has = one.inputs.get("bucket"), one.inputs.get("key")
        bucket_fits = isinstance(has[0], Unknown) or has[0] == bucket
        planned_key = has[1] if has[1] is not None else kinds.name_of(one.urn)
        if bucket_fits and (isinstance(planned_key, Unknown) or str(planned_key).lstrip("/").startswith(key)):
            return True
    return False
