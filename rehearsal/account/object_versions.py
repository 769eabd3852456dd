"""S3 where moto's differs from AWS's: deletions in a bucket whose versioning is suspended.

moto takes such a bucket for one that never had versions, and a deletion takes all versions of the object along. Source:
"Deleting objects from versioning-suspended buckets" (S3 User Guide): without a version id, the null version goes and a
delete marker with the id null comes; with one, that version goes, and no other.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


@cache
def keep_versions() -> None:
    """Makes moto's deletions do so."""
    from moto.s3.models import S3Backend

    delete: Callable[..., tuple[bool, dict[str, Any]]] = S3Backend.delete_object

    def delete_object(
        backend: Any, bucket_name: str, key_name: str, version_id: str | None = None, **given: Any
    ) -> tuple[bool, dict[str, Any]]:
        bucket = backend.get_bucket(bucket_name)
        if getattr(bucket, "versioning_status", None) != "Suspended":
            return delete(backend, bucket_name, key_name, version_id, **given)
        bucket.versioning_status = "Enabled"
        try:
            if version_id is not None:
                return delete(backend, bucket_name, key_name, version_id, **given)
            if any(str(each.version_id) == "null" for each in bucket.keys.getlist(key_name, [])):
                delete(backend, bucket_name, key_name, "null", **given)
            done, told = delete(backend, bucket_name, key_name, None, **given)
            if key_name in bucket.keys:
                bucket.keys.getlist(key_name)[-1]._version_id = "null"  # noqa: SLF001 - moto gives it none that can be set
            return done, {**told, "version-id": "null"}
        finally:
            bucket.versioning_status = "Suspended"

    S3Backend.delete_object = delete_object
