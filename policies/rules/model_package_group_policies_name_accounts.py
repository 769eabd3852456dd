"""
The policy of a model package group names accounts and actions, and leaves approval to its own account.

Avoid
    {"Principal": "*", "Action": "sagemaker:*", "Resource": "*"}
    {"Principal": {"AWS": "arn:aws:iam::222222222222:root"}, "Action": "sagemaker:UpdateModelPackage", ...}

Prefer
    ModelPackageGroup("scoring", {"training_accounts": ["222222222222"], "deploying_accounts": ["333333333333"], ...})

Why
    Who may register or deploy from outside is who the policy names. An account that may also update versions approves
    its own; with wildcards everybody does, and AWS RAM can't make the group discoverable.

Not covered
    Policies that were put by other means than this program.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from knowledge.arns import parse
from knowledge.policy_documents import MalformedDocumentError, covers, listed, read, statements_of
from policies.rule import ResourceRule
from policies.tokens import MODEL_PACKAGE_GROUP_POLICY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policies.reading import Resource
    from policies.verdict import Verdict

RESERVED = (
    "sagemaker:UpdateModelPackage",
    "sagemaker:DeleteModelPackage",
    "sagemaker:DeleteModelPackageGroup",
    "sagemaker:PutModelPackageGroupPolicy",
)


def judge(resource: Resource, verdict: Verdict) -> None:
    """Statement by statement: everybody, every action, or an action that belongs to the group's own account."""
    try:
        document = read(resource.properties.text("resourcePolicy"))
    except MalformedDocumentError as error:
        verdict.leave_undecided(resource, f"resourcePolicy can't be read ({error})")
        return
    for statement in statements_of(document):
        if statement.get("Effect") != "Allow":
            continue
        for what in _wrong(statement):
            name = str(statement.get("Sid") or "a statement")
            verdict.violated(resource, f"{name} of resourcePolicy {what}.")


def _wrong(statement: Mapping[str, Any]) -> Iterator[str]:
    block = statement.get("Principal")
    named = listed(block.get("AWS")) if isinstance(block, Mapping) else listed(block)
    principals = [str(one) for one in named]
    if "*" in principals and not statement.get("Condition"):
        yield "allows everybody"
    actions = [str(one) for one in listed(statement.get("Action"))]
    if "NotAction" in statement or "*" in actions or "sagemaker:*" in [one.lower() for one in actions]:
        yield "allows every action"
        return
    own = {arn.account for one in listed(statement.get("Resource")) if (arn := parse(one)) is not None}
    others = [one for one in principals if (found := parse(one)) is None or found.account not in own]
    given = [action for action in RESERVED if any(covers(one, action, fold=True) for one in actions)]
    if others and given:
        yield f"lets {', '.join(others[:3])} do {given[0]}, which is for the group's own account"


rule = ResourceRule(
    name="model-package-group-policies-name-accounts",
    title="The policy of a model package group names accounts and actions, and leaves approval to its own account.",
    severity="critical",
    concern="model registry",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-version.html#model-registry-version-xaccount",
    remedy="Name the accounts and what each does; components.ModelPackageGroup writes such a policy.",
    types=(MODEL_PACKAGE_GROUP_POLICY,),
    judge=judge,
)
