"""Property paths: `a`, `b.c`, `e[0]`, `f["g.h"]`, `i[*].j`.

Source: pulumi/pulumi, sdk/go/common/resource/property_path.go.
"""

from __future__ import annotations

import re
from typing import Any

from rehearsal.errors import ProgramError
from rehearsal.values import OutputValue, Secret

Path = tuple[str | int, ...]
ANY = "*"
_STEP = re.compile(r"""\.?(?P<name>[^.\[\]"]+)|\[(?P<index>\d+|\*)\]|\["(?P<quoted>(?:[^"\\]|\\.)*)"\]""")
_PLAIN = re.compile(r'^[^.\[\]"]+$')


def parse(text: str) -> Path:
    """The steps of a path: names, indices, and ANY for `*`. Raises ProgramError for other text."""
    steps: list[str | int] = []
    position = 0
    while position < len(text):
        found = _STEP.match(text, position)
        if not found:
            raise ProgramError(f"{text!r} isn't a property path: trouble at position {position}")
        if found["index"] is not None:
            steps.append(ANY if found["index"] == "*" else int(found["index"]))
        else:
            steps.append(found["name"] if found["name"] is not None else re.sub(r"\\(.)", r"\1", found["quoted"]))
        position = found.end()
    return tuple(steps)


def text(path: Path) -> str:
    """The text of a path."""
    made = ""
    for step in path:
        if isinstance(step, int):
            made += f"[{step}]"
        elif _PLAIN.match(step):
            made += f".{step}" if made else step
        else:
            quoted = step.replace("\\", "\\\\").replace('"', '\\"')
            made += f'["{quoted}"]'
    return made


def contains(outer: Path, inner: Path) -> bool:
    """Whether `inner` is `outer` or lies below it; `*` in `outer` stands for any step."""
    return len(inner) >= len(outer) and all(o in (ANY, i) for o, i in zip(outer, inner, strict=False))


def reset(path: Path, old: Any, new: Any) -> tuple[Any, bool]:
    """`new` with the value at `path` taken from `old` (removed where `old` has none), and whether that was possible."""
    if not path:
        return old, True
    wrapped_old = old.value if isinstance(old, (Secret, OutputValue)) else old
    if isinstance(new, Secret):
        inner, done = reset(path, wrapped_old, new.value)
        return Secret(inner), done
    if isinstance(new, OutputValue):
        inner, done = reset(path, wrapped_old, new.value)
        return OutputValue(inner, new.secret, new.dependencies), done
    if isinstance(new, dict) and isinstance(wrapped_old, dict):
        return _reset_object(path, wrapped_old, new)
    if isinstance(new, list) and isinstance(wrapped_old, list):
        return _reset_list(path, wrapped_old, new)
    return new, new is None and wrapped_old is None


def _reset_object(path: Path, old: dict[str, Any], new: dict[str, Any]) -> tuple[Any, bool]:
    head, rest = path[0], path[1:]
    keys = [*new, *(k for k in old if k not in new)] if head == ANY else [str(head)]
    result, all_done = dict(new), True
    for key in keys:
        if not rest:
            if key in old:
                result[key] = old[key]
            else:
                result.pop(key, None)
        elif key in old and key in new:
            result[key], done = reset(rest, old[key], new[key])
            all_done = all_done and done
        elif key in old or key in new:
            all_done = False
    return result, all_done


def _reset_list(path: Path, old: list[Any], new: list[Any]) -> tuple[Any, bool]:
    head, rest = path[0], path[1:]
    if head == ANY and not rest:
        return list(old), True
    indices = range(min(len(old), len(new))) if head == ANY else [head]
    result, all_done = list(new), True
    for index in indices:
        if not isinstance(index, int) or index >= len(new) or index >= len(old):
            all_done = False
            continue
        result[index], done = reset(rest, old[index], new[index])
        all_done = all_done and done
    return result, all_done
