"""Reading and writing the project's YAML files as Pulumi's command does: YAML 1.2, comments kept when a value changes.

Reading takes PyYAML with YAML 1.2's rules (`yes` is text, a date is text, a key given twice is a mistake); writing
takes ruamel.yaml, which keeps comments and order, and is slower to start.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import Any

import yaml

from rehearsal.command.errors import CommandError

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]
    """PyYAML's safe loader with YAML 1.2's scalars."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012  # PyYAML's own shape

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if isinstance(key_node, yaml.ScalarNode) and key_node.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key_node.value!r} is there twice", key_node.start_mark
                )
            seen.add(key_node.value if isinstance(key_node, yaml.ScalarNode) else id(key_node))
        mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return mapping


for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", "~nN\0"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        "float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+.0123456789",
    ),
    ("merge", r"<<", "<"),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), [c if c != "\0" else "" for c in _first]
    )


def _int(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    text = loader.construct_scalar(node)
    return int(text, 0) if text[:2] in ("0x", "0o") else int(text)


def _float(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> float:
    return float(loader.construct_scalar(node).lower().replace(".inf", "inf").replace(".nan", "nan"))


_Loader.add_constructor("tag:yaml.org,2002:int", _int)
_Loader.add_constructor("tag:yaml.org,2002:float", _float)


def parse(text: str, name: str) -> Any:
    """The value of YAML text. Raises CommandError that says where in `name` it breaks off."""
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506  # a safe loader, only with other scalars
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise CommandError(f"{name} isn't YAML: {error.problem or error.context}{where}. Mend it there.") from None
    except yaml.YAMLError as error:
        raise CommandError(f"{name} isn't YAML: {error}") from None


def read(path: Path) -> Any:
    """The value of a YAML file. Raises CommandError when it can't be read."""
    try:
        return parse(path.read_text(encoding="utf-8"), str(path))
    except UnicodeDecodeError as error:
        raise CommandError(f"{path} isn't UTF-8 text (byte {error.start}). Save it as UTF-8.") from None
    except OSError as error:
        raise CommandError(f"{path} can't be read: {error.strerror}") from None


def editable(path: Path) -> tuple[Any, Any]:
    """A file for editing: ruamel's writer and the document, comments and order included."""
    from ruamel.yaml import YAML  # only for writing
    from ruamel.yaml.comments import CommentedMap
    from ruamel.yaml.error import YAMLError

    writer = YAML()
    writer.preserve_quotes = True
    writer.width = 4096
    writer.indent(mapping=2, sequence=4, offset=2)
    if not path.exists():
        return writer, CommentedMap()
    read(path)  # its errors name the line
    try:
        document = writer.load(path.read_text(encoding="utf-8"))
    except YAMLError as error:
        raise CommandError(f"{path} isn't YAML: {error}") from None
    return writer, CommentedMap() if document is None else document


def write(path: Path, writer: Any, document: Any) -> None:
    """Write an edited document in one step: the file is either the old or the new one."""
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            writer.dump(document, file)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            Path(temporary).chmod(path.stat().st_mode & 0o777)
        else:
            Path(temporary).chmod(0o644)
        os.replace(temporary, path)  # the atomic one
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
