"""How the commands of the Model Registry speak: tables and lines for a person, one JSON value for a pipeline."""

from __future__ import annotations

import json as json_format
import sys
from typing import TYPE_CHECKING, Any

from findings import exit_codes
from findings.printable import indented, printable
from knowledge.model_packages import DECIDED_AT, DECIDED_BY, containers_in, pinned_image, version_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from knowledge.model_packages import Place
    from pipeline.versions import deciding, listing, registering
    from pipeline.versions.registry import Listing

SCHEMA_VERSION = 1


def _write(command: str, stack: str, code: int, **told: Any) -> int:
    value = {"schema_version": SCHEMA_VERSION, "command": command, "stack": stack, "exit_code": code, **told}
    sys.stdout.write(json_format.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")
    return code


def _lines(*lines: str) -> None:
    """Indented as given, and nothing of what others wrote can move the cursor."""
    for line in lines:
        sys.stdout.write(f"{indented(line)}\n")


def versions(asked: listing.Asked, place: Place, found: Listing) -> int:
    """The list of a group's versions."""
    if asked.json:
        return _write(
            asked.command,
            asked.stack,
            exit_codes.OK,
            group=place.group_arn,
            versions=[_summary(one) for one in found.versions],
            more=found.more,
        )
    which = f" ({asked.approval.lower()})" if asked.approval else ""
    _lines(f"Group {place.name}, account {place.account}, {place.region}: {_count(len(found.versions))}{which}")
    rows: list[tuple[str, ...]] = [
        (str(one["version"]), one["approval"], one["status"], one["created"], one["description"])
        for one in map(_summary, found.versions)
    ]
    _table(("version", "approval", "registration", "created", "description"), rows)
    if found.more:
        _lines(f"There are more; --most {asked.most * 5} shows more of them.")
    return exit_codes.OK


def _count(number: int) -> str:
    return f"{number} version{'s' * (number != 1)}"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    shown = [tuple(printable(cell) for cell in row) for row in (head, *rows)] if rows else []
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for row in shown:
        sys.stdout.write("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n")


def _summary(one: Mapping[str, Any]) -> dict[str, Any]:
    created = one.get("CreationTime")
    return {
        "arn": one["ModelPackageArn"],
        "version": one.get("ModelPackageVersion"),
        "approval": one.get("ModelApprovalStatus", ""),
        "status": one.get("ModelPackageStatus", ""),
        "created": created.isoformat(timespec="seconds") if created is not None else "",
        "description": one.get("ModelPackageDescription", ""),
    }


def _in_full(described: Mapping[str, Any]) -> dict[str, Any]:
    metadata = described.get("CustomerMetadataProperties") or {}
    source = described.get("MetadataProperties") or {}
    return {
        **_summary(described),
        "reason": described.get("ApprovalDescription", ""),
        "decided_by": metadata.get(DECIDED_BY, ""),
        "decided_at": metadata.get(DECIDED_AT, ""),
        "commit": source.get("CommitId", ""),
        "repository": source.get("Repository", ""),
        "containers": [
            {"image": pinned_image(one), "artifact": one.get("ModelDataUrl", "")} for one in containers_in(described)
        ],
        "metadata": dict(metadata),
    }


def version(asked: listing.Asked, arn: str, described: Mapping[str, Any]) -> int:
    """One version in full."""
    full = _in_full(described)
    if asked.json:
        return _write(asked.command, asked.stack, exit_codes.OK, **{**full, "arn": arn})
    _lines(f"Version {arn}", *_described(full))
    return exit_codes.OK


def _described(full: Mapping[str, Any]) -> list[str]:
    approval = full["approval"] + (f": {full['reason']}" if full["reason"] else "")
    lines = [f"  approval: {approval}"]
    if full["decided_by"]:
        lines.append(f"  decided by: {full['decided_by']} at {full['decided_at']}")
    lines.append(f"  registered: {full['status']}, {full['created']}")
    lines += [f"  {name}: {full[name]}" for name in ("description", "commit", "repository") if full[name]]
    for one in full["containers"]:
        lines.append(f"  image: {one['image']}")
        lines += [f"  artifact: {one['artifact']}"] if one["artifact"] else []
    return lines


def registration(asked: registering.Asked, arn: str, described: Mapping[str, Any], *, registered: bool) -> int:
    """What was registered, or was there already."""
    full = _in_full(described)
    if asked.json:
        return _write(asked.command, asked.stack, exit_codes.OK, registered=registered, **{**full, "arn": arn})
    place = version_of(arn)
    number = f"version {place.number} of group {place.name}" if place else arn
    _lines(f"Registered {number}." if registered else f"Nothing was registered: {number} is the same already.")
    _lines(f"  {arn}", *_described(full))
    if full["approval"] != "Approved":
        _lines(f"Before it can be deployed somebody approves it: holdfast approve {arn} --reason ...")
    return exit_codes.OK


def decision(asked: deciding.Asked, made: deciding.Decision, described: Mapping[str, Any], code: int) -> int:
    """What was looked at, what was decided."""
    full = _in_full(described)
    if asked.json:
        return _write(
            asked.command,
            asked.stack,
            code,
            changed=made.changed,
            before=made.before,
            findings=[one.to_dict() for one in made.findings],
            endpoints=made.endpoints,
            **{**full, "arn": made.arn},
        )
    for one in made.findings:
        said = "not knowable from here" if one.outcome == "unknown" else one.outcome
        _lines(f"{one.name}: {said}", f"    {one.message}")
        if one.fix and one.refuses:
            _lines(f"    Fix: {one.fix}")
    if code:
        _lines(f"Not approved: {made.arn} stays {made.before}.")
        return code
    if not made.changed:
        _lines(f"Nothing was changed: {made.arn} is {made.before} already.", *_described(full))
        return code
    _lines(f"{made.after}: {made.arn} (it was {made.before})", *_described(full))
    if made.after == "Rejected" and made.endpoints:
        _lines(
            f"Endpoints {', '.join(made.endpoints)} go on running it; no new model is made of it. Deploy another "
            "version: holdfast resolve latest-approved, holdfast up."
        )
    return code
