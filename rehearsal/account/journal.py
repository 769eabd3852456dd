"""The journal of an account: one JSON line for everything that changed it, synced to disk before it is answered.

The account's state is nowhere else. A server that starts reads the journal and does everything again, with the same
virtual times and the same seeds, so that ids, dates and ETags come out the same. A journal that has become long is
compacted: its lines are packed into an archive, a snapshot of what they led to lies beside it, and the first line of
the journal that goes on names both. Bodies above `INLINE` bytes (layers,
artifacts) lie beside it in `blobs/<sha256>`, synced before the line that names them.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import json
import os
import shutil
import zlib
from typing import TYPE_CHECKING, Any

from rehearsal.account.errors import JournalError

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = 1
INLINE = 2048


class Journal:
    """Appends entries to `<directory>/journal.jsonl` and reads them back.

    Args:
        directory: the account's directory; created, readable by its owner only, if it isn't there.

    Attributes:
        notes: sentences about what was repaired while reading; shown by the server and its control API.

    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path = directory / "journal.jsonl"
        self._blobs = directory / "blobs"
        self._file: int | None = None
        self.notes: list[str] = []

    def read(self) -> list[dict[str, Any]]:
        """All entries since the last compaction, in order, after repairing a last line that was cut off.

        Such a line was never synced, so nobody was answered: it is no lost mutation. Raises JournalError for anything
        else that isn't as it was written.
        """
        if not self.path.exists():
            return []
        content = self.path.read_bytes()
        lines = content.split(b"\n")
        tail = lines.pop()
        entries = [self._parse(line, number) for number, line in enumerate(lines, start=1)]
        if tail:
            try:
                entries.append(self._parse(tail, len(lines) + 1))
            except JournalError:
                self._cut(len(content) - len(tail), tail)
            else:
                with self.path.open("ab") as file:
                    file.write(b"\n")
        if entries and entries[0].get("format") != FORMAT:
            raise JournalError(
                f"{self.path} has format {entries[0].get('format')!r}; this rehearsal reads {FORMAT}. "
                f"Remove {self.path.parent} to begin with an empty account."
            )
        return entries

    def append(self, entry: dict[str, Any]) -> None:
        """Writes an entry and waits until the disk has it; raises JournalError when the disk refuses."""
        try:
            if self._file is None:
                self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
                _sync_directory(self.path.parent)
            data = _line(entry)
            while data:
                data = data[os.write(self._file, data) :]
            os.fsync(self._file)
        except OSError as error:
            raise JournalError(f"the journal {self.path} can't be written ({error}); nothing was answered") from error

    def copy(self, directory: Path, number: int | None = None) -> None:
        """Writes a journal of the same entries (or of the first `number`, besides the head) to another directory."""
        lines = self.lines()
        if number is not None:
            lines = lines[:1] + lines[1:][:number]
        blobs = directory / self._blobs.name
        if self._blobs.exists():
            blobs.mkdir(exist_ok=True, mode=0o700)
            for blob in self._blobs.iterdir():
                with contextlib.suppress(FileExistsError):
                    try:
                        os.link(blob, blobs / blob.name)  # blobs never change
                    except OSError:
                        shutil.copyfile(blob, blobs / blob.name)
        (directory / self.path.name).write_bytes(b"".join(lines))

    def lines(self) -> list[bytes]:
        """All lines there ever were, as if the journal had never been compacted."""
        lines = self.path.read_bytes().splitlines(keepends=True)
        head = json.loads(lines[0]) if lines else {}
        if "compacted" not in head:
            return lines
        packed = [self.path.with_name(name).read_bytes() for name in head["compacted"]["archives"]]
        before = [line for each in packed for line in gzip.decompress(each).splitlines(keepends=True)]
        return [
            _line({key: value for key, value in head.items() if key not in ("compacted", "crc")}),
            *before,
            *lines[1:],
        ]

    def archived(self, named: dict[str, Any]) -> list[dict[str, Any]]:
        """The entries that a compacted journal's first line stands for; raises JournalError when they aren't whole."""
        entries = []
        for name in named["archives"]:
            try:
                lines = gzip.decompress(self.path.with_name(name).read_bytes()).splitlines()
            except (OSError, EOFError, zlib.error) as error:
                raise JournalError(f"{self.path} refers to {name}, which can't be read ({error})") from error
            entries += [self._parse(line, number) for number, line in enumerate(lines, start=1)]
        if len(entries) != named["entries"]:
            raise JournalError(f"{self.path} stands for {named['entries']} entries; its archives have {len(entries)}")
        return entries

    def snapshot(self, named: dict[str, Any]) -> bytes | None:
        """The snapshot that a compacted journal's first line names; None when it is gone or isn't what was written."""
        path = self.path.with_name(named["snapshot"])
        content = path.read_bytes() if path.exists() else b""
        return content if hashlib.sha256(content).hexdigest() == named["sha256"] else None

    def compact(self, snapshot: bytes, made: str) -> dict[str, Any]:
        """Packs the entries so far and begins a journal that goes on from a snapshot of what they led to.

        Everything is synced before the journal's first line names it; whoever is killed in the middle finds the journal
        as it was. Returns what that line says: entries, archives, snapshot, sha256, made.
        """
        lines = self.path.read_bytes().splitlines(keepends=True)
        head = {key: value for key, value in self._parse(lines[0], 1).items() if key != "compacted"}
        before = json.loads(lines[0]).get("compacted") or {"entries": 0, "archives": []}
        entries = before["entries"] + len(lines) - 1
        archives = list(before["archives"])
        if len(lines) > 1:
            archives.append(f"journal.{before['entries'] + 1}-{entries}.gz")
            self._put(archives[-1], gzip.compress(b"".join(lines[1:]), mtime=0))
        digest = hashlib.sha256(snapshot).hexdigest()
        named = {
            "entries": entries,
            "archives": archives,
            "snapshot": f"snapshot.{entries}",
            "sha256": digest,
            "made": made,
        }
        self._put(named["snapshot"], snapshot)
        self.close()
        self._put(self.path.name, _line({**head, "compacted": named}))
        for path in self.path.parent.glob("snapshot.*"):
            if path.name != named["snapshot"]:
                path.unlink()
        return named

    def _put(self, name: str, content: bytes) -> None:
        path = self.path.with_name(name)
        partial = path.with_name(f"{name}.{os.getpid()}.partial")
        with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        _sync_directory(path.parent)

    def close(self) -> None:
        """Closes the file; a later `append` opens it again."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def store(self, body: bytes) -> dict[str, str]:
        """How a body stands in an entry: as text, as base64, or by the name of a synced blob."""
        if len(body) > INLINE:
            return {"blob": self.store_blob(body)}
        try:
            return {"text": body.decode("utf-8")}
        except UnicodeDecodeError:
            return {"base64": base64.b64encode(body).decode()}

    def store_blob(self, body: bytes) -> str:
        """Keeps bytes under their SHA-256 and returns it; the same bytes are kept once."""
        name = hashlib.sha256(body).hexdigest()
        path = self._blobs / name
        if not path.exists():
            self._blobs.mkdir(exist_ok=True, mode=0o700)
            partial = path.with_suffix(f".{os.getpid()}")
            with partial.open("wb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            partial.rename(path)
            _sync_directory(self._blobs)
        return name

    def load(self, stored: dict[str, str]) -> bytes:
        """The body that `store` kept; raises JournalError when its blob is gone or altered."""
        if "text" in stored:
            return stored["text"].encode("utf-8")
        if "base64" in stored:
            return base64.b64decode(stored["base64"])
        path = self._blobs / stored["blob"]
        if not path.exists():
            raise JournalError(f"{self.path} refers to {path}, which is gone: the account can't be replayed")
        body = path.read_bytes()
        if hashlib.sha256(body).hexdigest() != stored["blob"]:
            raise JournalError(f"{path} isn't what {self.path} says it is: the account can't be replayed")
        return body

    def _parse(self, line: bytes, number: int) -> dict[str, Any]:
        where = f"{self.path}, line {number}"
        try:
            entry = json.loads(line)
            crc = entry.pop("crc")
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise JournalError(
                f"{where} is not an entry of a journal: restore it or remove {self.path.parent}"
            ) from error
        text = json.dumps(entry, separators=(",", ":"), sort_keys=True)
        if f"{zlib.crc32(text.encode()):08x}" != crc:
            raise JournalError(f"{where} was altered after it was written: restore it or remove {self.path.parent}")
        if not isinstance(entry, dict):
            raise JournalError(f"{where} is not an entry of a journal")
        return entry

    def _cut(self, length: int, tail: bytes) -> None:
        remains = self.path.with_suffix(".cut")
        remains.write_bytes(tail)
        with self.path.open("r+b") as file:
            file.truncate(length)
            os.fsync(file.fileno())
        self.notes.append(
            f"the last line of {self.path} was cut off ({len(tail)} bytes): it had not been answered and was set aside "
            f"as {remains.name}; every mutation that was answered is there"
        )


def _line(entry: dict[str, Any]) -> bytes:
    text = json.dumps(entry, separators=(",", ":"), sort_keys=True)
    return f'{text[:-1]},"crc":"{zlib.crc32(text.encode()):08x}"}}\n'.encode()


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
