"""CloudWatch's present protocol (`smithy-rpc-v2-cbor`), which moto doesn't speak, carried over to JSON and back.

Source: the Smithy specification's "RPC v2 CBOR protocol"; the service's model in botocore says which values are times.
"""

from __future__ import annotations

import datetime as dt
import json
import struct
from functools import cache
from typing import TYPE_CHECKING, Any

from rehearsal.account.calls import Answer, Call
from rehearsal.account.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAMES = {"monitoring": "cloudwatch"}
_UINT, _NEGATIVE, _BYTES, _TEXT, _LIST, _MAP, _TAG = range(7)


def translate(call: Call) -> tuple[dict[str, Any], bytes]:
    """The same call in the `json` protocol: its environment and body."""
    model = _model(call.service)
    value = _decode(call.body) if call.body else {}
    environ = {
        **call.environ,
        "PATH_INFO": "/",
        "REQUEST_URI": "/",
        "RAW_URI": "/",
        "CONTENT_TYPE": "application/x-amz-json-1.0",
        "HTTP_X_AMZ_TARGET": f"{model.metadata.get('targetPrefix', 'Service')}.{call.action}",
    }
    environ.pop("HTTP_SMITHY_PROTOCOL", None)
    return environ, json.dumps(value, default=_plain).encode()


def translate_back(call: Call, answer: Answer) -> Answer:
    """Moto's JSON answer as CBOR."""
    value = json.loads(answer.body or b"{}")
    headers = [("smithy-protocol", "rpc-v2-cbor"), ("Content-Type", "application/cbor")]
    if answer.status >= 400:  # noqa: PLR2004
        code = str(value.get("__type", "InternalFailure")).rpartition("#")[2]
        value = {"__type": code, "message": value.get("message", value.get("Message", ""))}
        return Answer(answer.status, encode(value), [*headers, ("x-amzn-query-error", f"{code};Sender")])
    shape = _model(call.service).operation_model(call.action).output_shape
    return Answer(answer.status, encode(_timed(value, shape)), headers)


@cache
def _model(service: str) -> Any:
    from moto.core.utils import get_service_model

    return get_service_model(_NAMES.get(service, service))


def _decode(body: bytes) -> Any:
    from botocore.parsers import BaseCBORParser, ResponseParserError

    parser = BaseCBORParser()
    try:
        return parser.parse_data_item(parser.get_peekable_stream_from_bytes(body))
    except ResponseParserError as error:
        raise Refusal("SerializationException", f"the request's body is not CBOR: {error}") from error


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.timestamp()
    raise TypeError(f"{type(value).__name__} has no place in JSON")


class _Time(float):
    """Seconds since 1970, to be written as a CBOR time."""


def _timed(value: Any, shape: Any) -> Any:
    if shape is None or value is None:
        return value
    if shape.type_name == "structure":
        return {name: _timed(item, shape.members.get(name)) for name, item in value.items() if item is not None}
    if shape.type_name == "list":
        return [_timed(item, shape.member) for item in value]
    if shape.type_name == "map":
        return {key: _timed(item, shape.value) for key, item in value.items()}
    if shape.type_name == "timestamp":
        if isinstance(value, str):
            return _Time(dt.datetime.fromisoformat(value).replace(tzinfo=dt.UTC).timestamp())
        return _Time(value)
    return float(value) if shape.type_name in ("double", "float") else value


def encode(value: Any) -> bytes:
    """A value as CBOR (RFC 8949), with definite lengths."""
    return b"".join(_encode(value))


def _encode(value: Any) -> Iterator[bytes]:
    if value is None or isinstance(value, bool):
        yield {None: b"\xf6", True: b"\xf5", False: b"\xf4"}[value]
    elif isinstance(value, _Time):
        yield _head(_TAG, 1) + struct.pack(">Bd", 0xFB, value)
    elif isinstance(value, int):
        yield _head(_UINT, value) if value >= 0 else _head(_NEGATIVE, -1 - value)
    elif isinstance(value, float):
        yield struct.pack(">Bd", 0xFB, value)
    elif isinstance(value, str):
        text = value.encode()
        yield _head(_TEXT, len(text)) + text
    elif isinstance(value, bytes):
        yield _head(_BYTES, len(value)) + value
    elif isinstance(value, list):
        yield _head(_LIST, len(value))
        for item in value:
            yield from _encode(item)
    else:
        yield _head(_MAP, len(value))
        for key, item in value.items():
            yield from _encode(key)
            yield from _encode(item)


def _head(major: int, number: int) -> bytes:
    if number < 24:  # noqa: PLR2004 - RFC 8949, 3: small numbers stand in the head itself
        return struct.pack(">B", major << 5 | number)
    for extra, (form, limit) in enumerate(((">BB", 1 << 8), (">BH", 1 << 16), (">BI", 1 << 32)), start=24):
        if number < limit:
            return struct.pack(form, major << 5 | extra, number)
    return struct.pack(">BQ", major << 5 | 27, number)
