"""What processes imported: remembered in the environment whose packages they are, and imported before the next one.

Only modules of the standard library, of installed packages (from where they are developed, too) and of the rehearsal
itself are remembered: a program's own modules may change from run to run.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import sysconfig
from functools import cache
from itertools import islice
from pathlib import Path

from rehearsal.prefork.kinds import PROGRAM

_SEED = os.environ.get("PYTHONHASHSEED", "")
MEMORY = Path(os.environ.get("REHEARSAL_IMPORTS") or Path(sys.prefix) / f"rehearsal-imports{_SEED and '-'}{_SEED}.json")
"""Kind of process (see `kinds`) -> names of modules, in the order of their import.

A server can't be another's whose hash seed differs, so it need not know what that one's processes import.
"""

AHEAD = {
    "rehearsal.account": "rehearsal.account.ahead",
    "rehearsal.provider": "rehearsal.provider.ahead",
    PROGRAM: "rehearsal.wire.ahead",
}
"""Kind of process -> the module with what such a process would load first, besides modules."""

_ROOTS = tuple({sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib", "purelib", "platlib")})


def ahead(kind: str, names: list[str]) -> list[str]:
    """The module with what such a process would load besides modules; of programs only for those that ask AWS."""
    sort = kind.partition(":")[0]
    wanted = sort in AHEAD and (sort != PROGRAM or "botocore.loaders" in names)
    return [AHEAD[sort]] if wanted else []


def remembered() -> dict[str, list[str]]:
    """What is remembered; nothing where the file is absent or was cut off."""
    try:
        read = json.loads(MEMORY.read_text())
    except (OSError, ValueError):
        return {}
    return {kind: list(names) for kind, names in read.items()} if isinstance(read, dict) else {}


def remember(kind: str, began_with: list[str], count: int) -> None:
    """Add to the memory of a kind what this process has imported itself.

    Args:
        kind: what its like is remembered by.
        began_with: the modules that its like was known to need.
        count: how many modules there were when it began; those imported since are the last ones.

    """
    more = max(0, len(sys.modules) - count)
    imported = [name for name in reversed(list(islice(reversed(sys.modules), more))) if _worth(name)]
    if not imported:
        return
    memory = remembered()
    known = memory.get(kind, began_with)
    new = [name for name in imported if name not in set(known)]
    if not new:
        return
    memory[kind] = [*known, *new]
    passing = MEMORY.with_name(f"{MEMORY.name}.{os.getpid()}")
    try:
        passing.write_text(json.dumps(memory))
        passing.replace(MEMORY)
    except OSError:
        return  # an environment that can't be written to has no memory: its processes import for themselves


def _worth(name: str) -> bool:
    spec = getattr(sys.modules.get(name), "__spec__", None)
    if spec is None or spec.name != name or name.startswith("rehearsal.prefork"):
        return False
    return str(spec.origin).startswith(_ROOTS) or name.partition(".")[0] in _developed()


@cache
def _developed() -> frozenset[str]:
    """Packages that are installed from where they are developed (setuptools' editable installations), and this one."""
    finders = (module for name, module in list(sys.modules.items()) if name.startswith("__editable__"))
    return frozenset({"rehearsal", *(name for finder in finders for name in getattr(finder, "MAPPING", {}))})


def load(name: str) -> None:
    """Import a module, unless it has gone meanwhile: whoever wants it will say so."""
    if name in sys.modules:
        return
    # A package that is there lazily (pulumi_aws's are) is made to load first: its own names would otherwise be hidden
    # by the submodules of the same name, `get_secret` the function by `get_secret` the module.
    package, _, own = name.rpartition(".")
    getattr(sys.modules.get(package), own, None)
    if name in sys.modules:
        return
    try:
        importlib.import_module(name)
    except ImportError:
        return
