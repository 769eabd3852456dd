"""The desired state of a version in the Model Registry, as rules read it: JSON in a Cloud Control resource."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from policies.tokens import MODEL_PACKAGE

if TYPE_CHECKING:
    from policies.reading import Resource


def desired_state(resource: Resource) -> dict[str, Any] | None:
    """
    The version that a Cloud Control resource asks for; None for another type, or text that is no JSON object.

    Raises `UnknownValueError` when it isn't known before `up`.
    """
    if resource.properties.text("typeName") != MODEL_PACKAGE:
        return None
    try:
        found = json.loads(resource.properties.text("desiredState"))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
