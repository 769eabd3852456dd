"""Policies that belong to a thing instead of a role: of a bucket, key, repository, function; and the grants of a key.

Asked: S3 GetBucketPolicy, KMS GetKeyPolicy, ListGrants, ECR GetRepositoryPolicy, Lambda GetPolicy,
SageMaker GetModelPackageGroupPolicy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from guards import usage
from guards.usage import Node
from knowledge import arns
from knowledge.policy_documents import Document, Outcome, decide, read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from guards.live import Account
    from guards.rights import Rights
    from knowledge.permissions import Need

EMPTY: Document = {"Version": "2012-10-17", "Statement": []}


def live_policy(account: Account, target: Node) -> Document:
    """The policy of a bucket, key, repository or function as it is; one that has none has an empty one."""
    if target.kind == usage.BUCKET:
        answer = account.ask("s3", "get_bucket_policy", Bucket=target.identity)
        return read(answer["Policy"]) if answer else EMPTY
    if target.kind == usage.KEY:
        answer = account.ask("kms", "get_key_policy", KeyId=target.identity, PolicyName="default")
        return read(answer["Policy"]) if answer else EMPTY
    if target.kind == usage.FUNCTION:
        answer = account.ask("lambda", "get_policy", FunctionName=target.identity)
        return read(answer["Policy"]) if answer else EMPTY
    if target.kind == usage.PACKAGE_GROUP:
        asked = {"ModelPackageGroupName": target.identity}
        answer = account.ask("sagemaker", "get_model_package_group_policy", **asked)
        return read(answer["ResourcePolicy"]) if answer else EMPTY
    registry, _, name = target.identity.partition("/")
    answer = account.ask("ecr", "get_repository_policy", registryId=registry.partition(".")[0], repositoryName=name)
    return read(answer["policyText"]) if answer else EMPTY


def target_of(need: Need) -> Node | None:
    """The bucket, key or repository that a need is about; None for anything else."""
    arn = arns.parse(need.resource)
    if arn is None:
        return None
    if arn.service == "s3":
        return Node(usage.BUCKET, arn.resource.partition("/")[0])
    if arn.service == "kms":
        return Node(usage.KEY, arn.name)
    if arn.service == "lambda":
        return Node(usage.FUNCTION, arn.name.partition(":")[0])
    if arn.service == "ecr":
        return Node(usage.REPOSITORY, f"{arn.account}.{arn.region}/{arn.name}")
    return None


def granted(account: Account, key: str, *, without: str = "") -> list[tuple[str, frozenset[str]]]:
    """Who may do what with a key by a grant: (grantee principal, `kms:` actions), but for the grant `without`.

    A grant that holds for one encryption context only may or may not apply; it isn't counted.
    """
    return [
        (one.get("GranteePrincipal", ""), frozenset(f"kms:{operation}" for operation in one.get("Operations", [])))
        for one in account.pages("kms", "list_grants", "Grants", KeyId=key)
        if one.get("GrantId") != without and not one.get("Constraints")
    ]


def may(  # noqa: PLR0913 - one question, answered by everything that has a say in it
    need: Need,
    rights: Rights,
    role_arn: str,
    resource_policy: Document | None,
    grants: Sequence[tuple[str, frozenset[str]]] = (),
    *,
    owner: str | None = None,
) -> Outcome:
    """Whether a role has what is needed: its own policies and boundary, the thing's policy, grants of a key.

    "Grants in AWS KMS" (Developer Guide): a grant allows by itself; it can't overrule an explicit Deny.
    """
    from guards.values import Unknown

    boundary = None if isinstance(rights.boundary, Unknown) else rights.boundary
    outcome = decide(
        rights.known,
        need.action,
        need.resource,
        boundary=boundary,
        resource_policy=resource_policy,
        principal=role_arn,
        resource_account=owner,
        context=dict(need.context),
    )
    if outcome is not Outcome.DENIED and any(who == role_arn and need.action in what for who, what in grants):
        return Outcome.ALLOWED
    return outcome


def decided_now(account: Account, rights: Rights, role_arn: str, need: Need) -> Outcome:
    """The same for the account as it is; another account's thing is judged by the role's own policies alone."""
    target = target_of(need)
    arn = arns.parse(need.resource)
    own = account.identity()[0]
    if target is None or (arn is not None and arn.account not in {"", own}):
        return may(need, rights, role_arn, None)
    grants = granted(account, target.identity) if target.kind == usage.KEY else []
    return may(need, rights, role_arn, live_policy(account, target), grants, owner=own)
