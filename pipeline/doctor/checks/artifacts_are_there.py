"""The artifacts of models lie where the models say. Asked: S3 HeadObject, ListObjectsV2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from guards import usage
from pipeline.doctor.check import Check, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from guards.usage import Node
    from pipeline.doctor.examination import Examination


def examine(examination: Examination, one: Node) -> Iterator[Problem]:
    """An object, or anything below a prefix."""
    bucket, _, key = one.identity.partition("/")
    if key and not key.endswith("/"):
        there = examination.account.ask("s3", "head_object", Bucket=bucket, Key=key) is not None
    else:
        listed = examination.account.ask("s3", "list_objects_v2", Bucket=bucket, Prefix=key, MaxKeys=1)
        there = bool(listed and listed.get("Contents"))
    if not there:
        yield Problem(
            f"Nothing lies at s3://{one.identity}: a new instance could not fetch its model.",
            "Upload the artifact again under the same key (an earlier version of the object, where the bucket has "
            "versions), or deploy a model of another artifact.",
        )


check = Check(
    name="artifacts-are-there",
    title="The artifacts of models lie where the models say.",
    kinds=(usage.ARTIFACT,),
    examine=examine,
)
