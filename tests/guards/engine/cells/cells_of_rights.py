"""What a role may do: policies, attachments, a boundary, its trust."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cell import READ, REMOVED, WRITE, Cell, Change, Inputs, allow, document, rename, trust

if TYPE_CHECKING:
    from collections.abc import Iterator


def rights(world: dict[str, Any]) -> Iterator[Cell]:
    """What a role may do, each cell with a role of its own that has no other rights."""
    token, guard = "aws:iam/rolePolicy:RolePolicy", "role-in-use-keeps-its-rights"

    def policy(role: str, action: Any, name: str = "one") -> Inputs:
        return {"role": role, "name": name, "policy": document(allow(action))}

    for change, after, twin_after in (
        ("removed", REMOVED, REMOVED),
        ("replaced", policy("rights-replaced", WRITE, "two"), policy("rights-replaced-twin", READ, "two")),
        ("narrowed", policy("rights-narrowed", WRITE), policy("rights-narrowed-twin", [READ])),
    ):
        role = f"rights-{change}"
        uses = {"model": {"ExecutionRoleArn": world["roles"] + role}}
        twin = {"model": {"ExecutionRoleArn": world["roles"] + f"{role}-twin"}}
        kept = READ if change != "removed" else WRITE  # what the twin has: for a removal, a right that nobody needs
        yield Cell(
            role,
            token,
            guard,
            Change(policy(role, READ), after, uses),
            Change(policy(f"{role}-twin", kept), twin_after, twin),
        )
    attached = {"role": "attachment-removed", "policyArn": world["policies"] + "reading"}
    spare = {"role": "attachment-removed-twin", "policyArn": world["policies"] + "writing"}
    yield Cell(
        "attachment-removed",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        guard,
        Change(attached, REMOVED, {"model": {"ExecutionRoleArn": world["roles"] + "attachment-removed"}}),
        Change(spare, REMOVED),
    )
    role = "policy-swapped"  # what is taken away comes by another way in the same run
    swaps = {
        which: (
            "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
            {"role": f"{role}{which}", "policyArn": world["policies"] + policy_},
        )
        for which, policy_ in (("", "writing"), ("-twin", "reading"))
    }
    yield Cell(
        role,
        token,
        guard,
        *(
            Change(
                policy(f"{role}{which}", READ),
                REMOVED,
                {"model": {"ExecutionRoleArn": world["roles"] + f"{role}{which}"}},
                also,
            )
            for which, also in swaps.items()
        ),
    )
    managed = {"name": "managed-policy-narrowed", "policy": document(allow(READ))}
    yield Cell(
        "managed-policy-narrowed",
        "aws:iam/policy:Policy",
        guard,
        Change(
            managed,
            {**managed, "policy": document(allow(WRITE))},
            {
                "attach": "managed-policy-narrowed",
                "model": {"ExecutionRoleArn": world["roles"] + "managed-policy-narrowed"},
            },
        ),
        Change(
            rename(managed, "narrowed", "narrowed-twin"),
            {"name": "managed-policy-narrowed-twin", "policy": document(allow([READ, WRITE]))},
            {
                "attach": "managed-policy-narrowed-twin",
                "model": {"ExecutionRoleArn": world["roles"] + "managed-policy-narrowed-twin"},
            },
        ),
    )
    boundary = {"name": "boundary-added", "assumeRolePolicy": trust()}
    limits = {"permissionsBoundary": world["policies"] + "writing"}, {"permissionsBoundary": world["policies"] + "all"}
    yield Cell(
        "boundary-added",
        "aws:iam/role:Role",
        guard,
        Change(
            boundary,
            {**boundary, **limits[0]},
            {"grant": "boundary-added", "model": {"ExecutionRoleArn": world["roles"] + "boundary-added"}},
        ),
        Change(
            rename(boundary, "added", "added-twin"),
            {**rename(boundary, "added", "added-twin"), **limits[1]},
            {"grant": "boundary-added-twin", "model": {"ExecutionRoleArn": world["roles"] + "boundary-added-twin"}},
        ),
    )
    trusted = {"name": "trust-narrowed", "assumeRolePolicy": trust()}
    both = document(*(json.loads(trust(one))["Statement"][0] for one in ("sagemaker", "lambda")))
    foreign = world["foreign_image"]
    yield Cell(
        "trust-narrowed",
        "aws:iam/role:Role",
        "role-in-use-stays-trusted",
        Change(
            trusted,
            {**trusted, "assumeRolePolicy": trust("lambda")},
            {"model": {"ExecutionRoleArn": world["roles"] + "trust-narrowed", "Image": foreign, "ModelDataUrl": ""}},
        ),
        Change(
            rename(trusted, "narrowed", "narrowed-twin"),
            {"name": "trust-narrowed-twin", "assumeRolePolicy": both},
            {
                "model": {
                    "ExecutionRoleArn": world["roles"] + "trust-narrowed-twin",
                    "Image": foreign,
                    "ModelDataUrl": "",
                }
            },
        ),
    )
