"""Who makes a call: a user or an assumed role of the account, by the access key in the request's signature.

Simulated authorisation, for the operations that ask for it. Keys that the account didn't give out stand for somebody
who may do everything: rehearsals use made-up ones. Sources: "Policy evaluation logic" and "Policy elements: variables
and tags", "Date condition operators" (IAM User Guide).
"""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rehearsal.account import authorisation
from rehearsal.account.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rehearsal.account.calls import Call

_ACCESS_KEY = re.compile(r"Credential=(?P<key>[^/]+)/")
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

    @property
    def checks_documents(self) -> bool:
        """Whether a policy asks for the session document to be checked, named or not (SessionDocumentAccessCheck)."""
        return "ssm:SessionDocumentAccessCheck" in json.dumps(self.documents)

    def require(self, action: str, resource: str, at: float, context: Mapping[str, str] | None = None) -> None:
        """Raises Refusal (AccessDeniedException) unless the caller may do `action` on `resource` by then."""
        if self.documents is None:
            return
        statements = [s for document in self.documents for s in self._statements(document, at)]
        known = {"ssm:SessionDocumentAccessCheck": "true", **(context or {})}
        # One reading of documents for roles and users alike.
        decision = authorisation._decide(statements, action, resource, known, self.arn)  # noqa: SLF001
        if not decision.allowed:
            raise Refusal(
                "AccessDeniedException",
                f"User: {self.arn} is not authorized to perform: {action} on resource: {resource} because "
                f"{decision.reason}",
            )

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
            return Caller(assumed.session_name, assumed.arn, assumed.user_id, documents=_documents(role, []))
    return Caller("rehearsal", f"arn:aws:iam::{account}:user/rehearsal", "AIDAREHEARSAL", "rehearsal")


def _documents(identity: Any, groups: list[Any]) -> tuple[dict[str, Any], ...]:
    return tuple(
        document
        for each in (identity, *groups)
        for document in authorisation._documents(each)  # noqa: SLF001
    )
