"""The project: Pulumi.yaml, found from the current folder upwards, read and checked.

Source of the format: https://www.pulumi.com/docs/iac/concepts/projects/project-file/ and pulumi/pulumi,
sdk/go/common/workspace/project.go.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rehearsal.command import yaml_files
from rehearsal.command.errors import CommandError, ProjectError

FILES = ("Pulumi.yaml", "Pulumi.yml")
NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")
TYPES = ("string", "integer", "boolean", "array", "object")
ATTRIBUTES = frozenset({"type", "description", "items", "default", "value", "secret"})


@dataclass(frozen=True)
class Declared:
    """A setting as Pulumi.yaml declares it.

    `type` is "" when it has none, `array<...>` for arrays; `fallback` is its `default` or `value`, or None.
    """

    key: str
    type: str = ""
    description: str = ""
    fallback: Any = None
    secret: bool = False
    required: bool = False


@dataclass(frozen=True)
class Project:
    """A checked Pulumi.yaml; `directory` is the folder it stands in."""

    name: str
    directory: Path
    runtime: str
    options: dict[str, Any] = field(default_factory=dict)
    main: str = ""
    description: str = ""
    settings_folder: Path = Path()
    declared: dict[str, Declared] = field(default_factory=dict)
    plugins: dict[str, Path] = field(default_factory=dict)

    def settings_file(self, stack: str) -> Path:
        """Where the stack's settings are: Pulumi.<stack>.yaml (or .yml if only that is there)."""
        folder = self.directory / self.settings_folder
        other = folder / f"Pulumi.{stack}.yml"
        return other if other.exists() else folder / f"Pulumi.{stack}.yaml"

    def check_program(self) -> None:
        """Raise ProjectError when a run couldn't even start: no program, a runtime that isn't Python."""
        if self.runtime != "python":
            raise ProjectError(
                f"{self.directory / FILES[0]}: the rehearsal has no runtime {self.runtime!r}, only python. "
                "Use the Pulumi CLI for this project."
            )
        entry = self.directory / (self.main or ".")
        if not (entry.is_file() or (entry / "__main__.py").is_file()):
            raise ProjectError(
                f"there is no program in {entry}: a Python project has a __main__.py beside Pulumi.yaml, "
                "or `main:` in Pulumi.yaml names its folder or file."
            )


def find(start: Path | None = None) -> Project:
    """The project of a folder (default: the current one) or of the nearest one above it.

    Raises ProjectError when there is none or it is wrong: the message names file and key.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        for name in FILES:
            if (folder / name).is_file():
                return load(folder / name)
        if (folder / "Pulumi.json").is_file():
            raise ProjectError(
                f"the rehearsal has no JSON project files: write {folder / 'Pulumi.json'} as Pulumi.yaml."
            )
    raise ProjectError(
        f"no Pulumi.yaml project file found in {here} or above it. "
        "Change to the project's folder, or name it with --cwd."
    )


def load(path: Path) -> Project:
    """Read and check one project file."""
    try:
        document = yaml_files.read(path)
    except CommandError as error:
        raise ProjectError(str(error)) from None
    if not isinstance(document, dict):
        raise ProjectError(f"{path} holds {_kind(document)}, not a project: it needs at least `name:` and `runtime:`.")
    name = document.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ProjectError(
            f"{path}: `name` must be text of letters, digits, `-`, `_` and `.` (at most 100), not {name!r}."
        )
    runtime, options = _runtime(document.get("runtime"), path)
    main = document.get("main") or ""
    if not isinstance(main, str):
        raise ProjectError(f"{path}: `main` must be a path, not {_kind(main)}.")
    config = document.get("config")
    folder = document.get("stackConfigDir") or (config if isinstance(config, str) else "")
    return Project(
        name=name,
        directory=path.parent,
        runtime=runtime,
        options=options,
        main=main,
        description=str(document.get("description") or ""),
        settings_folder=Path(folder),
        declared=_declared(config, name, path) if not isinstance(config, str) else {},
        plugins=_plugins(document.get("plugins"), path),
    )


def _runtime(value: Any, path: Path) -> tuple[str, dict[str, Any]]:
    if isinstance(value, str) and value:
        return value, {}
    if isinstance(value, dict) and isinstance(value.get("name"), str):
        options = value.get("options") or {}
        if isinstance(options, dict):
            return value["name"], options
    raise ProjectError(
        f"{path}: `runtime` must be a name such as `python`, or have `name` and `options`, not {value!r}."
    )


def _plugins(value: Any, path: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    if value is None:
        return found
    if not isinstance(value, dict):
        raise ProjectError(f"{path}: `plugins` must hold `providers`, not {_kind(value)}.")
    for kind in ("languages", "analyzers"):
        if value.get(kind):
            raise ProjectError(f"{path}: the rehearsal has no `plugins.{kind}`, only `plugins.providers`.")
    for entry in value.get("providers") or []:
        if not isinstance(entry, dict) or not entry.get("name") or not entry.get("path"):
            raise ProjectError(f"{path}: an entry of `plugins.providers` needs `name` and `path`: {entry!r}")
        found[str(entry["name"])] = (path.parent / str(entry["path"])).resolve()
    return found


def _declared(config: Any, project: str, path: Path) -> dict[str, Declared]:
    if config is None:
        return {}
    if not isinstance(config, dict):
        raise ProjectError(f"{path}: `config` must map settings to their type or value, not {_kind(config)}.")
    found = [_declaration(str(key), value, project, path) for key, value in config.items()]
    return {one.key: one for one in found}


def _declaration(written: str, value: Any, project: str, path: Path) -> Declared:
    own = ":" not in written or written.startswith(f"{project}:")
    key = written if ":" in written else f"{project}:{written}"
    at = f"{path}: config.{written}"
    if not isinstance(value, dict) or not ATTRIBUTES & value.keys():
        # A bare value: the short form of `value:`.
        return Declared(key, fallback=value)
    unknown = sorted(set(value) - ATTRIBUTES)
    if unknown:
        raise ProjectError(f"{at} has no attribute {unknown[0]!r}; it may have {', '.join(sorted(ATTRIBUTES))}.")
    if value.get("default") is not None and value.get("value") is not None:
        raise ProjectError(f"{at} has both a `default` and a `value`: keep one.")
    type_ = _type(value, at)
    if not own and (type_ or value.get("default") is not None or value.get("value") is None):
        raise ProjectError(
            f"{at} isn't of this project's namespace: it takes a `value` and neither `type` nor `default`."
        )
    default = value.get("default")
    if type_ and default is not None and not fits(type_, default):
        raise ProjectError(f"{at}: the default {default!r} isn't of the declared type {type_}.")
    fallback = default if default is not None else value.get("value")
    return Declared(
        key,
        type_,
        str(value.get("description") or ""),
        fallback,
        bool(value.get("secret")),
        required=own and fallback is None,
    )


def _type(value: dict[str, Any], at: str) -> str:
    type_ = value.get("type")
    if type_ is None:
        return ""
    if type_ not in TYPES:
        raise ProjectError(f"{at}: there is no type {type_!r}; it may be {', '.join(TYPES)}.")
    if type_ != "array":
        return str(type_)
    items = value.get("items")
    if not isinstance(items, dict) or not items.get("type"):
        raise ProjectError(f"{at} is an array and doesn't say of what: add `items: {{type: ...}}`.")
    return f"array<{_type(items, f'{at}.items')}>"


def fits(type_: str, value: Any) -> bool:
    """Whether a value is of a declared type; as with Pulumi, text that reads as a number or a truth value is one."""
    if type_.startswith("array<"):
        return isinstance(value, list) and all(fits(type_[6:-1], item) for item in value)
    if type_ == "string":
        return isinstance(value, str)
    if type_ == "boolean":
        return isinstance(value, bool) or value in ("true", "false")
    if type_ == "object":
        return isinstance(value, dict)
    if isinstance(value, str):
        return bool(re.fullmatch(r"[-+]?[0-9]+", value))
    return not isinstance(value, bool) and isinstance(value, (int, float)) and value == int(value)


def _kind(value: Any) -> str:
    names = {dict: "a mapping", list: "a list", str: "text", int: "a number", float: "a number", bool: "a truth value"}
    return "nothing" if value is None else names.get(type(value), type(value).__name__)
