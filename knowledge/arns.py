"""ARNs, ECR image references and S3 URLs, taken apart once for everybody.

Sources: "Amazon Resource Names (ARNs)" (IAM User Guide, reference-arns), "Private registry" (Amazon ECR User Guide,
Registries) and the patterns of the SageMaker API reference (ContainerDefinition.Image, S3ModelDataSource.S3Uri).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

_ECR = re.compile(
    r"^(?P<account>\d{12})\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.(?P<suffix>[a-z0-9.-]+?)/"
    r"(?P<name>[^@:]+)(?::(?P<tag>[^@]+))?(?:@(?P<digest>[A-Za-z0-9_+.-]+:[0-9a-fA-F]+))?$"
)
_PARTITION_OF_SUFFIX = {"amazonaws.com.cn": "aws-cn", "on.amazonwebservices.com.cn": "aws-cn"}
_SECTIONS = 6


@dataclass(frozen=True)
class Arn:
    """An Amazon Resource Name: `arn:partition:service:region:account:resource` (region and account may be empty)."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Take `text` apart; raises ValueError that quotes it when it is no ARN."""
        parts = text.split(":", _SECTIONS - 1)
        if len(parts) != _SECTIONS or parts[0] != "arn" or not parts[1] or not parts[2] or not parts[5]:
            raise ValueError(f"{text!r} is no ARN: expected arn:partition:service:region:account:resource.")
        return cls(*parts[1:])

    @property
    def kind(self) -> str:
        """The resource's type when the resource part has one (`key` of `key/1234`, `role` of `role/path/name`)."""
        return re.split(r"[/:]", self.resource, maxsplit=1)[0] if re.search(r"[/:]", self.resource) else ""

    @property
    def name(self) -> str:
        """What follows the type (`1234` of `key/1234`); for a role or policy this still holds its path."""
        return re.split(r"[/:]", self.resource, maxsplit=1)[-1]

    def __str__(self) -> str:
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account}:{self.resource}"


def parse(text: object) -> Arn | None:
    """The ARN in `text`, or None when it is none."""
    if not isinstance(text, str) or not text.startswith("arn:"):
        return None
    try:
        return Arn.parse(text)
    except ValueError:
        return None


def is_arn(text: object) -> bool:
    """Whether `text` is an ARN."""
    return parse(text) is not None


def last_segment(text: str) -> str:
    """The friendly name at the end of an ARN or path: `name` of `arn:aws:iam::1:role/team/name`; plain names stay."""
    arn = parse(text)
    return (arn.resource if arn else text).rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Image:
    """A container image reference. `account`, `region` are empty when the registry isn't Amazon ECR."""

    reference: str
    account: str
    region: str
    partition: str
    repository: str
    tag: str
    digest: str

    @property
    def is_ecr(self) -> bool:
        """Whether it lies in a private Amazon ECR registry."""
        return bool(self.account)

    @property
    def repository_arn(self) -> str:
        """ARN of its ECR repository; only meaningful when `is_ecr`."""
        return f"arn:{self.partition}:ecr:{self.region}:{self.account}:repository/{self.repository}"


def parse_image(reference: str) -> Image:
    """Take an image reference apart: ECR's `<account>.dkr.ecr.<region>.<suffix>/<name>[:tag][@digest]`, or any other.

    A reference with neither tag nor digest means tag `latest` (Docker's rule); `tag` stays empty then.
    """
    found = _ECR.match(reference)
    if found:
        partition = _PARTITION_OF_SUFFIX.get(found["suffix"], "aws")
        if found["region"].startswith("us-gov-"):
            partition = "aws-us-gov"
        return Image(
            reference,
            found["account"],
            found["region"],
            partition,
            found["name"],
            found["tag"] or "",
            found["digest"] or "",
        )
    rest, _, digest = reference.partition("@")
    head, colon, tag = rest.rpartition(":")
    if colon and "/" not in tag:
        return Image(reference, "", "", "", head, tag, digest)
    return Image(reference, "", "", "", rest, "", digest)


@dataclass(frozen=True)
class S3Location:
    """A bucket and a key (or key prefix, when `key` is empty or ends in `/`)."""

    bucket: str
    key: str

    @property
    def is_prefix(self) -> bool:
        """Whether it names many objects rather than one."""
        return not self.key or self.key.endswith("/")

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


_S3_HTTPS = (
    re.compile(r"^https?://(?P<bucket>[a-z0-9.-]+)\.s3(?:[.-][a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?/(?P<key>.*)$"),
    re.compile(r"^https?://s3(?:[.-][a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?/(?P<bucket>[^/]+)/(?P<key>.*)$"),
)


def parse_s3(url: str) -> S3Location | None:
    """The bucket and key of an `s3://` or `https://...s3....amazonaws.com/` URL; None when it is neither."""
    if url.startswith("s3://"):
        bucket, _, key = url[len("s3://") :].partition("/")
        return S3Location(bucket, key) if bucket else None
    for form in _S3_HTTPS:
        found = form.match(url)
        if found:
            return S3Location(found["bucket"], found["key"])
    return None
