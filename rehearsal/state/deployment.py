"""The deployment document: what `pulumi stack export` prints and `pulumi stack import` takes.

`{"version": 3 or 4, "features": [...], "deployment": {...}}`. Version 4 is written only when a feature needs it, as the
CLI does. Source: pulumi/pulumi, sdk/go/common/apitype/core.go and pkg/resource/stack/deployment.go.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rehearsal.errors import RehearsalGap, StateError
from rehearsal.state.crypter import PlaintextCrypter
from rehearsal.state.properties import read, write
from rehearsal.state.resource import PendingOperation, ResourceState, Written
from rehearsal.state.snapshot import Manifest, Snapshot

if TYPE_CHECKING:
    from rehearsal.state.crypter import Crypter

SUPPORTED_FEATURES = frozenset({"hooks", "refreshBeforeUpdate", "replaceWith", "taint"})

# JSON name -> attribute, in the order in which the CLI writes them; those without a value are left out.
_FIELDS = {
    "delete": "delete",
    "id": "id",
    "type": "type",
    "inputs": "inputs",
    "outputs": "outputs",
    "parent": "parent",
    "protect": "protect",
    "taint": "taint",
    "external": "external",
    "dependencies": "dependencies",
    "initErrors": "init_errors",
    "provider": "provider",
    "propertyDependencies": "property_dependencies",
    "pendingReplacement": "pending_replacement",
    "additionalSecretOutputs": "additional_secret_outputs",
    "aliases": "aliases",
    "customTimeouts": "custom_timeouts",
    "importID": "import_id",
    "retainOnDelete": "retain_on_delete",
    "deletedWith": "deleted_with",
    "replaceWith": "replace_with",
    "created": "created",
    "modified": "modified",
    "sourcePosition": "source_position",
    "ignoreChanges": "ignore_changes",
    "hideDiff": "hide_diff",
    "replaceOnChanges": "replace_on_changes",
    "replacementTrigger": "replacement_trigger",
    "refreshBeforeUpdate": "refresh_before_update",
    "resourceHooks": "resource_hooks",
}
_VALUES = frozenset({"inputs", "outputs", "replacementTrigger"})
_FOREIGN = {"viewOf": "resource views", "extensionRef": "extension parameterization", "snippetID": "snippets"}
_FEATURE_OF = {
    "resource_hooks": "hooks",
    "refresh_before_update": "refreshBeforeUpdate",
    "replace_with": "replaceWith",
    "taint": "taint",
}


def _resource_json(state: ResourceState, crypter: Crypter) -> dict[str, Any]:
    row: dict[str, Any] = {"urn": state.urn, "custom": state.custom}
    for key, attribute in _FIELDS.items():
        value = getattr(state, attribute)
        if value or key == "type" or (key == "replacementTrigger" and value is not None):
            row[key] = write(value, crypter) if key in _VALUES else value
    if state.stack_trace:
        row["stackTrace"] = [{"sourcePosition": p} for p in state.stack_trace]
    return row


def _resource(row: dict[str, Any], crypter: Crypter) -> ResourceState:
    urn = row.get("urn", "")
    if not urn or not row.get("type"):
        raise StateError(f"a resource in the state has no {'type' if urn else 'urn'}: {json.dumps(row)[:120]}")
    for key, feature in _FOREIGN.items():
        if row.get(key):
            raise RehearsalGap(feature, f"found in the state of {urn}", urn=urn)
    values = {
        a: read(row[k], crypter) if k in _VALUES else row[k] for k, a in _FIELDS.items() if row.get(k) is not None
    }
    trace = [frame.get("sourcePosition", "") for frame in row.get("stackTrace") or []]
    return ResourceState(urn=urn, custom=bool(row.get("custom")), stack_trace=trace, **values)


def _features(state: ResourceState) -> list[str]:
    return [feature for attribute, feature in _FEATURE_OF.items() if getattr(state, attribute)]


def _head(features: set[str]) -> dict[str, Any]:
    return {"version": 4, "features": sorted(features)} if features else {"version": 3}


def _frame(snapshot: Snapshot, crypter: Crypter) -> dict[str, Any]:
    manifest = snapshot.manifest
    magic = manifest.expected_magic() if manifest.magic is None else manifest.magic
    row: dict[str, Any] = {"time": manifest.time or "0001-01-01T00:00:00Z", "magic": magic, "version": manifest.version}
    if manifest.plugins:
        row["plugins"] = manifest.plugins
    frame: dict[str, Any] = {"manifest": row}
    if crypter.type:
        frame["secrets_providers"] = {"type": crypter.type, "state": crypter.state}
    return frame


def to_json(snapshot: Snapshot, crypter: Crypter) -> dict[str, Any]:
    """The document as Python values; secrets encrypted by `crypter` (a PlaintextCrypter shows them)."""
    deployment = _frame(snapshot, crypter)
    if snapshot.resources:
        deployment["resources"] = [_resource_json(r, crypter) for r in snapshot.resources]
    if snapshot.pending_operations:
        deployment["pending_operations"] = [
            {"resource": _resource_json(p.resource, crypter), "type": p.type} for p in snapshot.pending_operations
        ]
    deployment["metadata"] = snapshot.metadata
    return {**_head({f for r in snapshot.resources for f in _features(r)}), "deployment": deployment}


def to_text(snapshot: Snapshot, crypter: Crypter) -> str:
    """The document as JSON text.

    What didn't change since the last call is not written anew, so saving after each step stays cheap. Always
    call it with the same crypter: the text of a resource is kept with its secrets encrypted.
    """
    if isinstance(crypter, PlaintextCrypter):
        return json.dumps(to_json(snapshot, crypter))

    def texts(states: list[ResourceState]) -> list[Written]:
        # In a run of hundreds this line runs for each of them, hundreds of times.
        return [state.written or anew(state) for state in states]

    def anew(state: ResourceState) -> Written:
        state.written = Written(json.dumps(_resource_json(state, crypter)), _features(state))
        return state.written

    pieces = [f'"{k}": {json.dumps(v)}' for k, v in _frame(snapshot, crypter).items()]
    resources = texts(snapshot.resources)
    if resources:
        pieces.append('"resources": [' + ",\n".join([text for text, _ in resources]) + "]")
    if snapshot.pending_operations:
        begun = zip(texts([p.resource for p in snapshot.pending_operations]), snapshot.pending_operations, strict=True)
        rows = (f'{{"resource": {written.text}, "type": "{p.type}"}}' for written, p in begun)
        pieces.append('"pending_operations": [' + ",\n".join(rows) + "]")
    pieces.append(f'"metadata": {json.dumps(snapshot.metadata)}')
    head = json.dumps(_head({feature for _, features in resources for feature in features}))[1:-1]
    return f'{{{head}, "deployment": {{{", ".join(pieces)}}}}}\n'


def from_json(document: dict[str, Any], crypter: Crypter) -> Snapshot:
    """Read a document of version 3 or 4.

    Raises StateError for another version or a damaged document, RehearsalGap for features the rehearsal can't keep.
    """
    version = document.get("version")
    if version not in (3, 4):
        raise StateError(f"the state has version {version!r}: the rehearsal reads versions 3 and 4")
    foreign = sorted(set(document.get("features") or []) - SUPPORTED_FEATURES)
    if foreign:
        raise RehearsalGap(f"state with the features {', '.join(foreign)}")
    deployment = document.get("deployment") or {}
    for key in ("snippets", "extensions"):
        if deployment.get(key):
            raise RehearsalGap(f"{key} in state")
    row = deployment.get("manifest") or {}
    manifest = Manifest(row.get("time", ""), row.get("version", ""), row.get("magic", ""), row.get("plugins") or [])
    resources = [_resource(r, crypter) for r in deployment.get("resources") or []]
    pending = [
        PendingOperation(_resource(p["resource"], crypter), p["type"])
        for p in deployment.get("pending_operations") or []
    ]
    return Snapshot(resources, pending, manifest, deployment.get("metadata") or {})
