"""
`Pulumi.<stack>.yaml` as people wrote it: read without an engine, and one setting changed with all else left as it is.

A changed file differs from the old one in that value alone, to the byte: comments, order, quotes and line ends stay.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from pipeline.errors import PipelineError

NAMESPACE = "holdfast"
Scalar = str | int | bool
Setting = Scalar | Mapping[str, Scalar]
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./@:-]*[A-Za-z0-9]")


class StackFile:
    """
    The settings file of one stack.

    Args:
        project: the folder of Pulumi.yaml.
        stack: the stack's name.

    """

    def __init__(self, project: Path, stack: str) -> None:
        self.stack = stack
        self.path = project / f"Pulumi.{stack}.yaml"

    def config(self) -> dict[str, Any]:
        """
        Everything under `config`, by full key; empty when there is no such file.

        Raises:
            PipelineError: the file can't be read.

        """
        return self._config_in(self._text())

    def setting(self, name: str) -> Any:
        """One of Holdfast's settings as the file has it, or None."""
        return self.config().get(f"{NAMESPACE}:{name}")

    def pin(self, name: str, value: str) -> bool:
        """
        Write one of Holdfast's settings; whether the file changed.

        Raises:
            PipelineError: the file can't be read or written, or has the setting in a form that isn't a plain text.

        """
        key = f"{NAMESPACE}:{name}"
        before = self._text()
        config = self._config_in(before)
        if config.get(key) == value:
            return False
        after = self._with(before, key, value)
        if self._config_in(after) != config | {key: value}:
            raise self._by_hand(key, value)
        self._write(after)
        return True

    def put(self, name: str, value: Setting) -> bool:
        """
        Write one of Holdfast's settings, a number or a map of texts too; whether the file changed.

        Of a map that is there, the entries given are changed or added, and the others stay.

        Raises:
            PipelineError: the file can't be read or written, or has the setting in a form that can't be edited.

        """
        key = f"{NAMESPACE}:{name}"
        before = self._text()
        config = self._config_in(before)
        wanted = value
        if isinstance(value, Mapping):
            there = config.get(key) or {}
            if not isinstance(there, Mapping) or "secure" in there:
                raise self._by_hand(key, str(dict(value)))
            wanted = {**there, **value}
        if config.get(key) == wanted:
            return False
        after = before
        if isinstance(value, Mapping) and config.get(key):
            for entry, each in value.items():
                after = self._with_entry(after, key, entry, each)
        elif isinstance(value, Mapping):
            after = self._with_block(after, key, value)
        else:
            after = self._with(after, key, value)
        if self._config_in(after) != config | {key: wanted}:
            raise self._by_hand(key, str(wanted))
        self._write(after)
        return True

    def put_all(self, values: Mapping[str, Setting]) -> None:
        """
        Write several settings as `put` does, or none of them.

        Raises:
            PipelineError: one can't be written; the file is as it was.

        """
        before = self._text()
        try:
            for name, value in values.items():
                self.put(name, value)
        except PipelineError:
            if self._text() != before:
                self._write(before)
            raise

    # --- editing ------------------------------------------------------------------------------------------------

    def _with(self, text: str, key: str, value: Scalar) -> str:
        config = self._block(text)
        if config is None:
            return f"{self._with_config(text)}  {key}: {_written(value)}{_ending(text)}"
        for name, node in config.value:
            if name.value == key:
                return self._replaced(text, name, node, value, key)
        return self._added(text, config, f"{key}: {_written(value)}")

    def _with_entry(self, text: str, key: str, entry: str, value: Scalar) -> str:
        """An entry of a map that is a setting."""
        config = self._block(text)
        node = next((node for name, node in config.value if name.value == key), None) if config else None
        if not isinstance(node, yaml.MappingNode) or node.flow_style or not node.value:
            raise self._by_hand(key, f"{entry}: {value}")
        for name, each in node.value:
            if name.value == entry:
                return self._replaced(text, name, each, value, key)
        return self._added(text, node, f"{_written(entry)}: {_written(value)}")

    def _with_block(self, text: str, key: str, value: Mapping[str, Scalar]) -> str:
        config = self._block(text)
        ending = _ending(text)
        if config is not None and any(name.value == key for name, _ in config.value):
            raise self._by_hand(key, str(dict(value)))  # an empty one, in whatever form
        indent = " " * config.value[0][0].start_mark.column if config is not None else "  "
        entries = f"{ending}{indent}  ".join(f"{_written(name)}: {_written(each)}" for name, each in value.items())
        block = f"{key}:{ending}{indent}  {entries}"
        if config is None:
            return f"{self._with_config(text)}  {block}{ending}"
        return self._added(text, config, block)

    def _block(self, text: str) -> Any:
        """The mapping under `config`, or None where there is none yet."""
        root = self._composed(text)
        config = next((node for name, node in root.value if name.value == "config"), None) if root else None
        if config is not None and (not isinstance(config, yaml.MappingNode) or config.flow_style or not config.value):
            raise self._by_hand("config", "a setting")
        return config

    @staticmethod
    def _with_config(text: str) -> str:
        ending = _ending(text)
        return f"{text}{'' if not text or text.endswith(ending) else ending}config:{ending}"

    @staticmethod
    def _added(text: str, mapping: Any, line: str) -> str:
        """As the first of a mapping's entries."""
        first = mapping.value[0][0].start_mark
        at = first.index - first.column
        return f"{text[:at]}{' ' * first.column}{line}{_ending(text)}{text[at:]}"

    def _replaced(self, text: str, name: Any, node: Any, value: Scalar, key: str) -> str:
        start, end = node.start_mark.index, node.end_mark.index
        if not isinstance(node, yaml.ScalarNode) or start < name.end_mark.index or text[start : start + 1] in "&!|>":
            raise self._by_hand(key, str(value))
        quote = (node.style or "") if isinstance(value, str) else ""
        return f"{text[:start]}{f'{quote}{value}{quote}' if quote else _written(value)}{text[end:]}"

    def _by_hand(self, key: str, value: str) -> PipelineError:
        return PipelineError(
            f"{self.path.name} was to have {key} set to {value}, and has it in a form that isn't a plain text on a "
            "line of its own. The file was left as it is; write it there by hand."
        )

    # --- reading and writing ------------------------------------------------------------------------------------

    def _text(self) -> str:
        try:
            return self.path.read_bytes().decode("utf-8")
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError) as error:
            raise PipelineError(f"{self.path} was to be read and can't be: {error}") from error

    def _composed(self, text: str) -> Any:
        try:
            root = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.YAMLError as error:
            raise PipelineError(f"{self.path} isn't YAML: {' '.join(str(error).split())}. Mend it there.") from error
        if root is not None and not isinstance(root, yaml.MappingNode):
            raise PipelineError(f"{self.path} has no settings: it is to be a map with the key config. Mend it there.")
        return root

    def _config_in(self, text: str) -> dict[str, Any]:
        if self._composed(text) is None:
            return {}
        found = (yaml.safe_load(text) or {}).get("config")
        if found is None:
            return {}
        if not isinstance(found, dict):
            raise PipelineError(f"{self.path}: config is to be a map of settings. Mend it there.")
        return {str(key): value for key, value in found.items()}

    def _write(self, text: str) -> None:
        """In one step: the file is either the old or the new one."""
        handle, temporary = tempfile.mkstemp(prefix=f".{self.path.name}.", dir=self.path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(text.encode("utf-8"))
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).chmod(self.path.stat().st_mode & 0o777 if self.path.exists() else 0o644)
            Path(temporary).replace(self.path)
        except OSError as error:
            Path(temporary).unlink(missing_ok=True)
            raise PipelineError(f"{self.path} was to be written and can't be: {error}. It is as it was.") from error


def _ending(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _written(value: Scalar) -> str:
    """As YAML reads it back: in quotation marks where it would be something else without."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if _PLAIN.fullmatch(value) and yaml.safe_load(value) == value:
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
