"""`holdfast approve`, `holdfast reject`: a decision about a version; its reason and whose it is stay in the version."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from findings import exit_codes
from findings.summary import summarise
from guards import usage
from guards.errors import AccountUnknown
from knowledge.model_packages import (
    APPROVED,
    DECIDED_AT,
    DECIDED_BY,
    LONGEST_APPROVAL,
    LONGEST_METADATA_VALUE,
    METADATA_TEXT,
    REJECTED,
)
from pipeline import choices
from pipeline.errors import PipelineError
from pipeline.stack_file import StackFile
from pipeline.versions import checks, telling
from pipeline.versions.of_stack import group_of_stack
from pipeline.versions.registry import ModelRegistry
from pipeline.whereabouts import account_of

if TYPE_CHECKING:
    from pathlib import Path

    from findings.finding import Finding
    from guards.live import Account

_MOVING = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack"})


@dataclass(frozen=True)
class Asked:
    """What the user asked for, as given."""

    command: Literal["approve", "reject"]
    version: str
    stack: str
    project: Path
    reason: str
    by: str = ""
    """Who decides; the identity that is signed in when empty."""
    region: str = ""
    json: bool = False


@dataclass(frozen=True)
class Decision:
    """What came of it."""

    arn: str
    before: str
    after: str
    by: str
    changed: bool
    findings: list[Finding] = field(default_factory=list)
    endpoints: list[str] = field(default_factory=list)
    """Endpoints of this account and Region that run the version."""


def carry_out(asked: Asked) -> int:
    """
    Look, decide, tell; the exit code.

    Raises:
        PipelineError: the version isn't there, is being deployed, or can't be changed. It is as it was then.

    """
    _check_words(asked)
    file = StackFile(choices.project_folder(asked.project), asked.stack)
    account = account_of(asked.stack, file.path.parent, asked.region)
    registry = ModelRegistry(account)
    arn = registry.version(asked.version, group_of_stack(file))
    described = registry.describe(arn)
    before = str(described.get("ModelApprovalStatus", ""))
    if not before:
        raise PipelineError(f"{arn} belongs to no group; only versions of a group are approved or rejected.")
    wanted = APPROVED if asked.command == "approve" else REJECTED
    by = asked.by or _identity(account)
    if before == wanted:
        return telling.decision(asked, Decision(arn, before, before, by, changed=False), described, exit_codes.OK)
    serving, moving = _endpoints_of(account, arn)
    if moving:
        raise PipelineError(
            f"Endpoint {', '.join(moving)} is just being moved to {arn}, so nothing is decided about the version now. "
            "Wait until it has moved (holdfast status), then decide. Nothing was changed."
        )
    found = checks.before_approval(account, arn, described) if wanted == APPROVED else []
    if code := summarise(found).exit_code:
        kept = Decision(arn, before, before, by, changed=False, findings=found)
        return telling.decision(asked, kept, described, code)
    _write(registry, arn, wanted, asked.reason, by)
    made = Decision(arn, before, wanted, by, changed=True, findings=found, endpoints=serving)
    return telling.decision(asked, made, registry.describe(arn), exit_codes.OK)


def _check_words(asked: Asked) -> None:
    """AWS's limits of what is kept: ApprovalDescription, CustomerMetadataProperties (UpdateModelPackage)."""
    if not asked.reason.strip():
        raise PipelineError(f"--reason is what others will read in the version: say why you {asked.command} it.")
    if len(_description(asked.reason, asked.by)) > LONGEST_APPROVAL:
        longest = LONGEST_APPROVAL - len(_description("", asked.by))
        raise PipelineError(f"--reason has {len(asked.reason)} characters; a version keeps {longest} beside the name.")
    if len(asked.by) > LONGEST_METADATA_VALUE or not METADATA_TEXT.fullmatch(asked.by):
        raise PipelineError(
            f"--by is {asked.by!r}; a version keeps a name of at most {LONGEST_METADATA_VALUE} letters, digits, spaces "
            "and _.:/=+-@."
        )


def _description(reason: str, by: str) -> str:
    return f"{' '.join(reason.split())} ({by})" if by else " ".join(reason.split())


def _identity(account: Account) -> str:
    """The ARN of who is signed in (STS GetCallerIdentity)."""
    try:
        return str(account.ask("sts", "get_caller_identity")["Arn"])
    except AccountUnknown as error:
        raise PipelineError(f"Who decides isn't known: name yourself by --by. {error}", exit_codes.UNKNOWN) from error


def _write(registry: ModelRegistry, arn: str, wanted: str, reason: str, by: str) -> None:
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    registry.update(
        arn,
        ModelApprovalStatus=wanted,
        ApprovalDescription=_description(reason, by)[:LONGEST_APPROVAL],
        CustomerMetadataProperties={DECIDED_BY: by[:LONGEST_METADATA_VALUE], DECIDED_AT: now},
    )


def _endpoints_of(account: Account, arn: str) -> tuple[list[str], list[str]]:
    """
    The endpoints of this account and Region that run the version, and those that are just being moved.

    Raises:
        PipelineError: they can't be read, so nobody knows.

    """
    try:
        graph = account.graph()
    except AccountUnknown as error:
        message = f"Whether an endpoint is being moved to {arn} could not be known, so nothing was changed. {error}"
        raise PipelineError(message, exit_codes.UNKNOWN) from error
    name = arn.rpartition(":model-package/")[2]
    serving: dict[str, Any] = {}
    for one in graph.nodes(usage.PACKAGE):
        if one.identity in {arn, name}:
            for path in graph.users_of(one):
                serving[path.endpoint] = graph.facts.get(path.nodes[-1], {}).get("live") or {}
    moving = [
        endpoint
        for endpoint, live in serving.items()
        if live.get("EndpointStatus") in _MOVING or live.get("PendingDeploymentSummary")
    ]
    return sorted(serving), sorted(moving)
