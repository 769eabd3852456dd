"""The configuration of a policy pack: defaults of the schema, then the pack's own, then the user's file.

Source: pulumi/pulumi, pkg/resource/analyzer/config.go.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rehearsal.errors import PackError
from rehearsal.wire.analyzer import LEVELS, Analyzer, Policy

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LEVEL = "enforcementLevel"
ALL = "all"
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,), "number": (int, float), "integer": (int,), "boolean": (bool,), "array": (list,),
    "object": (dict,), "null": (type(None),),
}  # fmt: skip


def read(path: Path) -> dict[str, dict[str, Any]]:
    """The user's file: policy (or `all`) -> properties, its level among them. Raises PackError."""
    try:
        document = json.loads(path.read_text())
    except OSError as e:
        raise PackError(f"the policy configuration {path} can't be read: {e.strerror}") from e
    except ValueError as e:
        raise PackError(f"the policy configuration {path} isn't valid JSON: {e}") from e
    if not isinstance(document, dict):
        raise PackError(f"the policy configuration {path} must be an object: policy name -> level or properties")
    return {name: _row(path, name, value) for name, value in document.items()}


def _row(path: Path, name: str, value: Any) -> dict[str, Any]:
    row = {LEVEL: value} if isinstance(value, str) else value
    if not isinstance(row, dict):
        raise PackError(f"{path}: {name} must be a level or an object, not {json.dumps(value)}")
    if LEVEL in row and row[LEVEL] not in LEVELS.values():
        known = ", ".join(LEVELS.values())
        raise PackError(f"{path}: {row[LEVEL]!r} of {name} is no enforcement level; there are {known}")
    if name == ALL and set(row) - {LEVEL}:
        raise PackError(f'{path}: "{ALL}" may only set {LEVEL}')
    return dict(row)


def configuration(pack: Analyzer, chosen: Mapping[str, Mapping[str, Any]] | None) -> dict[str, dict[str, Any]]:
    """Level and properties of each policy of a pack. Raises PackError for what its schemas forbid."""
    if chosen and not pack.supports_config:
        raise PackError(f"policy pack {pack.name} can't be configured, but a configuration was given for it")
    chosen = chosen or {}
    unknown = sorted(set(chosen) - {p.name for p in pack.policies} - {ALL})
    if unknown:
        raise PackError(f"policy pack {pack.name} has no policy {', '.join(unknown)}, but its configuration names it")
    settled: dict[str, dict[str, Any]] = {}
    for policy in pack.policies:
        row: dict[str, Any] = {k: s["default"] for k, s in (policy.schema or {}).items() if "default" in s}
        row[LEVEL] = policy.level
        for layer in (
            pack.initial.get(ALL, {}),
            pack.initial.get(policy.name, {}),
            chosen.get(ALL, {}),
            chosen.get(policy.name, {}),
        ):
            row |= layer
        _validate(pack, policy, row)
        settled[policy.name] = row
    return settled


def _validate(pack: Analyzer, policy: Policy, row: Mapping[str, Any]) -> None:
    if policy.schema is None or row[LEVEL] == "disabled":
        return
    missing = [name for name in policy.required if name not in row]
    if missing:
        raise PackError(f"policy {policy.name} of pack {pack.name} needs the configuration {', '.join(missing)}")
    for name, schema in policy.schema.items():
        if name not in row:
            continue
        wanted = schema.get("type")
        kinds = [wanted] if isinstance(wanted, str) else wanted or []
        value = row[name]
        fits = any(
            isinstance(value, _TYPES[k]) and (k == "boolean" or not isinstance(value, bool))
            for k in kinds
            if k in _TYPES
        )
        if kinds and not fits:
            raise PackError(
                f"policy {policy.name} of pack {pack.name}: {name} must be {' or '.join(kinds)}, not {value!r}"
            )
        if "enum" in schema and value not in schema["enum"]:
            raise PackError(
                f"policy {policy.name} of pack {pack.name}: {name} must be one of {json.dumps(schema['enum'])}"
            )
