"""Patch documents of UpdateResource (RFC 6902): add, remove, replace and test; move and copy are refused."""

from __future__ import annotations

import copy
import json
from typing import Any

from rehearsal.account.errors import Refusal


def patched(document: dict[str, Any], text: str) -> dict[str, Any]:
    """The document after a patch; raises Refusal (InvalidRequestException) when it can't be applied."""
    try:
        operations = json.loads(text)
    except ValueError as error:
        raise _refused(f"the patch document is not JSON: {error}") from error
    if not isinstance(operations, list):
        raise _refused("the patch document is not a list of operations")
    holder = {"": copy.deepcopy(document)}
    for operation in operations:
        if not isinstance(operation, dict) or not isinstance(operation.get("path"), str):
            raise _refused(f"{operation!r} is no operation with a path")
        _apply(holder, operation)
    return holder[""]


def _apply(holder: dict[str, Any], operation: dict[str, Any]) -> None:
    verb, path = operation.get("op"), operation["path"]
    if verb not in ("add", "remove", "replace", "test"):
        raise _refused(f"the operation {verb!r} is not supported")
    if path and not path.startswith("/"):
        raise _refused(f"the path {path!r} doesn't begin with /")
    *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")]
    place: Any = holder
    for part in parents:
        place = _member(place, part, path)
    if verb == "add" and isinstance(place, list):
        number = len(place) if last == "-" else _index(place, last, path, more=1)
        place.insert(number, operation.get("value"))
        return
    if verb == "add" and isinstance(place, dict):
        place[last] = operation.get("value")
        return
    held = _member(place, last, path)
    key = _index(place, last, path) if isinstance(place, list) else last
    if verb == "test" and held != operation.get("value"):
        raise _refused(f"the test of {path} failed")
    if verb == "replace":
        place[key] = operation.get("value")
    elif verb == "remove":
        del place[key]


def _member(place: Any, part: str, path: str) -> Any:
    if isinstance(place, list):
        return place[_index(place, part, path)]
    if not isinstance(place, dict) or part not in place:
        raise _refused(f"there is nothing at {path}")
    return place[part]


def _index(place: list[Any], part: str, path: str, more: int = 0) -> int:
    if not part.isdigit() or int(part) >= len(place) + more:
        raise _refused(f"there is nothing at {path}")
    return int(part)


def _refused(words: str) -> Refusal:
    return Refusal("InvalidRequestException", f"Invalid patch update: {words}")
