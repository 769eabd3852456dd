"""Files of ours: replaced in one step, and never overwritten when they can't be read."""

from __future__ import annotations

import json
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rehearsal.errors import StateError


def write_atomically(path: Path, text: str, *, durable: bool = True) -> None:
    """Replace a file by `text` in one step; `durable`: on disk before it is seen, to outlive a power failure."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)  # the atomic one
    except OSError as error:
        Path(temporary).unlink(missing_ok=True)
        raise StateError(f"{path} can't be written: {error.strerror}. It is as it was before.") from None
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def read_json(path: Path, what: str) -> Any:
    """The value of a JSON file of ours. Raises StateError, naming the file, when it is damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise StateError(
            f"{what} {path} is damaged: byte {error.start} isn't UTF-8. Nothing was overwritten."
        ) from None
    except ValueError as error:
        raise StateError(f"{what} {path} is damaged ({error}). Nothing was overwritten.") from None
    except OSError as error:
        raise StateError(f"{what} {path} can't be read: {error.strerror}.") from None


def now() -> str:
    """The present moment, RFC 3339 in UTC with milliseconds, as the Automation API reads it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
