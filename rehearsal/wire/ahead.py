"""AWS's descriptions of services, read on import: for the server that programs are forked from (`rehearsal.prefork`).

A program that asks AWS has botocore read a megabyte of JSON for each service, anew in each session. Here each file is
read once; botocore shares what it has read among the clients of a session anyway.
"""

from __future__ import annotations

from typing import Any

import boto3
from botocore.loaders import JSONFileLoader, Loader

SERVICES = ("sts", "sagemaker", "iam", "s3", "kms", "ecr")

_read: dict[str, Any] = {}


class ReadOnce(JSONFileLoader):  # type: ignore[misc]  # botocore has no types
    """Reads a file the first time it is asked for it."""

    def load_file(self, file_path: str) -> Any:
        """The content of a file, given without its ending; None when there is none."""
        if file_path not in _read:
            _read[file_path] = super().load_file(file_path)
        return _read[file_path]


Loader.FILE_LOADER_CLASS = ReadOnce
for service in SERVICES:
    boto3.session.Session("nobody", "nothing", region_name="us-east-1").client(service)
