"""The KMS keys behind endpoints are enabled, and aliases lead to a key. Asked: KMS DescribeKey."""

from __future__ import annotations

from typing import TYPE_CHECKING

from guards import usage
from pipeline.doctor.check import Check, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from guards.usage import Node
    from pipeline.doctor.examination import Examination


def examine(examination: Examination, one: Node) -> Iterator[Problem]:
    """A key that is disabled, pending deletion or gone encrypts and decrypts nothing any more."""
    if one.kind == usage.ALIAS:
        if not one.identity.startswith("alias/aws/") and not examination.graph.used_by(one, usage.KEY):
            yield Problem(f"{one} leads to no key any more.", f"Make {one} anew for the key it led to.")
        return
    named = examination.graph.facts.get(one, {}).get("text", one.identity)
    answer = examination.account.ask("kms", "describe_key", KeyId=named)
    state = answer["KeyMetadata"].get("KeyState", "Enabled") if answer else "gone"
    if state == "Enabled":
        return
    fixes = {
        "Disabled": "Enable the key.",
        "PendingDeletion": "Cancel the deletion (CancelKeyDeletion) and enable the key before its waiting time ends.",
    }
    yield Problem(
        f"{str(one)[:1].upper()}{str(one)[1:]} is {state}: what it encrypts can't be read, and no new volume made.",
        fixes.get(state, "What it encrypted is lost: upload the artifact again and deploy with another key."),
    )


check = Check(
    name="keys-are-usable",
    title="The KMS keys behind endpoints are enabled, and aliases lead to a key.",
    kinds=(usage.KEY, usage.ALIAS),
    examine=examine,
)
