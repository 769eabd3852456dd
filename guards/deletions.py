"""What endpoints use isn't deleted: key, alias, bucket, artifact, role, repository, network, model, configuration.

Source: "Best practices for endpoint security and health with Amazon SageMaker AI" (SageMaker Developer Guide,
best-practice-endpoint-security): an endpoint whose dependencies were deleted can no longer be patched, nor its
unhealthy instances replaced.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from findings.finding import Finding
from guards import kinds, usage
from guards.errors import AccountUnknown
from guards.plan import physical

if TYPE_CHECKING:
    from guards.judge import Judge, Verdict
    from guards.plan import Operation
    from guards.report import Report
    from guards.usage import UsageGraph

_CONSEQUENCE = "Amazon SageMaker could then neither patch the endpoint nor replace an unhealthy instance."
_OWN_RELEASE = "Roll the endpoint onto another configuration first (holdfast refresh, then up); it can go after that."
FIXES = {
    usage.KEY: "Keep the key in the program until no endpoint configuration or artifact uses it.",
    usage.ALIAS: "Keep the alias until no endpoint configuration names it.",
    usage.BUCKET: "Keep the bucket until no endpoint reads its model from it or writes to it.",
    usage.ARTIFACT: "Keep the object until every endpoint has moved to another artifact.",
    usage.ROLE: "Give the models another role in a new release first; delete this one after the endpoints have moved.",
    usage.REPOSITORY: "Keep the repository until every endpoint runs images from elsewhere.",
    usage.SUBNET: "Move the models to other subnets in a new release first.",
    usage.GROUP: "Move the models to another security group in a new release first.",
    usage.VPC: "Move the models to another VPC in a new release first.",
    usage.ROUTE_TABLE: "Give the subnets of the models another route table first.",
    usage.VPC_ENDPOINT: "Keep the VPC endpoint until every endpoint runs in other networks.",
    usage.FUNCTION: "Keep the function until no model pulls its image from the private registry that it opens.",
    usage.SECRET: "Keep the secret until no function that opens a private registry reads it.",
    usage.PACKAGE: "Keep the model package until no model is made from it.",
    usage.PACKAGE_GROUP: "Keep the group until no model is made from one of its packages.",
    usage.MODEL: _OWN_RELEASE,
    usage.CONFIGURATION: _OWN_RELEASE,
}
IN_THE_MIDDLE = " It would go in the middle of the update, before its replacement exists (deleteBeforeReplace)."


def guard_name(kind: str) -> str:
    """The guard's name: `key-in-use-stays`."""
    return f"{kind.lower().replace(' ', '-')}-in-use-stays"


def judge_deletion(operation: Operation, judge: Judge, report: Report) -> None:
    """Refuse the deletion when something counts as a user; raises Refused."""
    kind = kinds.GUARDED[operation.type].node
    nodes = physical(kind, operation)
    label = kind
    if not nodes:
        give_unknown(operation, label, report, f"its physical name isn't in state (id {operation.id!r})")
        return
    check_place(operation, judge)
    end = judge.program_done()
    verdict = judge.ask(nodes, end=end)
    report_use(operation, label, kind, verdict, report, end=end)
    if not (verdict.paths or verdict.unknown):
        from guards import foreign

        foreign.judge_unseen_use(operation, nodes, judge, report, guard_name(label))


def check_place(operation: Operation, judge: Judge) -> None:
    """Raise AccountUnknown when the resource isn't in the account and Region that the guards read."""
    account = judge.account()
    for name in ("arn", "keyId"):
        text = operation.old(name) or operation.new_inputs.get(name)
        if isinstance(text, str):
            account.check(text)
    bucket = operation.old("bucket") or operation.new_inputs.get("bucket")
    region = operation.old("region") or operation.new_inputs.get("region")
    if isinstance(bucket, str) and bucket:
        account.check_bucket(bucket)
    if isinstance(region, str) and region and region != account.region:
        raise AccountUnknown(
            f"{operation.name} is in Region {region}, but the guards look in {account.region}: who uses it can't be "
            f"known. Set AWS_REGION={region} for the run"
        )


def report_use(  # noqa: PLR0913 - what was asked, what was found, whom to tell
    operation: Operation, label: str, kind: str, verdict: Verdict, report: Report, *, end: bool
) -> None:
    """Give the finding that follows from a verdict on a deletion."""
    about = describe(operation, label)
    if verdict.paths:
        path = verdict.paths[0]
        others = len({one.endpoint for one in verdict.paths}) - 1
        more = f" and {others} more" if others > 0 else ""
        message = f"{about} is to be deleted, but endpoint {path.endpoint}{more} uses it. {_CONSEQUENCE}"
        report.give(
            finding(
                operation,
                guard_name(label),
                message + ("" if end else IN_THE_MIDDLE),
                path=path.texts(),
                fix=FIXES.get(kind, _OWN_RELEASE)
                if end
                else "Leave deleteBeforeReplace off, here and above, and let Pulumi choose the names.",
            )
        )
    elif verdict.unknown:
        give_unknown(operation, label, report, verdict.unknown[0].reason)
    elif verdict.undecided:
        report.give(
            finding(
                operation,
                guard_name(label),
                f"{about} is to be deleted; whether an endpoint uses it is decided by the update: "
                f"{verdict.undecided[0].reason}.",
                outcome="undecided",
                severity="low",
            )
        )


def describe(operation: Operation, label: str) -> str:
    """`key decrees (1234-...)`: kind, logical name, id."""
    known = f" ({operation.id})" if operation.id and operation.id != operation.name else ""
    return f"{label[:1].upper()}{label[1:]} {operation.name}{known}"


def give_unknown(operation: Operation, label: str, report: Report, reason: str, name: str = "") -> None:
    """Refuse because it could not be known."""
    report.give(
        finding(
            operation,
            name or guard_name(label),
            f"{describe(operation, label)}: whether an endpoint uses it could not be known, so the change is refused. "
            f"{reason.rstrip('.')}.",
            outcome="unknown",
        )
    )


def give_unread(  # noqa: PLR0913, PLR0917 - one finding
    operation: Operation, label: str, kind: str, graph: UsageGraph, judge: Judge, report: Report, name: str
) -> None:
    """Refuse a change of something that nobody is seen to use, when a use of `kind` might be hidden."""
    for gap in graph.open_gaps(kind, beyond=judge.leaving):
        if not gap.decided_later:
            give_unknown(operation, label, report, gap.reason, name)
            return


def finding(  # noqa: PLR0913 - a finding has that many parts
    operation: Operation,
    name: str,
    message: str,
    *,
    outcome: str = "violated",
    severity: str = "critical",
    path: tuple[str, ...] = (),
    fix: str = "",
) -> Finding:
    """A guard's finding about the resource of `operation`."""
    arn = operation.old("arn") or operation.new_outputs.get("arn")
    return Finding(
        source="guard",
        name=name,
        outcome=outcome,  # type: ignore[arg-type]
        severity=severity,  # type: ignore[arg-type]
        message=message,
        urn=operation.urn,
        resource_type=operation.type,
        resource_name=operation.name,
        arn=arn if isinstance(arn, str) else "",
        path=path,
        fix=fix,
    )
