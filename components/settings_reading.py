"""
How settings are read: as configuration carries them, overridden for one run, what is unset left out.

Place: below `components.settings`, which says what each setting is.
"""

import datetime as dt
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, ValidationInfo

from components.registry_settings import CREDENTIALS
from components.settings_problems import NAMESPACE, SettingsError
from knowledge import end_dates

OVERRIDES = "HOLDFAST_SET"
LONGEST_VARIABLE = 1024
MOST_VARIABLES = 100
_LONGEST_INLINE_POLICY = 10_240
_GZIP = b"\x1f\x8b"


def from_text(value: object) -> object:
    """A list or map as configuration carries it: as JSON text."""
    if isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def texts(value: object) -> object:
    """A map as configuration carries it; numbers and truth values as SageMaker will hand them over: as text."""
    value = from_text(value)
    if not isinstance(value, Mapping):
        return value
    return {name: json.dumps(each) if isinstance(each, bool | int | float) else each for name, each in value.items()}


def checked_variables(value: dict[str, str]) -> dict[str, str]:
    """The variables of a container; raises ValueError for a name or text that SageMaker doesn't take."""
    for name, text in value.items():
        if not re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", name) or len(name) > LONGEST_VARIABLE:
            raise ValueError(f"{name!r} is no name for a variable")
        if len(text) > LONGEST_VARIABLE:
            raise ValueError(f"{name} has {len(text)} characters")
    return value


def end_date(value: object) -> object:
    """As text. That it is over isn't wrong here, or nobody could destroy such a stack: a rule refuses it."""
    text = value.isoformat() if isinstance(value, dt.date) else value
    if isinstance(text, str):
        # What Pulumi makes of a date in YAML without quotation marks: 2026-12-31 18:00:00 +0100 +0100
        text = re.sub(r"^(\S+ \S+) ([+-]\d{4}) \S+$", r"\1\2", text)
        end_dates.read(text)
    return text


def described(description: str, may_be: str, **constraints: Any) -> Any:
    """A setting with what it is and what it may be, for the message when it is wrong."""
    return Field(description=description, json_schema_extra={"may_be": may_be}, **constraints)


def overrides(environment: Mapping[str, str]) -> dict[str, Any]:
    """The settings in HOLDFAST_SET; raises SettingsError when it is no JSON object."""
    text = environment.get(OVERRIDES)
    if not text:
        return {}
    try:
        given = json.loads(text)
    except ValueError as error:
        raise SettingsError([f"{OVERRIDES} is no JSON: {error}"]) from error
    if not isinstance(given, dict):
        raise SettingsError([f"{OVERRIDES} has to be a JSON object of settings, not {text!r}"])
    given = {key.removeprefix(f"{NAMESPACE}:"): value for key, value in given.items()}
    if CREDENTIALS in given:
        raise SettingsError(
            [f"{CREDENTIALS}: {OVERRIDES} would carry it in clear text; `pulumi config set --secret` it"]
        )
    foreign = [key for key in given if ":" in key]
    if foreign:
        raise SettingsError([f"{key}: {OVERRIDES} overrides settings of {NAMESPACE} only" for key in foreign])
    return given


def overridden(given: Mapping[str, Any], chosen: Mapping[str, Any]) -> dict[str, Any]:
    """
    The settings with those of one run in their place.

    An image given as a bare digest (`sha256:...`) or tag (`:latest`) is one of the repository that the settings name.
    """
    merged = dict(given) | dict(chosen)
    image, before = chosen.get("image"), given.get("image")
    if isinstance(image, str) and isinstance(before, str) and image.startswith(("sha256:", ":")):
        repository = re.sub(r"(:[^:/@]+)?(@.+)?$", "", before)
        merged["image"] = f"{repository}{image if image.startswith(':') else f'@{image}'}"
    return merged


def of_namespace(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """Holdfast's own settings by their short names; other namespaces are left alone."""
    prefix = f"{NAMESPACE}:"
    return {
        key.removeprefix(prefix): value for key, value in mapping.items() if key.startswith(prefix) or ":" not in key
    }


def without_unset(model: type[BaseModel], given: Mapping[str, Any]) -> dict[str, Any]:
    """What is set: null never is, and an empty text or list isn't where a setting can be left out.

    Pulumi demands every setting that Pulumi.yaml describes without a default, so those carry an empty one.
    """
    optional = {field.alias for field in model.model_fields.values() if field.default is None or field.default == ""}
    return {
        key: value
        for key, value in given.items()
        if value is not None and not (key in optional and value in ("", "[]", [], "{}", {}))
    }


def existing_file(value: str, info: ValidationInfo) -> Path:
    """The file that a path names from the project's directory; raises ValueError when there is none."""
    path = (info.context or {}).get("directory", Path.cwd()) / value
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    return Path(path).resolve()


def checked_artifact(value: str, info: ValidationInfo) -> str:
    """An artifact's S3 URL, or the absolute path of one that is there; raises ValueError."""
    if value.startswith("s3://"):
        if not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/\S+", value):
            raise ValueError(f"{value!r} names no object: s3://<bucket>/<key>")
        return value
    path = existing_file(value, info)
    with path.open("rb") as stream:
        if stream.read(len(_GZIP)) != _GZIP:
            raise ValueError(f"{path} is no gzip-compressed tar archive, which is what SageMaker unpacks")
    return str(path)


def checked_permissions(value: str, info: ValidationInfo) -> str:
    """The absolute path of an IAM policy document that IAM takes in a role; raises ValueError."""
    path = existing_file(value, info)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is no JSON: {error}") from error
    if not isinstance(document, dict) or not document.get("Statement"):
        raise ValueError(f"{path} is no IAM policy document: it has no Statement")
    if len(re.sub(r"\s", "", path.read_text(encoding="utf-8"))) > _LONGEST_INLINE_POLICY:
        raise ValueError(f"{path} is longer than the {_LONGEST_INLINE_POLICY} characters that IAM takes in a role")
    return str(path)
