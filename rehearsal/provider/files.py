"""The bytes of assets and archives. Relative paths are the program's, wherever the provider was started."""

from __future__ import annotations

import io
import tarfile
import urllib.request
import zipfile
from pathlib import Path

from rehearsal.provider.refusals import ProviderRefusal
from rehearsal.values import Archive, Asset

_root = Path()


def root_at(directory: str) -> None:
    """Relative paths start here from now on (Handshake: program_directory)."""
    global _root  # noqa: PLW0603
    _root = Path(directory)


def content(asset: Asset) -> bytes:
    """An asset's bytes.

    Raises:
        ProviderRefusal: the file can't be read, or it is on another machine.

    """
    if asset.text is not None:
        return asset.text.encode()
    if asset.path is not None:
        return _read(asset.path)
    if asset.uri is not None:
        return _fetched(asset.uri)
    raise ProviderRefusal("the asset came without its content; only its hash is known here")


def _read(path: str) -> bytes:
    try:
        return (_root / path).read_bytes()
    except OSError as error:
        raise ProviderRefusal(
            f"the file {path} can't be read: {error.strerror}. Relative paths start in {_root.absolute()}"
        ) from error


def _fetched(uri: str) -> bytes:
    if not uri.startswith("file://"):
        raise ProviderRefusal(f"the rehearsal's provider fetches nothing from other machines, and the asset is {uri}")
    with urllib.request.urlopen(uri) as answer:  # noqa: S310  # a file of this machine
        return bytes(answer.read())


def packed(archive: Archive) -> bytes:
    """An archive as a zip (what Lambda takes); a path that is one already is taken as it is."""
    if archive.path is not None and (_root / archive.path).is_file():
        return _read(archive.path)
    if archive.uri is not None:
        return _fetched(archive.uri)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in sorted(members(archive).items()):
            # A fixed date, so that equal content gives equal bytes.
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            target.writestr(entry, data)
    return made.getvalue()


def members(archive: Archive) -> dict[str, bytes]:
    """Name -> bytes of everything in an archive."""
    made: dict[str, bytes] = {}
    for name, part in (archive.assets or {}).items():
        if isinstance(part, Asset):
            made[name] = content(part)
        elif isinstance(part, Archive):
            made.update({f"{name}/{inner}": data for inner, data in members(part).items()})
    if archive.path is not None:
        place = _root / archive.path
        if place.is_dir():
            made.update({str(f.relative_to(place)): f.read_bytes() for f in place.rglob("*") if f.is_file()})
        elif tarfile.is_tarfile(place):
            with tarfile.open(place) as source:
                files = ((m.name, source.extractfile(m)) for m in source.getmembers() if m.isfile())
                made.update({name: f.read() for name, f in files if f})
        elif zipfile.is_zipfile(place):
            with zipfile.ZipFile(place) as source:
                made.update({n: source.read(n) for n in source.namelist() if not n.endswith("/")})
        else:
            made[place.name] = _read(archive.path)
    return made
