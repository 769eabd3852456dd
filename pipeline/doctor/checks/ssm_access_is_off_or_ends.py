"""Containers can't be accessed through SSM, or only on development endpoints until a date that hasn't come.

The sweep: which endpoints have it on, since when, until when, and who may connect. Asked: SageMaker ListTags; IAM
GetAccountAuthorizationDetails, when some endpoint has it on. Source: "Access containers through SSM" (ssm-access).
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from guards import usage
from knowledge import end_dates
from knowledge.policy_documents import Outcome, decide, read
from knowledge.session_manager import COST
from pipeline.doctor.check import Check, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from guards.live import Account
    from guards.usage import Node
    from knowledge.policy_documents import Document
    from pipeline.doctor.examination import Examination

STAGE, UNTIL = "holdfast:stage", "holdfast:ssm-access-until"
_NAMED = 8  # callers that a message names
OFF = "Switch it off: holdfast up --set ssmAccess=false, or a configuration with EnableSSMAccess false."


def examine(examination: Examination, one: Node) -> Iterator[Problem]:
    """By the configuration that the endpoint runs on, and the endpoint's own tags."""
    for configuration in examination.graph.used_by(one, usage.CONFIGURATION):
        described = examination.described(configuration) or {}
        variants = [*described.get("ProductionVariants", []), *described.get("ShadowProductionVariants", [])]
        open_ones = [each["VariantName"] for each in variants if each.get("EnableSSMAccess")]
        if open_ones:
            yield _told(examination, one, open_ones, described)


def _told(examination: Examination, one: Node, variants: list[str], described: dict[str, Any]) -> Problem:
    account = examination.account
    arn = (examination.described(one) or {}).get("EndpointArn", "")
    tags = {tag["Key"]: tag["Value"] for tag in account.pages("sagemaker", "list_tags", "Tags", ResourceArn=arn)}
    since = described.get("CreationTime")
    since_words = (
        f"since {since:%Y-%m-%d %H:%M} or longer" if isinstance(since, dt.datetime) else "since nobody knows when"
    )
    wrong, until = _until(tags)
    message = (
        f"SSM access to {one} (variant {', '.join(variants)}) is on, {since_words}, {until}. May connect: "
        f"{who_may_connect(account, arn)}."
    )
    if not wrong:
        return Problem(f"{message} {COST}", OFF, severity="low", advisory=True)
    return Problem(f"{message} {wrong} {COST}", OFF, severity="high")


def _until(tags: dict[str, str]) -> tuple[str, str]:
    """What is wrong with it, if anything, and until when it is on, in words."""
    stage, given = tags.get(STAGE), tags.get(UNTIL, "")
    undeclared = "" if stage == "development" else f"The endpoint isn't declared as development ({STAGE}: {stage})."
    if not given:
        return undeclared or "Nobody has said when it ends.", "without an end date"
    try:
        moment = end_dates.read(given)
    except end_dates.EndDateError as error:
        return undeclared or f"Its end date can't be read: {error}.", f"until {given!r}"
    over = f"It was to end {end_dates.left(moment)}." if end_dates.is_over(moment) else ""
    return undeclared or over, f"until {given} ({end_dates.left(moment)})"


def who_may_connect(account: Account, arn: str) -> str:
    """
    Users and roles whose policies let them start a session on the endpoint now (ssm:StartSession), in words.

    Policies of the organisation aren't read, so that what is said here may be too much, never too little.
    """
    certain, perhaps = [], []
    for name, documents, boundary in _identities(account):
        outcome = _may_start(documents, boundary, arn)
        if outcome is Outcome.ALLOWED:
            certain.append(name)
        elif outcome is Outcome.UNKNOWN:
            perhaps.append(name)
    words = _some(certain)
    return (
        f"{words or 'nobody by policies of this account'}{f', and on conditions {_some(perhaps)}' if perhaps else ''}"
    )


def _some(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(sorted(names)[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _may_start(documents: list[Document], boundary: Document | None, arn: str) -> Outcome:
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    context = {"aws:CurrentTime": now, "ssm:SessionDocumentAccessCheck": "true"}
    return decide(documents, "ssm:StartSession", arn, boundary=boundary, context=context)


@lru_cache(maxsize=1)
def _identities(account: Account) -> list[tuple[str, list[Document], Document | None]]:
    """Every user and role of the account: its name, its policies with those of its groups, its permissions boundary."""

    def listed(kind: str, result: str) -> list[Any]:
        return account.pages("iam", "get_account_authorization_details", result, Filter=[kind])

    managed = {
        policy["Arn"]: read(version["Document"])
        for kind in ("LocalManagedPolicy", "AWSManagedPolicy")
        for policy in listed(kind, "Policies")
        for version in policy.get("PolicyVersionList", [])
        if version.get("IsDefaultVersion")
    }

    def attached(identity: dict[str, Any], inline: str) -> list[Document]:
        return [
            *(read(policy["PolicyDocument"]) for policy in identity.get(inline, [])),
            *(
                managed[p["PolicyArn"]]
                for p in identity.get("AttachedManagedPolicies", [])
                if p["PolicyArn"] in managed
            ),
        ]

    groups = {group["GroupName"]: attached(group, "GroupPolicyList") for group in listed("Group", "GroupDetailList")}
    found = []
    for user in listed("User", "UserDetailList"):
        of_groups = [document for name in user.get("GroupList", []) for document in groups.get(name, [])]
        found.append(
            (f"user {user['UserName']}", [*attached(user, "UserPolicyList"), *of_groups], _boundary(user, managed))
        )
    found += [
        (f"role {role['RoleName']}", attached(role, "RolePolicyList"), _boundary(role, managed))
        for role in listed("Role", "RoleDetailList")
    ]
    return found


def _boundary(identity: dict[str, Any], managed: dict[str, Document]) -> Document | None:
    arn = identity.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    return managed.get(arn) if arn else None


check = Check(
    name="ssm-access-is-off-or-ends",
    title="Containers can't be accessed through SSM, or only on development endpoints until a date that hasn't come.",
    kinds=(usage.ENDPOINT,),
    examine=examine,
    severity="high",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/ssm-access.html",
)
