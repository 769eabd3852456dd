"""Checks a call's parameters against botocore's model of the service, and refuses in AWS's words.

Source: `service-2.json` of botocore (members, required, enum, pattern, min, max). The form of the sentences ("1
validation error detected: Value '...' at '...' failed to satisfy constraint: ...") is that of AWS's JSON services.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from rehearsal.account.errors import Refusal, invalid

if TYPE_CHECKING:
    from collections.abc import Callable


def check(service: str, action: str, parameters: dict[str, Any]) -> None:
    """Raises Refusal (ValidationException, SerializationException) unless `parameters` fit the operation's input."""
    shape = _input_shape(service, action)
    if shape is None:
        return
    errors: list[str] = []
    _walk(shape, parameters, "", errors)
    if errors:
        noun = "error" if len(errors) == 1 else "errors"
        raise invalid(f"{len(errors)} validation {noun} detected: {'; '.join(errors)}")


@cache
def _model(service: str) -> Any:
    from moto.core.utils import get_service_model

    return get_service_model(service)


@cache
def _input_shape(service: str, action: str) -> Any:
    return _model(service).operation_model(action).input_shape


def _walk(shape: Any, value: Any, path: str, errors: list[str]) -> None:
    checker = _CHECKERS.get(shape.type_name)
    if checker is None:
        return  # blobs: moto and the operations take them as they come
    types, words, check_value = checker
    fits = isinstance(value, types) and (bool in types or not isinstance(value, bool))
    if not fits:
        raise Refusal("SerializationException", f"{path or 'the request'} is {type(value).__name__}, not {words}")
    check_value(shape, value, path, errors)


def _structure(shape: Any, value: dict[str, Any], path: str, errors: list[str]) -> None:
    for name in shape.required_members:
        if value.get(name) is None:
            _fail(errors, "null", _join(path, name), "Member must not be null")
    for name, member in shape.members.items():
        if value.get(name) is not None:
            _walk(member, value[name], _join(path, name), errors)


def _list(shape: Any, value: list[Any], path: str, errors: list[str]) -> None:
    _bounds(shape, value, path, "length", errors)
    for number, item in enumerate(value, start=1):
        _walk(shape.member, item, f"{path}.{number}.member", errors)


def _map(shape: Any, value: dict[str, Any], path: str, errors: list[str]) -> None:
    _bounds(shape, value, path, "length", errors)
    for key, item in value.items():
        _walk(shape.key, key, f"{path}.key", errors)
        _walk(shape.value, item, f"{path}.{key}.member", errors)


def _number(shape: Any, value: float, path: str, errors: list[str]) -> None:
    _bounds(shape, value, path, "value", errors)


def _string(shape: Any, value: str, path: str, errors: list[str]) -> None:
    _bounds(shape, value, path, "length", errors)
    if shape.enum and value not in shape.enum:
        _fail(errors, value, path, f"Member must satisfy enum value set: [{', '.join(sorted(shape.enum))}]")
    pattern = shape.metadata.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(value):
        _fail(errors, value, path, f"Member must satisfy regular expression pattern: {pattern}")


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    # The models write Java's expressions. Python has no Unicode classes: the letters, digits and blanks are near
    # enough; a pattern that needs more (marks, symbols) is not checked.
    for java, python in ((r"\p{L}", r"\w"), (r"\p{N}", r"\d"), (r"\p{Z}", r"\s"), (r"\p{Alnum}", "a-zA-Z0-9")):
        pattern = pattern.replace(java, python)
    try:
        return re.compile(pattern.replace("${1", "{1"))
    except re.error:
        return re.compile(r"(?s).*")


def _bounds(shape: Any, value: Any, path: str, what: str, errors: list[str]) -> None:
    size = len(value) if what == "length" else value
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and size < low:
        _fail(errors, value, path, f"Member must have {what} greater than or equal to {low}")
    if high is not None and size > high:
        _fail(errors, value, path, f"Member must have {what} less than or equal to {high}")


def _fail(errors: list[str], value: Any, path: str, constraint: str) -> None:
    shown = "null" if value == "null" else f"'{value}'"
    errors.append(f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}")


def _join(path: str, name: str) -> str:
    lower = name[:1].lower() + name[1:]
    return f"{path}.{lower}" if path else lower


_CHECKERS: dict[str, tuple[tuple[type, ...], str, Callable[[Any, Any, str, list[str]], None]]] = {
    "structure": ((dict,), "an object", _structure),
    "list": ((list,), "a list", _list),
    "map": ((dict,), "an object", _map),
    "string": ((str,), "a string", _string),
    "boolean": ((bool,), "a boolean", lambda *_: None),
    "integer": ((int,), "an integer", _number),
    "long": ((int,), "an integer", _number),
    "float": ((int, float), "a number", _number),
    "double": ((int, float), "a number", _number),
    "timestamp": ((int, float), "a timestamp in seconds", lambda *_: None),
}
