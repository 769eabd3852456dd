"""The buckets that captured data and asynchronous results are written to exist. Asked: S3 HeadBucket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from guards import usage
from pipeline.doctor.check import Check, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from guards.usage import Node
    from pipeline.doctor.examination import Examination


def examine(examination: Examination, one: Node) -> Iterator[Problem]:
    """Buckets that are only read from are the artifacts' business."""
    writers = examination.graph.direct_users(one, usage.CONFIGURATION)
    if writers and examination.account.ask("s3", "head_bucket", Bucket=one.identity) is None:
        yield Problem(
            f"Bucket {one.identity}, to which {writers[0]} writes, is gone: captured data and results are lost.",
            "Make the bucket again, or deploy a configuration that writes elsewhere.",
            severity="high",
        )


check = Check(
    name="buckets-for-results-are-there",
    title="The buckets that captured data and results are written to exist.",
    kinds=(usage.BUCKET,),
    examine=examine,
    severity="high",
)
