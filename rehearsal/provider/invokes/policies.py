"""aws.iam.get_policy_document: made in the provider, as in pulumi-aws, without a call."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

from rehearsal.provider.refusals import ProviderRefusal

if TYPE_CHECKING:
    from rehearsal.provider.account import Account
    from rehearsal.values import Properties


def policy_document(account: Account, arguments: Properties) -> Properties:
    """The document of its statements, sources before and overrides after them, by Sid."""
    statements: list[dict[str, Any]] = []
    version, id_ = arguments.get("version") or "2012-10-17", arguments.get("policyId")
    for text in _given(arguments, "sourcePolicyDocuments", "sourceJson"):
        _merge(statements, json.loads(text), override=False)
    for wanted in arguments.get("statements") or []:
        _place(statements, statement(wanted), override=True)
    for text in _given(arguments, "overridePolicyDocuments", "overrideJson"):
        _merge(statements, json.loads(text), override=True)
    document = {"Version": version, **({"Id": id_} if id_ else {}), **({"Statement": statements} if statements else {})}
    text, small = json.dumps(document, indent=2), json.dumps(document, separators=(",", ":"))
    return {**arguments, "id": str(zlib.crc32(text.encode())), "json": text, "minifiedJson": small, "version": version}


def _given(arguments: Properties, many: str, one: str) -> list[str]:
    found = [*(arguments.get(many) or []), arguments.get(one)]
    return [text for text in found if text]


def _merge(statements: list[dict[str, Any]], document: dict[str, Any], *, override: bool) -> None:
    given = document.get("Statement") or []
    for one in given if isinstance(given, list) else [given]:
        _place(statements, one, override=override)


def _place(statements: list[dict[str, Any]], one: dict[str, Any], *, override: bool) -> None:
    sid = one.get("Sid")
    for index, there in enumerate(statements):
        if sid and there.get("Sid") == sid:
            if not override:
                raise ProviderRefusal(f'two source policy documents have a statement with Sid "{sid}"')
            statements[index] = one
            return
    statements.append(one)


def statement(wanted: Properties) -> dict[str, Any]:
    """One statement in IAM's form."""
    made: dict[str, Any] = {"Sid": wanted["sid"]} if wanted.get("sid") else {}
    made["Effect"] = wanted.get("effect") or "Allow"
    for name, key in (
        ("actions", "Action"),
        ("notActions", "NotAction"),
        ("resources", "Resource"),
        ("notResources", "NotResource"),
    ):
        if wanted.get(name):
            made[key] = _single(wanted[name])
    for name, key in (("principals", "Principal"), ("notPrincipals", "NotPrincipal")):
        if wanted.get(name):
            made[key] = _principals(wanted[name])
    if wanted.get("conditions"):
        tests: dict[str, dict[str, Any]] = {}
        for condition in wanted["conditions"]:
            tests.setdefault(condition["test"], {})[condition["variable"]] = _single(condition["values"])
        made["Condition"] = tests
    return made


def _single(values: list[Any]) -> Any:
    """One value stands alone, more are in order, as Terraform writes them."""
    return values[0] if len(values) == 1 else sorted(values, reverse=True)


def _principals(wanted: list[Properties]) -> Any:
    if [p["type"] for p in wanted] == ["*"] and wanted[0]["identifiers"] == ["*"]:
        return "*"
    made: dict[str, list[Any]] = {}
    for principal in wanted:
        made.setdefault(principal["type"], []).extend(principal["identifiers"])
    return {kind: _single(identifiers) for kind, identifiers in made.items()}


FUNCTIONS = {"aws:iam/getPolicyDocument:getPolicyDocument": policy_document}
