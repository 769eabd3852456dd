"""AWS's own IAM policies (`arn:aws:iam::aws:policy/...`), brought in when somebody names one.

moto ships their documents; to load all of them at the start would take longer than the rest of the start.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from rehearsal.account.calls import Call
    from rehearsal.account.determinism import Determinism

PREFIX = "arn:aws:iam::aws:policy"
_NAMED = re.compile(rf"{PREFIX}(/[\w+=,.@/-]+)")


def provide(call: Call, account: str, determinism: Determinism) -> None:
    """Makes the managed policies that an IAM call names (all of them for ListPolicies) known to moto."""
    if call.action == "ListPolicies" and call.parameters.get("Scope") != "Local":
        wanted = set(documents())
    else:
        wanted = set(_NAMED.findall(unquote(call.body.decode("utf-8", "replace")))) & set(documents())
    if not wanted:
        return
    from moto.iam.models import AWSManagedPolicy, iam_backends

    backend = iam_backends[account]["aws"]
    for path in sorted(wanted):
        arn = f"{PREFIX}{path}"
        if arn in backend.managed_policies:
            continue
        name, data = documents()[path]
        with determinism.seeded(arn, determinism.birth):
            policy = AWSManagedPolicy.from_data(name, account, "aws", data)
        backend.managed_policies[policy.arn] = policy
        backend.aws_managed_policies.append(policy)


@cache
def documents() -> dict[str, tuple[str, dict[str, Any]]]:
    """Path and name of each of AWS's own policies -> its name, and what moto ships of it."""
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    return {f"{data['Path']}{name}": (name, data) for name, data in json.loads(aws_managed_policies_data).items()}
