"""
What the stack says about a role's rights: its policy documents, and the resource policies that may grant on their own.

Place: what `execution-roles-keep-model-permissions` reads. Everything that can't be read is named, so that a missing
right is told from one that merely can't be seen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pulumi_policy.proxy import UnknownValueError

from knowledge.policy_documents import Document, MalformedDocumentError, read
from policies.models import known
from policies.tokens import (
    BUCKET_POLICY,
    BUCKETS,
    KEY,
    KEY_POLICY,
    MANAGED_POLICY,
    POLICY_ATTACHMENT,
    REPOSITORY,
    REPOSITORY_POLICY,
    ROLE_POLICY,
    ROLE_POLICY_ATTACHMENT,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policies.reading import Block, Resource, Stack

_GRANTING = {"s3": (BUCKETS, BUCKET_POLICY, "bucket"), "ecr": ((REPOSITORY,), REPOSITORY_POLICY, "repository")}


@dataclass
class Rights:
    """The documents of one role that could be read, and what could not."""

    documents: list[Document] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

    def take(self, resource: Resource, block: Block, name: str) -> None:
        """Read one document, or say why it can't be read."""
        try:
            if text := block.text(name):
                self.documents.append(read(text))
        except UnknownValueError:
            self.unread.append(f"{block.where(name)} of {resource.label} is not known before `up`")
        except MalformedDocumentError as error:
            self.unread.append(f"{block.where(name)} of {resource.label} can't be read ({error})")


def rights_of(stack: Stack, role: Resource) -> Rights:
    """All inline and attached policies of a role, as far as the stack shows them."""
    rights = Rights()
    for inline in role.properties.blocks("inlinePolicies") if role.sets("inlinePolicies") else []:
        rights.take(role, inline, "policy")
    for policy in stack.referring(role, ROLE_POLICY, "role"):
        rights.take(policy, policy.properties, "policy")
    for attached, prop, arn in _attached(stack, role):
        policies = stack.referred(attached, prop, arn, MANAGED_POLICY)
        for policy in policies:
            rights.take(policy, policy.properties, "policy")
        if not policies:
            rights.unread.append(
                f"the managed policy {arn or 'that ' + attached.label + ' names'} is not in this stack"
            )
    if role.sets("permissionsBoundary") and role.properties.has("permissionsBoundary"):
        rights.unread.append(f"permissionsBoundary of {role.label} limits what its policies grant")
    return rights


def _attached(stack: Stack, role: Resource) -> Iterator[tuple[Resource, str, str | None]]:
    attachments = [
        *stack.referring(role, ROLE_POLICY_ATTACHMENT, "role"),
        *stack.referring(role, POLICY_ATTACHMENT, "roles"),
    ]
    for attachment in attachments:
        yield attachment, "policyArn", known(attachment.properties, "policyArn")
    if not role.sets("managedPolicyArns"):
        return
    try:
        arns: list[str] | list[None] = role.properties.texts("managedPolicyArns")
    except UnknownValueError:
        arns = [None]
    for arn in arns:
        yield role, "managedPolicyArns", arn


def granted_elsewhere(stack: Stack, action: str, resource: str) -> str:
    """
    Why a right that the role's policies don't grant might come from a resource policy; empty when it can't.

    S3, Amazon ECR and AWS KMS take a grant in the policy of the bucket, repository or key alone.
    """
    service = action.partition(":")[0]
    if resource == "*" or service not in ("s3", "ecr", "kms", "lambda"):
        return ""
    if service == "lambda":
        return "the function's own policy may grant it"
    if service == "kms":
        keys = [
            key for key in stack.of_type(KEY) if resource in (known(key.properties, "arn"), "arn:aws:kms:*:*:key/*")
        ]
        own = [key.label for key in keys if key.sets("policy") and key.properties.has("policy")]
        own += [policy.label for policy in stack.of_type(KEY_POLICY)]
        return (
            f"the key policy may grant it ({', '.join(own)})" if own else "" if keys else "the key isn't in this stack"
        )
    types, policy_type, prop = _GRANTING[service]
    name = resource.rpartition(":")[2].partition("/")[0 if service == "s3" else 2]
    owners = [owner for owner in stack.of_type(*types) if name == "*" or name in _names(owner)]
    if not owners:
        return f"{prop} {name} isn't in this stack, and its own policy may grant it"
    for policy in (each for owner in owners for each in stack.referring(owner, policy_type, prop)):
        return f"{policy.label} may grant it"
    return ""


def _names(owner: Resource) -> tuple[str | None, ...]:
    return tuple(known(owner.properties, name) for name in ("bucket", "name"))
