"""Who makes a call: a user or an assumed role of the account, by the access key in the request's signature.

Simulated authorisation, for the operations that ask for it. Keys that the account didn't give out stand for somebody
who may do everything: rehearsals use made-up ones. Sources: "Policy evaluation logic" and "Policy elements: variables
and tags", "Date condition operators" (IAM User Guide).
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rehearsal.account import authorisation
from rehearsal.account.errors import Refusal
from rehearsal.account.resource_policies import Principal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rehearsal.account.calls import Call

_ACCESS_KEY = re.compile(r"Credential=(?P<key>[^/]+)/")
_KEY_LENGTH = 20
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_OFFSET = 549755813888  # what "QAAAAAAA" stands for
_VARIABLE = re.compile(r"\$\{([^}]+)\}")
_DATES = {
    "DateLessThan": lambda now, wanted: now < wanted,
    "DateLessThanEquals": lambda now, wanted: now <= wanted,
    "DateGreaterThan": lambda now, wanted: now > wanted,
    "DateGreaterThanEquals": lambda now, wanted: now >= wanted,
}


@dataclass(frozen=True)
class Caller:
    """A caller; `documents` is None for somebody who may do everything."""

    name: str
    arn: str
    user_id: str
    username: str | None = None
    documents: tuple[dict[str, Any], ...] | None = None
    role: str | None = None

    @property
    def principal(self) -> Principal:
        """It, as policies of resources name it."""
        return Principal(self.arn.split(":")[4], self.arn, self.role)

    @property
    def checks_documents(self) -> bool:
        """Whether a policy asks for the session document to be checked, named or not (SessionDocumentAccessCheck)."""
        return "ssm:SessionDocumentAccessCheck" in json.dumps(self.documents)

    def require(self, action: str, resource: str, at: float, context: Mapping[str, str] | None = None) -> None:
        """Raises Refusal (AccessDeniedException) unless the caller may do `action` on `resource` by then."""
        if self.documents is None:
            return
        known = {"ssm:SessionDocumentAccessCheck": "true", **(context or {})}
        decision = self.decide(action, resource, at, known)
        if not decision.allowed:
            raise Refusal(
                "AccessDeniedException",
                f"User: {self.arn} is not authorized to perform: {action} on resource: {resource} because "
                f"{decision.reason}",
            )

    def decide(self, action: str, resource: str, at: float, context: Mapping[str, str]) -> authorisation.Decision:
        """What the caller's own policies say."""
        statements = [s for document in self.documents or () for s in self._statements(document, at)]
        # One reading of documents for roles and users alike.
        return authorisation._decide(statements, action, resource, context, self.arn)  # noqa: SLF001

    def _statements(self, document: dict[str, Any], at: float) -> list[dict[str, Any]]:
        """The statements that hold at this time, their variables filled in; an unknown variable matches nothing."""
        held = []
        for statement in authorisation._statements(document):  # noqa: SLF001
            conditions = dict(statement.get("Condition") or {})
            dates = {name: conditions.pop(name) for name in list(conditions) if name in _DATES}
            if all(_dated(name, tests, at) for name, tests in dates.items()):
                text = json.dumps({**statement, "Condition": conditions})
                held.append(json.loads(_VARIABLE.sub(self._fill, text)))
        return held

    def _fill(self, found: re.Match[str]) -> str:
        known = {"aws:userid": self.user_id, "aws:username": self.username}
        return known.get(found[1].lower()) or "\\u0000"


def _dated(operator: str, tests: dict[str, Any], at: float) -> bool:
    wanted = tests.get("aws:CurrentTime")
    if wanted is None:
        return False
    texts = wanted if isinstance(wanted, list) else [wanted]
    return any(_DATES[operator](at, dt.datetime.fromisoformat(text).timestamp()) for text in texts)


def of(call: Call, account: str) -> Caller:
    """The caller of a call."""
    from moto.iam.models import iam_backends
    from moto.sts.models import sts_backends

    found = _ACCESS_KEY.search(call.environ.get("HTTP_AUTHORIZATION", ""))
    key = found["key"] if found else ""
    iam = iam_backends[account]["aws"]
    for user in iam.users.values():
        if any(each.access_key_id == key for each in user.access_keys):
            return Caller(user.name, user.arn, user.id, user.name, _documents(user, iam.get_groups_for_user(user.name)))
    for assumed in sts_backends[account]["aws"].assumed_roles:
        if assumed.access_key_id == key:
            role = iam.get_role_by_arn(assumed.role_arn)
            documents = _documents(role, [])
            return Caller(assumed.session_name, assumed.arn, assumed.user_id, documents=documents, role=role.arn)
    return anybody(account)


def anybody(account: str) -> Caller:
    """Who stands behind access keys that the account didn't give out."""
    return Caller("rehearsal", f"arn:aws:iam::{account}:user/rehearsal", "AIDAREHEARSAL", "rehearsal")


def account_of(call: Call) -> str | None:
    """The account that is written into the access key of a call's signature; None where there is none.

    Source: AWS's access keys have held their account's number since 2019, in the base 32 of characters 5 to 12; moto
    makes its own the same way.
    """
    found = _ACCESS_KEY.search(call.environ.get("HTTP_AUTHORIZATION", ""))
    key = found["key"] if found else ""
    if len(key) != _KEY_LENGTH:
        return None
    try:
        number = int.from_bytes(base64.b32decode(key[4:12]), "big") - _OFFSET
    except ValueError:
        return None  # made up
    odd = key[12] in _ALPHABET[16:]
    return f"{2 * number + odd:012d}" if 0 <= number < 500_000_000_000 else None  # noqa: PLR2004 - half of 10^12


def _documents(identity: Any, groups: list[Any]) -> tuple[dict[str, Any], ...]:
    return tuple(
        document
        for each in (identity, *groups)
        for document in authorisation._documents(each)  # noqa: SLF001
    )
