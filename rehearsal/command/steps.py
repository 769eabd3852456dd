"""Words and marks for the operations of a run, and what the display reads out of an event."""

from __future__ import annotations

from typing import Any, NamedTuple

from rehearsal import urns
from rehearsal.values.signatures import SECRET, SIGNATURE, UNKNOWN_STRING


class Words(NamedTuple):
    """How an operation is shown: its mark, planned, under way, done, and its colour."""

    mark: str
    planned: str
    doing: str
    done: str
    colour: str


OPERATIONS = {
    "same": Words("  ", "unchanged", "", "", "dim"),
    "create": Words("+ ", "create", "creating", "created", "green"),
    "update": Words("~ ", "update", "updating", "updated", "yellow"),
    "delete": Words("- ", "delete", "deleting", "deleted", "red"),
    "replace": Words("+-", "replace", "replacing", "replaced", "magenta"),
    "create-replacement": Words("++", "create replacement", "creating replacement", "created replacement", "green"),
    "delete-replaced": Words("--", "delete replaced", "deleting replaced", "deleted replaced", "red"),
    "read": Words("> ", "read", "reading", "read", "cyan"),
    "read-replacement": Words(">>", "read replacement", "reading replacement", "read replacement", "cyan"),
    "refresh": Words("~ ", "refresh", "refreshing", "refreshed", "yellow"),
    "discard": Words("< ", "forget", "forgetting", "forgotten", "cyan"),
    "discard-replaced": Words("<<", "forget replaced", "forgetting replaced", "forgotten replaced", "cyan"),
    "remove-pending-replace": Words("~ ", "finish replacement", "finishing replacement", "finished replacement", "dim"),
    "import": Words("= ", "import", "importing", "imported", "green"),
    "import-replacement": Words("=>", "import replacement", "importing replacement", "imported replacement", "green"),
}
QUIET = frozenset({"same", "read", "refresh"})
KINDS = {"add": "+", "delete": "-", "update": "~"}


def words(operation: str) -> Words:
    """How an operation is shown."""
    return OPERATIONS.get(operation, Words("? ", operation, operation, operation, "red"))


def resource(urn: str) -> tuple[str, str]:
    """Type and name of a URN; of text that is none, the text itself."""
    try:
        return urns.type_of(urn), urns.name_of(urn)
    except ValueError:
        return "", urn


def changed(metadata: dict[str, Any]) -> list[str]:
    """The properties a step changes, each with its mark."""
    detailed = metadata.get("detailedDiff") or {}
    if detailed:
        return [
            f"{KINDS.get(str(diff.get('diffKind', '')).split('-')[0], '~')}{key}"
            for key, diff in sorted(detailed.items())
        ]
    keys = metadata.get("diffs") or metadata.get("keys") or []
    old, new = ((metadata.get(side) or {}).get("inputs") or {} for side in ("old", "new"))
    return [f"{'+' if key not in old else '-' if key not in new else '~'}{key}" for key in keys]


def readable(value: Any) -> Any:
    """A value of an event as a person reads it: secrets and unknowns in words."""
    if isinstance(value, dict):
        if value.get(SIGNATURE) == SECRET:
            return "[secret]"
        return {key: readable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [readable(inner) for inner in value]
    return "[unknown]" if value == UNKNOWN_STRING else value
