"""VPC endpoints keep what goes through them: their route tables, private DNS, and what their policy lets through.

Sources: "Gateway endpoints for Amazon S3", "Control access to VPC endpoints using endpoint policies" (AWS PrivateLink).
Asked besides the graph: EC2 DescribeVpcEndpoints.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from guards import usage
from guards.deletions import check_place, describe, finding, give_unread
from guards.needs import facts_in, role_arn
from guards.rights import document_in
from guards.usage import Node, node
from guards.values import Unknown, has_unknown, items
from knowledge.permissions import needs_of
from knowledge.policy_changes import is_narrower, may_lose
from knowledge.policy_documents import Document, Outcome, evaluate, read

if TYPE_CHECKING:
    from guards.judge import Judge
    from guards.plan import Operation
    from guards.report import Report
    from guards.usage import UsageGraph

GATEWAY = "vpc-endpoint-in-use-keeps-its-routes"
POLICY = "vpc-endpoint-in-use-stays-open"
_EVERYTHING: Document = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}
_CONSEQUENCE = "An instance that AWS starts anew could not fetch its model."


def judge_gateway_association_deletion(operation: Operation, judge: Judge, report: Report) -> None:
    """A gateway endpoint leaves a route table."""
    endpoint, table = operation.old("vpcEndpointId"), operation.old("routeTableId")
    if isinstance(endpoint, str) and isinstance(table, str):
        _judge_gateway(operation, {table}, judge, report, end=judge.program_done())


def judge_endpoint_update(operation: Operation, judge: Judge, report: Report) -> None:
    """A VPC endpoint loses route tables, private DNS, or opens less by its policy."""
    was, becomes = operation.old("routeTableIds"), operation.new_inputs.get("routeTableIds")
    if becomes is not None and not has_unknown(becomes):
        gone = {str(one) for one in items(was)} - {str(one) for one in items(becomes)}
        if gone:
            _judge_gateway(operation, gone, judge, report, end=False)
    if operation.old("privateDnsEnabled") is True and operation.new_inputs.get("privateDnsEnabled") is False:
        what = "would answer no longer under the service's own name (privateDnsEnabled: false)"
        _refuse_endpoint(operation, what, GATEWAY, judge, report)
    before, after = operation.old("policy"), operation.new_inputs.get("policy")
    if after is not None and before != after:
        _judge_policy(operation, read(before) if before else _EVERYTHING, document_in(after), judge, report)


def _judge_gateway(operation: Operation, tables: set[str], judge: Judge, report: Report, *, end: bool) -> None:
    check_place(operation, judge)
    graph = judge.uses(end=end, about=frozenset({usage.ROUTE_TABLE}))
    for table in sorted(tables):
        one = node(usage.ROUTE_TABLE, table)
        path = judge.path(graph, one)
        if path is not None:
            report.give(
                finding(
                    operation,
                    GATEWAY,
                    f"{describe(operation, 'VPC endpoint')} would leave {one}, by which endpoint {path.endpoint} "
                    f"reaches the service. {_CONSEQUENCE}",
                    path=path.texts(),
                    fix="Leave the route table with the VPC endpoint until no subnet in use has that table.",
                )
            )
            return
    give_unread(operation, "VPC endpoint", usage.ROUTE_TABLE, graph, judge, report, GATEWAY)


def _refuse_endpoint(operation: Operation, what: str, name: str, judge: Judge, report: Report) -> None:
    check_place(operation, judge)
    graph = judge.uses(end=False, about=frozenset({usage.VPC_ENDPOINT}))
    path = judge.path(graph, node(usage.VPC_ENDPOINT, operation.id))
    if path is None:
        give_unread(operation, "VPC endpoint", usage.VPC_ENDPOINT, graph, judge, report, name)
        return
    report.give(
        finding(
            operation,
            name,
            f"{describe(operation, 'VPC endpoint')} {what}, and endpoint {path.endpoint} uses it. {_CONSEQUENCE}",
            path=path.texts(),
            fix="Leave it as it is until the endpoint has moved to another network.",
        )
    )


def _judge_policy(
    operation: Operation, before: Document, after: Document | Unknown, judge: Judge, report: Report
) -> None:
    """The policy of a VPC endpoint must let through what the models behind it need; it grants nothing by itself."""
    if not isinstance(after, Unknown) and not is_narrower(before, after):
        return
    check_place(operation, judge)
    graph = judge.uses(end=False, about=frozenset({usage.VPC_ENDPOINT, usage.KEY, usage.ROLE}))
    for path in graph.users_of(node(usage.VPC_ENDPOINT, operation.id), beyond=judge.leaving):
        for model in (one for one in path.nodes if one.kind == usage.MODEL):
            if isinstance(after, Unknown):
                text = f"{describe(operation, 'VPC endpoint')}: whether its policy lets {model} work is decided at up."
                report.give(finding(operation, POLICY, text, outcome="undecided", severity="low"))
                return
            loss = _lost(operation, graph, model, before, after, judge)
            if loss:
                report.give(
                    finding(
                        operation,
                        POLICY,
                        f"{describe(operation, 'VPC endpoint')}: its policy would no longer let through {loss}, which "
                        f"{model} needs. {_CONSEQUENCE}",
                        path=path.texts(),
                        fix="Keep that action on that resource in the VPC endpoint's policy.",
                    )
                )
                return
    give_unread(operation, "VPC endpoint", usage.VPC_ENDPOINT, graph, judge, report, POLICY)


def _lost(  # noqa: PLR0913, PLR0917 - one model's part of the question
    operation: Operation, graph: UsageGraph, model: Node, before: Document, after: Document, judge: Judge
) -> str:
    """The first need that went through the endpoint before and doesn't now, as `action on resource`; "" for none."""
    account = judge.account()
    service = str(operation.old("serviceName") or "").rpartition(".")[2]
    for role in graph.used_by(model, usage.ROLE):
        if role.identity.startswith("urn:pulumi:"):
            continue
        arn = role_arn(graph, role, account)
        for need in needs_of(facts_in(graph, model, account)):
            if not need.essential or need.action.partition(":")[0] != service:
                continue
            was, becomes = (evaluate([one], need.action, need.resource, principal=arn) for one in (before, after))
            worse = may_lose([before], [after], need.action, need.resource, principal=arn)
            if was in {Outcome.ALLOWED, Outcome.UNKNOWN} and becomes is not Outcome.ALLOWED and worse:
                return f"{need.action} on {need.resource} ({becomes.value})"
    return ""
