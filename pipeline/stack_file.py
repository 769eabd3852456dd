"""
`Pulumi.<stack>.yaml` as people wrote it: read without an engine, and one setting changed with all else left as it is.

A changed file differs from the old one in that value alone, to the byte: comments, order, quotes and line ends stay.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import Any

import yaml

from pipeline.errors import PipelineError

NAMESPACE = "holdfast"
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

    # --- editing ------------------------------------------------------------------------------------------------

    def _with(self, text: str, key: str, value: str) -> str:
        written = value if _PLAIN.fullmatch(value) else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        root = self._composed(text)
        ending = "\r\n" if "\r\n" in text else "\n"
        if root is None:
            return (
                f"{text}{'' if not text or text.endswith(ending) else ending}config:{ending}  {key}: {written}{ending}"
            )
        config = next((node for name, node in root.value if name.value == "config"), None)
        if config is None:
            end = "" if text.endswith(ending) else ending
            return f"{text}{end}config:{ending}  {key}: {written}{ending}"
        if not isinstance(config, yaml.MappingNode) or config.flow_style or not config.value:
            raise self._by_hand(key, value)
        for name, node in config.value:
            if name.value != key:
                continue
            start, end = node.start_mark.index, node.end_mark.index
            if not isinstance(node, yaml.ScalarNode) or start < name.end_mark.index or text[start] in "&!|>":
                raise self._by_hand(key, value)
            quote = node.style or ""
            return (
                f"{text[:start]}{quote}{value}{quote}{text[end:]}" if quote else f"{text[:start]}{written}{text[end:]}"
            )
        first = config.value[0][0].start_mark
        indent = " " * first.column
        at = first.index - first.column
        return f"{text[:at]}{indent}{key}: {written}{ending}{text[at:]}"

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
