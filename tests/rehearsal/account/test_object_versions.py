"""Deletions in a bucket whose versioning is suspended keep the versions from before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from account_world import REGION

if TYPE_CHECKING:
    from account_world import World


def test_versions_outlive_a_deletion_in_a_suspended_bucket(world: World) -> None:
    """Without a version id a delete marker comes and the old version stays; with one, that version alone goes."""
    s3 = world.client("s3")
    s3.create_bucket(Bucket="suspended", CreateBucketConfiguration={"LocationConstraint": REGION})

    def versioning(status: str) -> None:
        s3.put_bucket_versioning(Bucket="suspended", VersioningConfiguration={"Status": status})

    versioning("Enabled")
    first = s3.put_object(Bucket="suspended", Key="k", Body=b"1")["VersionId"]
    second = s3.put_object(Bucket="suspended", Key="k", Body=b"2")["VersionId"]
    versioning("Suspended")
    s3.delete_object(Bucket="suspended", Key="k", VersionId=second)
    kept = s3.get_object(Bucket="suspended", Key="k")["Body"].read()
    s3.delete_object(Bucket="suspended", Key="k")
    listed = s3.list_object_versions(Bucket="suspended")

    assert kept == b"1"
    assert [version["VersionId"] for version in listed["Versions"]] == [first]
    assert [marker["VersionId"] for marker in listed["DeleteMarkers"]] == ["null"]
    assert s3.get_object(Bucket="suspended", Key="k", VersionId=first)["Body"].read() == b"1"
