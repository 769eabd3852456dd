"""The sample payload: packed as SageMaker wants it (one tar archive, compressed with gzip), checked, uploaded."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from findings import exit_codes
from pipeline.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ENDINGS = (".tar.gz", ".tgz")
MOST = 100 * 1024 * 1024
"""Bytes. A request body has at most 25 MB (InvokeEndpoint); a sample of more than four of them is a mistake."""


@dataclass(frozen=True)
class Payload:
    """A packed sample."""

    archive: bytes
    names: tuple[str, ...]
    """The samples in it."""

    @property
    def sha256(self) -> str:
        """Of the archive, in hexadecimal."""
        return hashlib.sha256(self.archive).hexdigest()

    @property
    def key(self) -> str:
        """Where in its bucket it lies."""
        return f"payloads/{self.sha256}/payload.tar.gz"


def chosen(project: Path, given: Path | None, *settings: Any) -> Payload:
    """
    The sample that is given, else the first that is set (paths begin at the project's folder), packed.

    Raises:
        PipelineError: there is none, or it can't be used.

    """
    named = next((str(one) for one in settings if one), "")
    if given is None and not named:
        raise PipelineError(
            "there is no sample payload: a job asks the model with one. Set recommender.payload or sample, or give "
            "--payload."
        )
    return of(given if given is not None else project / named)


def of(path: Path) -> Payload:
    """
    A file or the files of a folder, packed; an archive as it is, when it holds samples.

    The same files make the same archive, byte by byte: times and owners are left out.

    Raises:
        PipelineError: there is no such file, it is no archive although it is called one, or it holds no sample.

    """
    if not path.exists():
        raise PipelineError(f"the sample payload {path} isn't there. Set recommender.payload, or give --payload.")
    try:
        if path.is_dir():
            return _packed({each.relative_to(path).as_posix(): each for each in _files(path)}, path)
        if path.name.endswith(ENDINGS):
            return _checked(path)
        return _packed({path.name: path}, path)
    except OSError as error:
        raise PipelineError(f"the sample payload {path} was to be read and can't be: {error}.") from error


def _files(folder: Path) -> Iterator[Path]:
    return (each for each in sorted(folder.rglob("*")) if each.is_file() and not each.name.startswith("."))


def _packed(files: dict[str, Path], source: Path) -> Payload:
    buffer = io.BytesIO()
    total = 0
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, path in files.items():
            content = path.read_bytes()
            if not content:
                raise PipelineError(
                    f"sample {path} is empty: a model can't be asked with it. Put a request body there."
                )
            total += len(content)
            _small(total, source)
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o644
            tar.addfile(member, io.BytesIO(content))
    if not files:
        raise PipelineError(f"folder {source} holds no sample: put request bodies there, one a file.")
    return Payload(gzip.compress(buffer.getvalue(), mtime=0), tuple(files))


def _checked(path: Path) -> Payload:
    _small(path.stat().st_size, path)
    content = path.read_bytes()
    names = []
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as tar:
            total = 0
            for member in tar:
                total += member.size
                _small(total, path)
                if member.isfile() and member.size:
                    names.append(member.name)
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, OSError) as error:
        raise PipelineError(
            f"{path} is called a .tar.gz archive and isn't one ({error}). Inference Recommender would fail on it; "
            "give the sample itself, and it is packed for you."
        ) from error
    if not names:
        raise PipelineError(f"archive {path} holds no sample: no file that isn't empty. Put request bodies in it.")
    return Payload(content, tuple(names))


def _small(size: int, path: Path) -> None:
    if size > MOST:
        raise PipelineError(
            f"the sample payload {path} has more than {MOST // 1024 // 1024} MB. A sample is one request body or a few."
        )


def upload(payload: Payload, bucket: str, key_arn: str, s3: Any) -> str:
    """
    Put it where its content says, unless it is there; its URL.

    Args:
        payload: what is uploaded.
        bucket: its bucket.
        key_arn: KMS key that encrypts it; "" leaves it to the bucket.
        s3: a client.

    Raises:
        PipelineError: Amazon S3 refused or didn't answer.

    """
    from botocore.exceptions import BotoCoreError, ClientError

    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key_arn} if key_arn else {}
    try:
        s3.put_object(
            Bucket=bucket, Key=payload.key, Body=payload.archive, ContentType="application/gzip", **encryption
        )
    except ClientError as error:
        details = error.response.get("Error", {})
        raise PipelineError(
            f"Amazon S3 was asked to keep the sample payload in bucket {bucket} and answered {details.get('Code')}: "
            f"{details.get('Message')} Run `holdfast up`, which makes the bucket, or set recommender.bucket.",
            exit_codes.FAILED,
        ) from None
    except BotoCoreError as error:
        raise PipelineError(
            f"Amazon S3 was asked to keep the sample payload in bucket {bucket} and didn't answer: {error}. Try again.",
            exit_codes.UNKNOWN,
        ) from None
    return f"s3://{bucket}/{payload.key}"
