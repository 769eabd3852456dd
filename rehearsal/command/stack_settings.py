"""The settings of one stack: Pulumi.<stack>.yaml, read and edited, secrets under the stack's passphrase.

A setting is a value of YAML in which `{secure: <ciphertext>}` stands for a secret, at the top or inside an object. The
program gets text: scalars as they are written, objects and lists as JSON. A key without a namespace is the project's.

Source: https://www.pulumi.com/docs/iac/concepts/config/ and pulumi/pulumi, sdk/go/common/resource/config.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rehearsal.command import yaml_files
from rehearsal.command.errors import ConfigurationError
from rehearsal.command.text import warn

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rehearsal.state.crypter import Crypter

TOP = frozenset({"config", "encryptionsalt", "secretsprovider", "encryptedkey"})


@dataclass(frozen=True)
class Secure:
    """A secret inside a setting, as ciphertext."""

    ciphertext: str


@dataclass(frozen=True)
class Shown:
    """A setting as it is shown: text, the value behind it when that is no text, and whether it is secret."""

    text: str
    secret: bool
    structure: Any = None

    @property
    def plain(self) -> bool:
        """Whether it is a scalar."""
        return self.structure is None


def full_key(key: str, project: str) -> str:
    """`namespace:name` of a key as a person writes it. Raises ConfigurationError for one that can't be a key."""
    parts = key.split(":")
    if len(parts) == 1 and parts[0]:
        return f"{project}:{key}"
    if len(parts) == 3 and parts[1] == "config":  # noqa: PLR2004  # the old form, namespace:config:name
        parts = [parts[0], parts[2]]
    if len(parts) != 2 or not all(parts):  # noqa: PLR2004
        raise ConfigurationError(f"{key!r} isn't a configuration key: one is `name` or `namespace:name`.")
    return ":".join(parts)


class StackSettings:
    """The settings file of one stack.

    Args:
        path: the file; it needn't exist.
        project: the project's name, the namespace of short keys.

    Raises:
        ConfigurationError: the file isn't one of settings; the message names file and key.

    """

    def __init__(self, path: Path, project: str) -> None:
        self.path = path
        self.project = project
        self.salt = ""
        self.secrets_provider = ""
        self.values: dict[str, Any] = {}
        document = yaml_files.read(path) if path.exists() else None
        if document is not None:
            self._take(document)

    def _take(self, document: Any) -> None:
        if not isinstance(document, dict):
            raise ConfigurationError(f"{self.path} holds no settings: it is a mapping with `config:` in it.")
        foreign = sorted(str(key) for key in document if key not in TOP)
        if foreign:
            raise ConfigurationError(
                f"{self.path}: the rehearsal has no {foreign[0]!r} in a stack's settings (environments and the like "
                "are the Pulumi CLI's); it may have config, encryptionsalt and secretsprovider."
            )
        self.salt = str(document.get("encryptionsalt") or "")
        self.secrets_provider = str(document.get("secretsprovider") or "")
        if self.secrets_provider not in ("", "passphrase", "default"):
            raise ConfigurationError(
                f"{self.path}: the rehearsal has no secrets provider {self.secrets_provider!r}, only passphrase. "
                "Give the rehearsal a stack of its own."
            )
        config = document.get("config") or {}
        if not isinstance(config, dict):
            raise ConfigurationError(f"{self.path}: `config` must map keys to values.")
        for key, value in config.items():
            name = full_key(str(key), self.project)
            if name in self.values:
                raise ConfigurationError(f"{self.path}: config.{key} is there twice, with and without its namespace.")
            if value is None:
                warn(f'{self.path}: config.{key} has no value; it is taken as empty text. Write "" to say so.')
            self.values[name] = "" if value is None else _taken(value, f"{self.path}: config.{key}")

    def shown(self, key: str, crypter: Callable[[], Crypter] | None) -> Shown:
        """A setting in clear; without a crypter secrets are `[secret]`."""
        return shown(self.values[key], crypter)

    def edit(self) -> Edit:
        """Begin to change the file."""
        return Edit(self)


class Edit:
    """A change of a settings file that keeps its comments, order and the way keys are written."""

    def __init__(self, settings: StackSettings) -> None:
        self.settings = settings
        self._writer, self._document = yaml_files.editable(settings.path)

    def salt(self, salt: str) -> None:
        """Keep the encryption salt."""
        self.settings.salt = salt
        self._document["encryptionsalt"] = salt

    def set(self, key: str, value: Any) -> None:
        """Keep a value under a full key."""
        self.settings.values[key] = value
        if not self._document.get("config"):
            self._document["config"] = {}
        self._document["config"][self._written(key) or key] = _yaml(value)

    def remove(self, key: str) -> None:
        """Remove a full key, if it is there."""
        self.settings.values.pop(key, None)
        written = self._written(key)
        if written is not None:
            del self._document["config"][written]
            if not self._document["config"]:
                del self._document["config"]

    def save(self) -> None:
        """Write the file in one step."""
        yaml_files.write(self.settings.path, self._writer, self._document)

    def _written(self, key: str) -> str | None:
        config = self._document.get("config") or {}
        return next((k for k in config if full_key(str(k), self.settings.project) == key), None)


def shown(value: Any, crypter: Callable[[], Crypter] | None) -> Shown:
    """A value in clear; without a crypter secrets are `[secret]`."""
    secret = is_secret(value)
    clear = _clear(value, crypter)
    structure = clear if isinstance(clear, (dict, list)) else None
    return Shown(text_of(clear), secret, structure)


def is_secret(value: Any) -> bool:
    """Whether there is a secret anywhere in a value."""
    if isinstance(value, dict):
        return any(map(is_secret, value.values()))
    return any(map(is_secret, value)) if isinstance(value, list) else isinstance(value, Secure)


def text_of(value: Any) -> str:
    """The text that the program gets for a value."""
    if isinstance(value, (dict, list)):
        return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _taken(value: Any, at: str) -> Any:
    if isinstance(value, dict):
        if set(value) == {"secure"}:
            if not isinstance(value["secure"], str):
                raise ConfigurationError(f"{at}.secure must be a ciphertext, as `config set --secret` writes it.")
            return Secure(value["secure"])
        if not all(isinstance(key, str) for key in value):
            raise ConfigurationError(f"{at}: the keys of an object must be text.")
        return {key: _taken(inner, f"{at}.{key}") for key, inner in value.items()}
    if isinstance(value, list):
        return [_taken(inner, f"{at}[{index}]") for index, inner in enumerate(value)]
    return value


def _clear(value: Any, crypter: Callable[[], Crypter] | None) -> Any:
    if isinstance(value, dict):
        return {key: _clear(inner, crypter) for key, inner in value.items()}
    if isinstance(value, list):
        return [_clear(inner, crypter) for inner in value]
    if isinstance(value, Secure):
        return crypter().decrypt(value.ciphertext) if crypter else "[secret]"
    return value


def keeping(value: Any) -> Any:
    """A value as JSON to be kept (in the history), secrets as ciphertext; `kept` reads it."""
    if isinstance(value, Secure):
        return {"secure": value.ciphertext}
    if isinstance(value, dict):
        return {key: keeping(inner) for key, inner in value.items()}
    return [keeping(inner) for inner in value] if isinstance(value, list) else value


def kept(value: Any) -> Any:
    """A value out of what `keeping` made of it."""
    return _taken(value, "the history")


def _yaml(value: Any) -> Any:
    if isinstance(value, Secure):
        return {"secure": value.ciphertext}
    if isinstance(value, dict):
        return {key: _yaml(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_yaml(inner) for inner in value]
    if isinstance(value, str):
        from ruamel.yaml.scalarstring import DoubleQuotedScalarString  # only for writing

        again = yaml_files.parse(value, "a value") if value and ":" not in value and "#" not in value else None
        return value if again == value and "\n" not in value else DoubleQuotedScalarString(value)
    return value
