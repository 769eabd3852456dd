"""The account's own interface, under `/_rehearsal/`: faults, clock, log of calls, dump, patching, stopping.

It is no part of AWS. Requests that come from a web page (they carry `Origin`) or to a host name that isn't loopback are
refused, so that no site can reach an account that runs on a developer's machine.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from rehearsal.account.calls import Answer
from rehearsal.account.errors import AccountError
from rehearsal.account.faults import KNOWN, check_action
from rehearsal.account.inference import scaling, upkeep

if TYPE_CHECKING:
    from rehearsal.account.gateway import Gateway

PREFIX = "/_rehearsal/"
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def answer(gateway: Gateway, environ: dict[str, Any], body: bytes) -> Answer:
    """Answers a control request."""
    host = environ.get("HTTP_HOST", "").rsplit(":", 1)[0]
    if environ.get("HTTP_ORIGIN") or host not in _LOOPBACK:
        return _json({"error": "the control API answers local programs only, no web pages"}, 403)
    path = environ["PATH_INFO"].removeprefix(PREFIX)
    query = {name: values[0] for name, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
    try:
        if path.startswith("layers/"):
            return _layer(gateway, path.removeprefix("layers/"))
        if environ["REQUEST_METHOD"] == "GET":
            return _get(gateway, path, query)
        given = json.loads(body or b"{}")
        if not isinstance(given, dict):
            return _json({"error": "a JSON object is expected"}, 400)
        if path in ("asked", "forwarded"):
            return _json(_neighbour(gateway, path, given, environ["HTTP_HOST"]))
        return _post(gateway, path, given)
    except (AccountError, ValueError) as error:
        return _json({"error": str(error)}, 400)


def _get(gateway: Gateway, path: str, query: dict[str, str]) -> Answer:
    if path == "health":
        return _json(health(gateway))
    if path == "faults":
        return _json({"armed": gateway.faults.describe(), "known": KNOWN})
    if path == "clock":
        return _json(_clock(gateway))
    if path == "calls":
        return _json(gateway.log.read(int(query.get("after", "0"))))
    if path == "examine":
        return _json(gateway.read(lambda: upkeep.examine_all(gateway.inference)))
    if path == "breaches":
        return _json(gateway.watch.breaches[int(query.get("after", "0")) :])
    if path == "dump":
        from rehearsal.account.dump import canonical

        text = gateway.read(lambda: canonical(gateway))
        return Answer(
            200,
            text.encode(),
            [("Content-Type", "application/json"), ("X-Sha256", hashlib.sha256(text.encode()).hexdigest())],
        )
    return _json({"error": f"the control API has nothing called {path!r}"}, 404)


def _neighbour(gateway: Gateway, path: str, body: dict[str, Any], host: str) -> Any:
    """What another emulated account asks, or hands on."""
    if path == "forwarded":
        return gateway.forwarded(body, host)
    try:
        return {"told": gateway.forwarded(body, host) if body["what"] == "call" else gateway.asked(body)}
    except Exception as error:  # noqa: BLE001 - whatever it is, the account that asks is told
        traceback.print_exc()
        return {"failed": f"{type(error).__name__}: {error}"}


def _post(gateway: Gateway, path: str, body: dict[str, Any]) -> Answer:
    if path == "stop":
        # So late that this answer has left before the process has.
        threading.Timer(0.05, gateway.stop).start()
        return _json({"stopping": True})
    if path == "watch":
        gateway.watch.on = bool(body.get("on", True))
        return _json({"on": gateway.watch.on})
    if path == "fork":
        from rehearsal.account import copies

        home, minutes = Path(str(body["home"])), float(body.get("idle_minutes", 15.0))
        port = int(body.get("port", 0))
        return _json(gateway.read(lambda: copies.fork(gateway, home, minutes, port)))
    if path == "compact":
        from rehearsal.account import snapshots

        return _json(gateway.read(lambda: snapshots.compact(gateway)))
    if path == "faults":
        check_action(str(body.get("name", "")))
    if path in _ACTS:
        return _json(gateway.control(path, body))
    return _json({"error": f"the control API can't do {path!r}"}, 404)


def health(gateway: Gateway) -> dict[str, Any]:
    """Who answers, since when, and what was repaired when it started."""
    return {
        "account": gateway.account,
        "pid": os.getpid(),
        "mutations": gateway.mutations,
        "notes": gateway.journal.notes,
        "broken": gateway.broken,
        **_clock(gateway),
    }


def act(gateway: Gateway, verb: str, body: dict[str, Any], at: float) -> Any:
    """Does a journalled control request; also when it is replayed."""
    if verb not in _ACTS:
        raise AccountError(f"the control API can't do {verb!r}")
    return _ACTS[verb](gateway, body, at)


def _arm(gateway: Gateway, body: dict[str, Any], _: float) -> Any:
    gateway.faults.arm(str(body.get("name", "")), int(body.get("count", 1)))
    return {"armed": gateway.faults.describe()}


def _disarm(gateway: Gateway, _: dict[str, Any], __: float) -> Any:
    gateway.faults.armed.clear()
    return {"armed": []}


def _consume(gateway: Gateway, body: dict[str, Any], _: float) -> Any:
    """Replays that a prediction met a fault (predictions themselves aren't journalled)."""
    gateway.faults.use_up(str(body["name"]))
    return {}


def _set_clock(gateway: Gateway, body: dict[str, Any], at: float) -> Any:
    speed, seconds = float(body.get("speed", gateway.clock.speed)), float(body.get("advance", 0.0))
    if speed < 0 or seconds < 0:
        raise ValueError(f"the virtual clock only goes forward; asked for were speed {speed:g} and {seconds:g} seconds")
    gateway.clock.set(round(at + seconds, 6), speed)
    return _clock(gateway)


def _patch(gateway: Gateway, body: dict[str, Any], at: float) -> Any:
    return upkeep.patch(gateway.inference, at, body.get("endpoints"), float(body.get("seconds", 0.0)))


def _replace_instance(gateway: Gateway, body: dict[str, Any], at: float) -> Any:
    name, variant = str(body.get("endpoint", "")), body.get("variant")
    result = upkeep.replace_instance(gateway.inference, at, name, variant)
    gateway.shells.replaced(result["endpoint"], result["variant"])
    return result


def _scale(gateway: Gateway, body: dict[str, Any], at: float) -> Any:
    name, variant = str(body.get("endpoint", "")), str(body.get("variant", ""))
    return scaling.scale(gateway.inference, at, name, variant, int(body.get("count", 0)))


def _quota(gateway: Gateway, body: dict[str, Any], _: float) -> Any:
    return gateway.quotas.set(str(body["region"]), str(body["instance_type"]), float(body["value"]))


_ACTS = {
    "faults": _arm,
    "disarm": _disarm,
    "consume": _consume,
    "clock": _set_clock,
    "patch": _patch,
    "replace": _replace_instance,
    "scale": _scale,
    "quota": _quota,
}


def _clock(gateway: Gateway) -> dict[str, Any]:
    now = gateway.clock.now()
    moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=now)
    return {"now": now, "date": moment.isoformat(timespec="milliseconds"), "speed": gateway.clock.speed}


def _layer(gateway: Gateway, path: str) -> Answer:
    from rehearsal.account import registry

    region, _, rest = path.partition("/")
    repository, _, digest = rest.rpartition("/")
    layer = registry.layer(gateway, region, repository, digest)
    if layer is None:
        return _json({"error": f"repository {repository} in {region} has no layer {digest}"}, 404)
    return Answer(200, layer, [("Content-Type", "application/octet-stream")])


def _json(value: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(value).encode(), [("Content-Type", "application/json")])
