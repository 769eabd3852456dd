"""A canonical dump of the account's resources: the same resources give the same text, whatever happened in between.

It walks moto's state and the emulation's own, sorted, without dates and counters of use. A region's backend that is as
it came into being (EC2's default VPC) is left out, so that reading an account doesn't change its dump.
"""

from __future__ import annotations

import datetime as dt
import enum
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Any

from rehearsal.account import managed_policies

if TYPE_CHECKING:
    from rehearsal.account.gateway import Gateway
    from rehearsal.account.inference.service import Inference

# Members that say when something happened or was last used, or that are machinery rather than resources.
_VOLATILE = {
    *(
        "creation_date",
        "creation_time",
        "created_at",
        "create_date",
        "created",
        "modified",
        "last_modified",
        "update_date",
    ),
    *(
        "last_modified_time",
        "image_pushed_at",
        "last_used",
        "last_used_region",
        "launch_time",
        "time_created",
        "start_date",
    ),
    *("upload_date", "creation_timestamp", "access_keys_last_used", "state_updated_timestamp", "_last_modified"),
    *("configuration_updated_timestamp", "request_id", "lock", "instances_tracked", "started", "due", "at", "serial"),
    *(
        "key_material",
        "private_key",
        "created_date",
        "last_changed_date",
        "last_update_time",
        "access_advisor",
        "updated",
    ),
    *("state_reason_timestamp", "last_scan", "_value_buffer", "_tick", "_state_manager", "scan_finding_results_queue"),
    "aws_managed_policies",
}
# Members whose values are secrets: their digests say whether they changed.
_SECRET = {"secret_string", "secret_binary", "secret_access_key", "session_token", "password", "secret_key"}
_PLAIN = (str, int, float, bool, type(None))


def canonical(gateway: Gateway) -> str:
    """The account's resources as sorted, indented JSON."""
    from moto.core.base_backend import BackendDict

    held: dict[str, Any] = {"sagemaker": _inference(gateway.inference)}
    if gateway.sharing.shares:
        held["ram"] = {arn: _Walk().of(asdict(share)) for arn, share in gateway.sharing.shares.items()}
    if gateway.quotas.applied:
        held["service-quotas"] = {f"{region}/{name}": value for (region, name), value in gateway.quotas.applied.items()}
    for backends in BackendDict._instances:  # noqa: SLF001 - moto has no other list of what is in use
        for account, region, backend in backends.iter_backends():
            name = f"{backends.service_name}/{account}/{region}"
            content = _Walk().of(vars(backend))
            pristine = gateway.determinism.pristine.get((backends.service_name, account, region))
            if content and digest_of(backend) != pristine:
                held[name] = content
    return json.dumps(_compact(held), sort_keys=True, indent=1)


def digest_of(backend: Any) -> str:
    """SHA-256 of one backend's part of the dump."""
    return hashlib.sha256(json.dumps(_Walk().of(vars(backend)), sort_keys=True).encode()).hexdigest()


def _inference(inference: Inference) -> dict[str, Any]:
    return {name: _Walk().of(asdict(region)) for name, region in inference.regions.items()}


class _Walk:
    """One walk over a backend's objects; an object that is met again is only named."""

    def __init__(self) -> None:
        self._met: dict[int, str] = {}
        self._kept: list[Any] = []

    def of(self, value: Any) -> Any:
        """A value as JSON; None for what has no place in a dump."""
        if isinstance(value, enum.Enum):
            return self.of(value.value)
        if isinstance(value, _PLAIN):
            return value
        if isinstance(value, bytes | bytearray):
            return f"sha256:{hashlib.sha256(bytes(value)).hexdigest()}" if value else None
        if isinstance(value, dt.datetime | dt.date):
            return None
        if isinstance(value, set | frozenset):
            return sorted((self.of(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
        if isinstance(value, list | tuple):
            return [self.of(item) for item in value]
        if isinstance(value, Mapping):
            # moto's stores of versions show the newest alone; dict's own items are all of them.
            items = dict.items(value) if isinstance(value, dict) else value.items()
            return self._named({_name(key): item for key, item in items})
        return self._object(value)

    def _named(self, members: Mapping[str, Any]) -> dict[str, Any]:
        """Members in the order of their names, so that what is met first doesn't depend on what was made first."""
        named = {}
        for name in sorted(members):
            if name in _SECRET and members[name]:
                named[name] = f"sha256:{hashlib.sha256(str(members[name]).encode()).hexdigest()}"
            elif name not in _VOLATILE and not name.startswith(managed_policies.PREFIX):
                named[name] = self.of(members[name])
        return named

    def _object(self, value: Any) -> Any:
        from moto.core.base_backend import BaseBackend

        if isinstance(value, BaseBackend) or callable(value):
            return None
        module = type(value).__module__
        if not (module.startswith(("moto.", "rehearsal.")) or is_dataclass(value)):
            return None
        if id(value) in self._met:
            return {"same as": self._met[id(value)]}
        self._met[id(value)] = f"{type(value).__name__} {_label(value)}"
        self._kept.append(value)
        if hasattr(value, "etag") and hasattr(value, "contentsize"):
            return {"etag": value.etag, "size": value.contentsize, **self._members(value)}
        return self._members(value)

    def _members(self, value: Any) -> dict[str, Any]:
        return self._named(dict(vars(value)) if hasattr(value, "__dict__") else {})


def _name(key: Any) -> str:
    return key if isinstance(key, str) else json.dumps(key, default=str)


def _label(value: Any) -> str:
    for name in ("arn", "id", "name"):
        label = getattr(value, name, None)
        if isinstance(label, str):
            return label
    return ""


def _compact(value: Any) -> Any:
    """Without empty members: whether moto has made room for something isn't a property of the account."""
    if isinstance(value, dict):
        kept = {key: _compact(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item not in (None, {}, [], "")}
    if isinstance(value, list):
        return [_compact(item) for item in value]
    return value
