"""What kind of process a command asks for: what its like imported is what it will import.

A module, or a script of the rehearsal's own, is a kind by itself. Any other script is known by what it says it imports,
with the files beside it that it imports; so is a program, which a script of the rehearsal runs (`wire/starter.py`).
"""

from __future__ import annotations

import os
import re
import sys

PROGRAM = "starter.py"
_LINE = re.compile(r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import\b|import[ \t]+([^#;\n]+))", re.MULTILINE)
_MOST_FILES = 30


def of_script(script: str, arguments: list[str]) -> str:
    """The kind of a script; `arguments`: its own."""
    inside, _, name = script.rpartition(os.sep)
    own = os.path.dirname(os.path.dirname(__file__)) + os.sep
    if inside.startswith(own) and name == PROGRAM:
        return of_program(_entry(arguments))
    if inside.startswith(own) or inside == os.path.dirname(os.path.abspath(sys.executable)):
        return name
    return f"script: {mentioned(script)}"


def of_program(entry: str) -> str:
    """The kind of a program, by its file or folder."""
    return f"{PROGRAM}: {mentioned(entry)}"


def like(kind: str, known: dict[str, list[str]]) -> list[str]:
    """The modules of a kind: what is known of it, or else of the most similar one that mentions nothing else."""
    if kind in known:
        return known[kind]
    sort, colon, names = kind.partition(": ")
    if not colon:
        return []
    ours = set(names.split(","))
    others = (other.partition(": ") for other in known)
    similar = [(len(words), other) for was, _, other in others
               if was == sort and other and (words := set(other.split(","))) <= ours]  # fmt: skip
    return known[f"{sort}: {max(similar)[1]}"] if similar else []


def mentioned(entry: str) -> str:
    """What a script or a folder's `__main__.py` imports from elsewhere, and the files beside it that it imports too."""
    main = os.path.join(entry, "__main__.py") if os.path.isdir(entry) else entry
    folder = os.path.dirname(os.path.abspath(main))
    names: set[str] = set()
    files, seen = [main], {main}
    while files and len(seen) <= _MOST_FILES:
        for name in _imported(files.pop()):
            beside = os.path.join(folder, f"{name}.py")
            if os.path.isfile(beside):
                files += [] if beside in seen else [beside]
                seen.add(beside)
            elif name not in sys.stdlib_module_names:
                names.add(name)
    return ",".join(sorted(names))


def _imported(file: str) -> set[str]:
    """The top-level names that a file imports."""
    try:
        with open(file, encoding="utf-8", errors="replace") as source:
            lines = _LINE.findall(source.read())
    except OSError:
        return set()
    clauses = (clause for origin, listed in lines for clause in (origin or listed).split(","))
    return {words[0].partition(".")[0] for clause in clauses if (words := clause.split())} - {""}


def _entry(arguments: list[str]) -> str:
    """The program among the arguments of the script that runs it."""
    place = arguments[arguments.index("--pwd") + 1] if "--pwd" in arguments[:-1] else ""
    return os.path.join(place, arguments[-1]) if arguments else ""
