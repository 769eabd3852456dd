"""The names and shapes of inputs and outputs, read from names.json.

sdk_names.py writes that file from the installed pulumi_aws.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("names.json")


@cache
def _all() -> dict[str, Any]:
    return dict(json.loads(FILE.read_text(encoding="utf-8")))


def inputs(token: str) -> dict[str, Any]:
    """Name -> node of a type's inputs."""
    return dict(_all()[token]["inputs"])


def outputs(token: str) -> dict[str, Any]:
    """Name -> node of a type's outputs."""
    return dict(_all()[token]["outputs"])


def required(token: str) -> list[str]:
    """The inputs that must be given."""
    return list(_all()[token]["required"])


def is_block(node: Any) -> bool:
    """Whether a node is an object or a list of objects: what Terraform calls a block."""
    if isinstance(node, dict) and "list" in node:
        node = node["list"]
    return isinstance(node, dict) and "object" in node


def inner(node: Any, name: str) -> Any:
    """The node of a member of an object, of a map, or None."""
    if isinstance(node, dict):
        if "object" in node:
            return node["object"].get(name)
        if "map" in node:
            return node["map"]
    return None


def element(node: Any) -> Any:
    """The node of a list's elements, or None."""
    return node.get("list") if isinstance(node, dict) else None
