"""When two values are the same to Terraform: policy documents by meaning, sets without order, nothing and zero alike.

Source: hashicorp/awspolicyequivalence (what counts as the same policy), Terraform's plugin SDK (zero values equal
absent ones).
"""

from __future__ import annotations

import json
import re
from typing import Any

from rehearsal.values import UNKNOWN, Archive, Asset

LISTS = {"Action", "NotAction", "Resource", "NotResource"}
ACCOUNT_ROOT = re.compile(r"^arn:aws[\w-]*:iam::(\d{12}):root$")


def nothing(value: Any) -> bool:
    """Whether a value counts as absent: null, "", 0, False, and an empty list or object."""
    return value is not UNKNOWN and not isinstance(value, Asset | Archive) and not value


def canonical_policy(text: Any) -> Any:
    """A policy document in one form, so that equivalent documents are equal; text that is no JSON stays as it is."""
    if not isinstance(text, str):
        return text
    try:
        document = json.loads(text)
    except ValueError:
        return text
    return _canonical(document)


def _canonical(part: Any, key: str = "") -> Any:
    if isinstance(part, dict):
        if key in {"Principal", "NotPrincipal"}:
            return {k: sorted(_account(x) for x in _listed(v)) for k, v in part.items()}
        made = {k: _canonical(v, k) for k, v in part.items() if k != "Statement"}
        if "Statement" in part:
            made["Statement"] = sorted((_canonical(s) for s in _listed(part["Statement"])), key=_order)
        if key.startswith(("Condition",)):
            return {
                k: {a: sorted(str(x) for x in _listed(b)) for a, b in v.items()}
                for k, v in part.items()
                if isinstance(v, dict)
            }
        return made
    if key in LISTS:
        return sorted(str(x) for x in _listed(part))
    if isinstance(part, list):
        return [_canonical(x) for x in part]
    return part


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _account(principal: Any) -> str:
    found = ACCOUNT_ROOT.match(str(principal))
    return found.group(1) if found else str(principal)


def _order(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def canonical(value: Any) -> Any:
    """A value without what makes no difference: absent members of objects, `__defaults`, the place of a file."""
    if isinstance(value, dict):
        return {k: canonical(v) for k, v in sorted(value.items()) if k != "__defaults" and not nothing(v)}
    if isinstance(value, list):
        return [canonical(v) for v in value]
    if isinstance(value, Asset | Archive):
        return {"hash": value.hash}
    return value


def canonical_set(value: Any) -> Any:
    """A list in a fixed order, for lists whose order AWS doesn't keep."""
    return sorted((canonical(v) for v in value), key=_order) if isinstance(value, list) else canonical(value)


def without_defaults(value: Any) -> Any:
    """Inputs without the bridge's `__defaults` marks, as they appear among outputs."""
    if isinstance(value, dict):
        return {k: without_defaults(v) for k, v in value.items() if k != "__defaults"}
    if isinstance(value, list):
        return [without_defaults(v) for v in value]
    return value
