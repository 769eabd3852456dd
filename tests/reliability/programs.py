"""The programs that histories are made of: Holdfast's own, Holdfast's with a defect, and a plain one."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import warm
import worlds
from histories import HOLDFAST, Program

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).resolve().parent


def peer() -> Program:
    """A plain pulumi-aws program with fixed names, written as published modules are: nothing guards it."""
    return Program("peer", HERE / "peer", "peer", strict=False)


def defective(name: str) -> Program:
    """Holdfast's own program with one defect: `defects/<name>.py` runs before it, in the same process."""
    folder = Path(tempfile.mkdtemp(prefix=f"defect-{name}-", dir=worlds.memory()))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for path in warm.REPOSITORY.glob("Pulumi*.yaml"):
        shutil.copy(path, folder)
    (folder / "examples").symlink_to(warm.REPOSITORY / "examples")
    defect = (HERE / "defects" / f"{name}.py").read_text()
    source = (warm.REPOSITORY / "__main__.py").read_text()
    (folder / "__main__.py").write_text(f"exec(compile({defect!r}, {name!r}, 'exec'), {{}})\n{source}")
    return Program(name, folder, "holdfast")


DEFECTS = tuple(sorted(path.stem for path in (HERE / "defects").glob("*.py")))
PROGRAMS: dict[str, Callable[[], Program]] = {
    "holdfast": lambda: HOLDFAST,
    "peer": peer,
    **{name: (lambda name=name: defective(name)) for name in DEFECTS},
}
