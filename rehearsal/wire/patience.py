"""How long the engine waits for a function of the program or a policy: for ever would hold the stack for ever."""

from __future__ import annotations

import os

DEFAULT_SECONDS = 1800.0


def seconds() -> float:
    """REHEARSAL_PATIENCE, or half an hour; what isn't a positive number counts as unset."""
    try:
        given = float(os.environ.get("REHEARSAL_PATIENCE", ""))
    except ValueError:
        return DEFAULT_SECONDS
    return given if given > 0 else DEFAULT_SECONDS
