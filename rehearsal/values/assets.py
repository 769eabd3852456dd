"""Hashes of assets and archives, by which their changes are known.

Asset: SHA-256 of its bytes. Archive: SHA-256 of the file, or of a tar stream of the sorted members with nothing but
name, size and mode 0600 in the headers. Source: pulumi/pulumi, sdk/go/common/resource/archive/archive.go.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rehearsal.errors import ProgramError, RehearsalGap
from rehearsal.values import Archive, Asset, transform

if TYPE_CHECKING:
    from pathlib import Path

_ARCHIVES = (".tar", ".tgz", ".tar.gz", ".zip", ".jar")


def hashed(value: Any, directory: Path) -> Any:
    """The asset or archive with its hash, paths relative to `directory`. Raises ProgramError for a missing file."""
    try:
        if isinstance(value, Asset):
            return replace(value, hash=hashlib.sha256(_bytes(value, directory)).hexdigest())
        return replace(value, hash=_archive_hash(value, directory))
    except OSError as e:
        kind = "asset" if isinstance(value, Asset) else "archive"
        raise ProgramError(
            f"the {kind} {value.path} can't be read: {e.strerror}. Is the path right, seen from {directory}?"
        ) from e


def restored(read: Any, sent: Any) -> Any:
    """What a provider answered, with the contents of assets and archives of which it was sent the hash alone."""
    known: dict[tuple[type, str], Asset | Archive] = {}

    def note(value: Any) -> Any:
        if isinstance(value, (Asset, Archive)) and value != type(value)(hash=value.hash):
            known[type(value), value.hash] = value
        return NotImplemented

    def fill(value: Any) -> Any:
        if isinstance(value, (Asset, Archive)) and value == type(value)(hash=value.hash):
            return known.get((type(value), value.hash), value)
        return NotImplemented

    transform(sent, note)
    return transform(read, fill) if known else read


def _bytes(asset: Asset, directory: Path) -> bytes:
    if asset.text is not None:
        return asset.text.encode()
    if asset.path is not None:
        return (directory / asset.path).read_bytes()
    raise RehearsalGap("remote assets", str(asset.uri))


def _archive_hash(archive: Archive, directory: Path) -> str:
    if archive.uri is not None:
        raise RehearsalGap("remote archives", archive.uri)
    if archive.path is not None and archive.path.endswith(_ARCHIVES):
        return hashlib.sha256((directory / archive.path).read_bytes()).hexdigest()
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, data in sorted(_members(archive, directory)):
            header = tarfile.TarInfo(name)
            header.size, header.mode = len(data), 0o600
            tar.addfile(header, io.BytesIO(data))
    return hashlib.sha256(stream.getvalue()).hexdigest()


def _members(archive: Archive, directory: Path, prefix: str = "") -> list[tuple[str, bytes]]:
    if archive.path is not None:
        root = directory / archive.path
        if not root.is_dir():
            return [(prefix + root.name, root.read_bytes())]
        return [(prefix + p.relative_to(root).as_posix(), p.read_bytes()) for p in root.rglob("*") if p.is_file()]
    found: list[tuple[str, bytes]] = []
    for name, member in (archive.assets or {}).items():
        if isinstance(member, Archive):
            found += _members(member, directory, f"{prefix}{name}/")
        else:
            found.append((prefix + name, _bytes(member, directory)))
    return found
