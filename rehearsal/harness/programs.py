"""Programs of tests: a folder as it lies there, or a function, which runs in a process of its own like any program."""

from __future__ import annotations

import base64
import inspect
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rehearsal.errors import ProgramError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.command.project import Project

PROJECT = "rehearsed"
_MAIN = '''"""Runs a function of a test as a Pulumi program: its module is loaded from its file, under its own name."""

import base64
import importlib.util
import sys

if False:  # what the function's module imports, for whoever prepares processes (rehearsal.prefork)
    import {imports}
sys.path[:] = {path!r}
_spec = importlib.util.spec_from_file_location({module!r}, {file!r})
if _spec is not None and {module!r} not in sys.modules:
    _module = importlib.util.module_from_spec(_spec)
    sys.modules[{module!r}] = _module
    _spec.loader.exec_module(_module)

import dill

dill.loads(base64.b64decode({pickled!r}))()
'''


@dataclass(frozen=True)
class Program:
    """A project to run, and whether it could need AWS."""

    project: Project
    needs_account: bool


def of_folder(folder: Path) -> Program:
    """The program of a folder: one with a Pulumi.yaml, or with nothing but a `__main__.py`.

    Raises ProgramError for a folder that holds neither.
    """
    from rehearsal.command.project import FILES, Project, load
    from rehearsal.environment import needs_account

    named = next((folder / name for name in FILES if (folder / name).is_file()), None)
    if named is None and not (folder / "__main__.py").is_file():
        raise ProgramError(f"{folder} holds no Pulumi program: there is neither a Pulumi.yaml nor a __main__.py in it")
    project = load(named) if named else Project(_name(folder.name), folder, "python")
    project.check_program()
    sources = (folder / (project.main or ".")).rglob("*.py") if not (folder / project.main).is_file() else []
    uses = any(_imports_aws(path.read_text(errors="replace")) for path in [*sources, *folder.glob("*.py")])
    return Program(project, uses or needs_account(folder, (), ()))


def of_function(function: Callable[[], object], folder: Path) -> Program:
    """A function as a program, in a folder that is written for it.

    Raises ProgramError for a function that wants arguments, or holds what can't be taken to another process.
    """
    import dill

    from rehearsal.command.project import Project
    from rehearsal.prefork.kinds import mentioned

    wanted = [p.name for p in inspect.signature(function).parameters.values() if p.default is p.empty]
    if wanted:
        raise ProgramError(
            f"the program {_called(function)} wants {', '.join(wanted)}: a program takes no arguments. "
            "Wrap it: rehearse(lambda: program(...))"
        )
    module = sys.modules.get(function.__module__)
    file = getattr(module, "__file__", None)
    try:
        pickled = base64.b64encode(dill.dumps(function, recurse=True)).decode()
    except Exception as e:
        raise ProgramError(
            f"the program {_called(function)} holds something that can't be taken to the process it runs in "
            f"({type(e).__name__}: {e}). Build such things inside the function, or write the program as a folder."
        ) from e
    folder.mkdir(parents=True, exist_ok=True)
    imports = ", ".join(filter(str.isidentifier, mentioned(file or "").split(","))) or "sys"
    text = _MAIN.format(
        path=sys.path, module=function.__module__, file=str(file or ""), pickled=pickled, imports=imports
    )
    (folder / "__main__.py").write_text(text)
    source = Path(file).read_text(errors="replace") if file else ""
    return Program(Project(PROJECT, folder, "python"), _imports_aws(source))


def _called(function: Callable[[], object]) -> str:
    return getattr(function, "__qualname__", repr(function))


def _name(folder: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "-", folder)[:100] or PROJECT


def _imports_aws(source: str) -> bool:
    return bool(re.search(r"^\s*(import|from)\s+(pulumi_aws|boto3)\b", source, re.MULTILINE))
