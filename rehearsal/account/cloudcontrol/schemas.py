"""JSON schemas of CloudFormation's properties, made of botocore's shapes of the operation that takes them.

Source: aws-cloudformation-resource-providers-sagemaker, whose schemas repeat the API's own constraints; where they
differ, `_DIFFERENT` says how.
"""

from __future__ import annotations

from functools import cache
from typing import Any

# Properties whose schema isn't the parameter's.
_DIFFERENT: dict[tuple[str, str], dict[str, Any]] = {
    ("CreateModelPackageGroup", "ModelPackageGroupPolicy"): {"type": ["object", "string"]},
    ("CreateModelPackage", "ApprovalDescription"): {"type": "string", "maxLength": 1024},
}
_TYPES = {"boolean": "boolean", "integer": "integer", "long": "integer", "float": "number", "double": "number"}
_DEEPEST = 12  # no shape used here goes as deep
_MANY = 40


@cache
def of(operation: str, name: str) -> dict[str, Any]:
    """The schema of a property, by the operation that creates its resource; {} where the operation hasn't it."""
    from moto.core.utils import get_service_model

    if (operation, name) in _DIFFERENT:
        return _DIFFERENT[operation, name]
    members = get_service_model("sagemaker").operation_model(operation).input_shape.members
    return _schema(members[name], 0) if name in members else {}


def _schema(shape: Any, depth: int) -> dict[str, Any]:
    if depth > _DEEPEST:
        return {}
    limits = shape.metadata
    if shape.type_name == "structure":
        made = {name: _schema(member, depth + 1) for name, member in shape.members.items()}
        held = {"type": "object", "properties": made, "additionalProperties": False}
        return held | ({"required": list(shape.required_members)} if shape.required_members else {})
    if shape.type_name == "list":
        return {"type": "array", "items": _schema(shape.member, depth + 1)} | _bounds(limits, "minItems", "maxItems")
    if shape.type_name == "map":
        values = {"type": "object", "additionalProperties": _schema(shape.value, depth + 1)}
        return values | _bounds(limits, "minProperties", "maxProperties")
    if shape.type_name == "string":
        return _text(shape)
    kind = _TYPES.get(shape.type_name)
    return ({"type": kind} | _bounds(limits, "minimum", "maximum")) if kind else {}


def _text(shape: Any) -> dict[str, Any]:
    made = {"type": "string"} | _bounds(shape.metadata, "minLength", "maxLength")
    if 0 < len(shape.metadata.get("enum") or ()) < _MANY:  # CloudFormation doesn't list types of instances
        made["enum"] = list(shape.metadata["enum"])
    pattern = shape.metadata.get("pattern")
    if pattern and r"\p{" not in pattern:  # categories of Unicode aren't known to every reader of schemas
        made["pattern"] = f"^(?:{pattern})$"
    return made


def _bounds(limits: dict[str, Any], least: str, most: str) -> dict[str, Any]:
    return {name: limits[key] for key, name in (("min", least), ("max", most)) if key in limits}
