"""What each account of a cross-account model registry has to allow: the needs, the documents that meet them, the gaps.

Three sides: the *training* account has image, artifact and key, and registers; the *registry* account has the group;
the *deploying* account makes models of its versions. Sources: "Register a Model Version from a Different Account" and
"Deploy a Model Version from a Different Account" (SageMaker Developer Guide, model-registry-version,
model-registry-deploy), whose examples are mended here; "Cross-account policy evaluation logic" (IAM User Guide): both
the caller's account and the resource's have to allow; "Allowing users in other accounts to use a KMS key" (AWS KMS).

One statement for each reader and document: without it, that reader can't do its part at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from knowledge.arns import parse, parse_image, parse_s3
from knowledge.permissions import PULL_IMAGE
from knowledge.policy_documents import Outcome, evaluate, foreign_principals, statements_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from knowledge.model_packages import Place
    from knowledge.policy_documents import Document

Part = Literal["registry", "deploying"]
Holder = Literal["repository policy", "bucket policy", "key policy", "group policy"]

READ_IMAGE: Final[dict[str, tuple[str, ...]]] = {
    "registry": ("ecr:BatchGetImage", "ecr:DescribeImages", "ecr:DescribeRepositories"),
    "deploying": (*sorted(PULL_IMAGE), "ecr:DescribeImages"),
}
READ_ARTIFACT: Final[dict[str, tuple[str, ...]]] = {
    "registry": ("s3:GetObject", "s3:GetObjectAcl", "s3:GetBucketAcl"),
    "deploying": ("s3:GetObject", "s3:ListBucket"),
}
USE_KEY: Final[dict[str, tuple[str, ...]]] = {
    "registry": ("kms:Decrypt", "kms:GenerateDataKey"),
    "deploying": ("kms:Decrypt", "kms:DescribeKey"),
}
GRANT_OPERATIONS: Final = {
    part: tuple(action.removeprefix("kms:") for action in actions) for part, actions in USE_KEY.items()
}
READ_GROUP: Final = ("sagemaker:DescribeModelPackageGroup", "sagemaker:ListModelPackages")
REGISTER: Final = ("sagemaker:CreateModelPackage", "sagemaker:DescribeModelPackage", *READ_GROUP)
DEPLOY: Final = ("sagemaker:CreateModel", "sagemaker:DescribeModelPackage", *READ_GROUP)
_ACCOUNT = re.compile(r"\d{12}")
_OF_BUCKET: Final = frozenset({"s3:GetBucketAcl", "s3:ListBucket"})


def account_problem(text: str) -> str:
    """What is wrong with an account id; "" for twelve digits."""
    return "" if _ACCOUNT.fullmatch(text) else f"{text!r} is no account: an AWS account id has 12 digits"


def root(account: str, partition: str = "aws") -> str:
    """The principal that stands for an account, by which its own IAM policies decide."""
    return f"arn:{partition}:iam::{account}:root"


@dataclass(frozen=True)
class Reader:
    """An account, and what it does with a model of another: the `registry` that lists it, or one `deploying` it."""

    account: str
    part: Part

    @property
    def words(self) -> str:
        """`registry account 111111111111`."""
        return f"{self.part} account {self.account}"


def _statement(sid: str, account: str, partition: str, actions: Iterable[str], resource: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"AWS": root(account, partition)},
        "Action": sorted(actions),
    }
    return made if resource is None else {**made, "Resource": resource}


def _document(statements: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


# --- documents ----------------------------------------------------------------------------------------------------


def repository_policy(readers: Sequence[Reader], partition: str = "aws") -> dict[str, Any]:
    """Of an ECR repository, which takes no Resource: each reader may pull its images."""
    return _document(
        _statement(f"{one.part.title()}{one.account}ReadsImages", one.account, partition, READ_IMAGE[one.part], None)
        for one in readers
    )


def bucket_policy(readers: Sequence[Reader], bucket: str, partition: str = "aws") -> dict[str, Any]:
    """Of the artifacts' bucket: each reader may read what is in it, over TLS as everybody."""
    arn = f"arn:{partition}:s3:::{bucket}"
    return _document(
        _statement(
            f"{one.part.title()}{one.account}ReadsArtifacts",
            one.account,
            partition,
            READ_ARTIFACT[one.part],
            [arn, f"{arn}/*"],
        )
        for one in readers
    )


def key_statements(readers: Sequence[Reader], partition: str = "aws") -> list[dict[str, Any]]:
    """For the policy of the key that encrypts the artifacts: each reader may decrypt (its own policies decide who)."""
    return [
        _statement(f"{one.part.title()}{one.account}UsesTheKey", one.account, partition, USE_KEY[one.part], "*")
        for one in readers
    ]


def group_policy(group: Place, training: Sequence[str], deploying: Sequence[str]) -> dict[str, Any]:
    """Of the model package group: training accounts may register, deploying ones make models; neither may approve."""
    resources = [group.group_arn, group.versions_arn]
    register = (
        _statement(f"Training{account}Registers", account, group.partition, REGISTER, resources) for account in training
    )
    deploy = (
        _statement(f"Deploying{account}MakesModels", account, group.partition, DEPLOY, resources)
        for account in deploying
    )
    return _document([*register, *deploy])


def registrar_policy(group: Place) -> dict[str, Any]:
    """Of the identity that registers, in the training account: its own account has to allow it too."""
    return _document([_own("RegisterVersions", REGISTER, [group.group_arn, group.versions_arn])])


def deployer_policy(group: Place, models: str) -> dict[str, Any]:
    """Of the identity that deploys, in the deploying account; `models`: ARN pattern of the models that it makes."""
    return _document([_own("MakeModelsOfVersions", DEPLOY, [group.group_arn, group.versions_arn, models])])


def _own(sid: str, actions: Iterable[str], resource: list[str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": sorted(actions), "Resource": resource}


# --- needs --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CrossNeed:
    """One thing that an account has to be allowed by another account's document."""

    holder: Holder
    of: str
    """Whose document it is: a repository's, bucket's or key's ARN, or the group's."""
    reader: str
    """The account that needs it."""
    action: str
    resource: str
    why: str

    @property
    def words(self) -> str:
        """`account 1 needs x:Y on z, by the bucket policy of b, to ...`."""
        what = f"{self.action} on {self.resource}"
        return f"account {self.reader} needs {what} by the {self.holder} of {self.of} to {self.why}"


def needs_of_reader(
    reader: Reader, images: Iterable[str], artifacts: Iterable[str], keys: Iterable[str]
) -> tuple[CrossNeed, ...]:
    """What `reader` needs of the account that has image, artifact and key."""
    found: list[CrossNeed] = []
    verb = "list the version" if reader.part == "registry" else "run the model"
    for reference in images:
        image = parse_image(reference)
        if image.is_ecr and image.account != reader.account:
            arn = image.repository_arn
            found += [
                CrossNeed("repository policy", arn, reader.account, action, arn, f"{verb}: read its image")
                for action in READ_IMAGE[reader.part]
            ]
    for url in artifacts:
        location = parse_s3(url)
        if location is None:
            continue
        bucket = f"arn:aws:s3:::{location.bucket}"
        for action in READ_ARTIFACT[reader.part]:
            resource = bucket if action in _OF_BUCKET else f"{bucket}/{location.key}"
            found.append(
                CrossNeed("bucket policy", bucket, reader.account, action, resource, f"{verb}: read its artifact")
            )
    for key in keys:
        held = parse(key)
        if held is not None and held.account != reader.account:
            found += [
                CrossNeed("key policy", key, reader.account, action, key, f"{verb}: decrypt its artifact")
                for action in USE_KEY[reader.part]
            ]
    return tuple(dict.fromkeys(found))


def needs_of_group(group: Place, training: Iterable[str] = (), deploying: Iterable[str] = ()) -> tuple[CrossNeed, ...]:
    """What training and deploying accounts need of the group's policy."""
    asked = [
        *((account, REGISTER, "register versions") for account in training),
        *((account, DEPLOY, "make models of its versions") for account in deploying),
    ]
    return tuple(
        CrossNeed(
            "group policy",
            group.group_arn,
            account,
            action,
            group.group_arn if action in READ_GROUP else group.versions_arn,
            why,
        )
        for account, actions, why in asked
        if account != group.account
        for action in actions
    )


def missing(
    needs: Iterable[CrossNeed],
    document: Document | None,
    *,
    owner: str,
    grants: Mapping[str, Iterable[str]] | None = None,
) -> list[tuple[CrossNeed, Outcome]]:
    """
    The needs that a resource's own document doesn't meet, each with what the document says.

    Arguments:
        needs: those of one holder.
        document: its policy; None where it has none.
        owner: the account that it belongs to.
        grants: of a key: the operations granted (`Decrypt`), by the grantee's ARN.

    """
    found: list[tuple[CrossNeed, Outcome]] = []
    for need in needs:
        operation = need.action.partition(":")[2]
        if any(_of(need.reader, who) and operation in what for who, what in (grants or {}).items()):
            continue
        said = _said(need, document, owner) if document is not None else Outcome.NOT_GRANTED
        if said is not Outcome.ALLOWED:
            found.append((need, said))
    return found


def _said(need: CrossNeed, document: Document, owner: str) -> Outcome:
    """For the whole account, or for somebody of it whom the document names."""
    resource = "*" if need.holder == "key policy" else need.resource
    statements = [one if "Resource" in one else {**one, "Resource": "*"} for one in statements_of(document)]
    whole: Document = {"Statement": statements}
    said = evaluate([whole], need.action, resource, principal=root(need.reader, _partition(document)))
    if said is Outcome.NOT_GRANTED and any(
        _of(need.reader, who) for who in foreign_principals(whole, need.action, resource, own=owner)
    ):
        return Outcome.ALLOWED
    return said


def _partition(document: Document) -> str:
    found = re.search(r"arn:(aws[a-z-]*):", str(document))
    return found[1] if found else "aws"


def _of(account: str, principal: str) -> bool:
    arn = parse(principal)
    return (arn.account if arn else principal) == account
