"""What a role may do: its policies and boundary, as they are in the account and as a run will leave them.

What that means for the models that use the role is judged in `guards.role_rights`; what a document grants says
`knowledge.policy_documents`.
Asked: IAM GetRole, ListRolePolicies, GetRolePolicy, ListAttachedRolePolicies, GetPolicy, GetPolicyVersion.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from guards import kinds
from guards.values import UNKNOWN, Unknown, items
from knowledge import arns
from knowledge.policy_documents import Document, MalformedDocumentError, read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from guards.live import Account
    from guards.plan import Operation, Plan, Registration

Key = tuple[str, str]


@dataclass(frozen=True)
class Rights:
    """What a role may do: its documents by (`inline`|`attached`, name or ARN); an unknown document is an Unknown."""

    documents: Mapping[Key, Any] = field(default_factory=dict)
    boundary: Any = None

    def without(self, key: Key) -> Rights:
        """The same without one document."""
        return replace(self, documents={one: value for one, value in self.documents.items() if one != key})

    def having(self, key: Key, document: Any) -> Rights:
        """The same with one document set."""
        return replace(self, documents={**self.documents, key: document})

    @property
    def known(self) -> list[Document]:
        """The documents that are known."""
        return [document for document in self.documents.values() if not isinstance(document, Unknown)]

    @property
    def complete(self) -> bool:
        """Whether all of them are known."""
        return len(self.known) == len(self.documents) and not isinstance(self.boundary, Unknown)


def document_in(value: Any) -> Any:
    """A policy document given as JSON text or object; an Unknown stays one; raises MalformedDocumentError."""
    if isinstance(value, Unknown) or (isinstance(value, dict) and _holds_unknown(value)):
        return UNKNOWN
    return read(value)


def _holds_unknown(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_holds_unknown(one) for one in value.values())
    return isinstance(value, Unknown) or (isinstance(value, list) and any(_holds_unknown(one) for one in value))


def live_document(value: Any) -> Document:
    """A document as IAM answers it: URL-encoded JSON text, or already parsed by botocore."""
    return read(unquote(value) if isinstance(value, str) else value)


def managed_document(account: Account, arn: str) -> Any:
    """The default version of a managed policy; None when there is none."""
    policy = account.ask("iam", "get_policy", PolicyArn=arn)
    if policy is None:
        return None
    version = account.ask("iam", "get_policy_version", PolicyArn=arn, VersionId=policy["Policy"]["DefaultVersionId"])
    return live_document(version["PolicyVersion"]["Document"]) if version else None


def live_rights(account: Account, role: str) -> Rights:
    """Everything that is attached to the role now; nothing when the role doesn't exist."""
    described = account.ask("iam", "get_role", RoleName=role)
    if described is None:
        return Rights()
    documents: dict[Key, Any] = {}
    for name in account.pages("iam", "list_role_policies", "PolicyNames", RoleName=role):
        answer = account.ask("iam", "get_role_policy", RoleName=role, PolicyName=name)
        if answer:
            documents["inline", name] = live_document(answer["PolicyDocument"])
    for one in account.pages("iam", "list_attached_role_policies", "AttachedPolicies", RoleName=role):
        document = managed_document(account, one["PolicyArn"])
        if document is not None:
            documents["attached", one["PolicyArn"]] = document
    boundary = described["Role"].get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    return Rights(documents, managed_document(account, boundary) if boundary else None)


def managed_and_inline(inputs: Mapping[str, Any], account: Account) -> dict[Key, Any]:
    """The documents that a Role resource carries itself (inlinePolicies, managedPolicyArns)."""
    found: dict[Key, Any] = {}
    for one in items(inputs.get("inlinePolicies")):
        if isinstance(one, dict) and one.get("policy"):
            found["inline", str(one.get("name", ""))] = document_in(one["policy"])
    for arn in items(inputs.get("managedPolicyArns")):
        if isinstance(arn, str):
            found["attached", arn] = managed_document(account, arn) or UNKNOWN
    return found


# --- in this run ------------------------------------------------------------------------------------------------


def planned_rights(  # noqa: PLR0913 - the run as it stands
    rights: Rights, role: str, plan: Plan, account: Account, *, end: bool, judged: Operation
) -> Rights:
    """What the role will have in this preview: `rights` with everything that has been planned for it.

    At the end of the run that is all registrations; in the middle, what has been created or updated by then. The
    resource that is `judged` counts only when this run makes it anew: in a destroy it is registered, and yet it goes.
    """

    def counts(one: Registration) -> bool:
        if one.urn == judged.urn and one.urn not in plan.created:
            return False
        return _is_role(one.inputs.get("role"), role, one, plan) and (
            end or one.urn in plan.created or one.urn in plan.updated
        )

    for one in plan.of(kinds.ROLE_POLICY):
        if counts(one):
            rights = rights.having(("inline", plan.name(one.urn) or one.urn), document_in(one.inputs.get("policy")))
    for one in plan.of(kinds.ATTACHMENT):
        if counts(one):
            arn = one.inputs.get("policyArn")
            key = ("attached", arn if isinstance(arn, str) else one.urn)
            rights = rights.having(key, _planned_managed(arn, one, plan, account))
    for operation in plan.leaving.values():
        left = key_of(operation)
        if left is not None and names_role(operation, role):
            rights = rights.without(left)
    return rights


def _planned_managed(arn: Any, attachment: Registration, plan: Plan, account: Account) -> Any:
    for policy in plan.of(kinds.POLICY):
        known = plan.updated.get(policy.urn)
        if (isinstance(arn, Unknown) and policy.urn in attachment.dependencies) or (known and known.id == arn):
            return document_in(policy.inputs.get("policy"))
    if not isinstance(arn, str):
        return UNKNOWN
    document = managed_document(account, arn)
    return UNKNOWN if document is None else document


def _is_role(value: Any, role: str, registration: Registration, plan: Plan) -> bool:
    if isinstance(value, str):
        return arns.last_segment(value) == role
    # A role that isn't known yet is a new one, unless it is the very one asked about (by its URN).
    return isinstance(value, Unknown) and any(
        (plan.name(urn) or urn) == role for urn in registration.dependencies if kinds.type_of(urn) == kinds.ROLE
    )


def names_role(operation: Operation, role: str) -> bool:
    """Whether a policy or attachment in state is that role's."""
    named = operation.old("role")
    return isinstance(named, str) and arns.last_segment(named) == role


def key_of(operation: Operation) -> Key | None:
    """Which of the role's documents the resource is."""
    if operation.type == kinds.ROLE_POLICY:
        name = operation.old("name")
        return "inline", str(name) if name else operation.id.partition(":")[2]
    if operation.type == kinds.ATTACHMENT:
        return "attached", str(operation.old("policyArn"))
    if operation.type == kinds.POLICY:
        return "attached", str(operation.old("arn") or operation.id)
    return None


def as_text(document: Any) -> str:
    """For comparing documents: the same object in the same text."""
    try:
        return json.dumps(read(document), sort_keys=True)
    except MalformedDocumentError:
        return str(document)
