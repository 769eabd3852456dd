"""
YAML with the lines it was written on, so that errors can name them.

Place: below `findings/exemptions.py`. Scalars stay texts, as written: YAML's own reading of dates would fail on a
malformed one, and a name like `no` would become false. Duplicate keys and anchors are refused: both hide entries.
"""

from __future__ import annotations

from dataclasses import dataclass

import yaml


class UnreadableError(ValueError):
    """The text is no YAML, or uses what is refused here; the message has the line."""


@dataclass(frozen=True, slots=True)
class Lined:
    """A text, a list or a mapping, and the line (from 1) on which it begins."""

    value: str | list[Lined] | dict[str, Lined]
    line: int


def read(text: str) -> Lined | None:
    """
    Read one document; None when it is empty.

    Raises UnreadableError.
    """
    try:
        for token in yaml.scan(text, Loader=yaml.BaseLoader):
            if isinstance(token, yaml.AliasToken):
                raise UnreadableError(f"line {token.start_mark.line + 1}: aliases (`*{token.value}`) are not read here")
        node = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UnreadableError(f"line {line}: no YAML ({error.problem})") from error
    except yaml.YAMLError as error:
        raise UnreadableError(f"no YAML ({error})") from error
    return None if node is None else _lined(node)


def _lined(node: yaml.Node) -> Lined:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        return Lined([_lined(child) for child in node.value], line)
    if isinstance(node, yaml.MappingNode):
        values: dict[str, Lined] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise UnreadableError(f"line {key.start_mark.line + 1}: a key is a text")
            if key.value in values:
                raise UnreadableError(f"line {key.start_mark.line + 1}: {key.value} stands here a second time")
            values[key.value] = _lined(value)
        return Lined(values, line)
    return Lined(str(node.value), line)
