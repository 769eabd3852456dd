"""The ways out of a model's subnets stay: routes, which table a subnet has, gateway endpoints, their tables and policy.

A way may be replaced by another one to the same destination or a wider one. A route that gets another target passes:
which target works isn't to be seen from here. Sources: "Give SageMaker AI hosted endpoints access to resources in your
Amazon VPC" (host-vpc: artifacts are fetched through the model's VPC), "Gateway endpoints for Amazon S3" (Amazon VPC).
Asked besides the graph: EC2 DescribeRouteTables, DescribeVpcEndpoints.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from guards import kinds, usage
from guards.deletions import check_place, describe, finding, give_unknown
from guards.rights import document_in, facts_in, role_arn
from guards.surroundings import in_vpc
from guards.usage import Node, node
from guards.values import Unknown, get, has_unknown, items
from knowledge.permissions import needs_of
from knowledge.policy_documents import Document, Outcome, evaluate, is_narrower, may_lose, read
from knowledge.traffic import destination, destinations, lost

if TYPE_CHECKING:
    from guards.judge import Judge
    from guards.plan import Operation
    from guards.report import Report
    from guards.usage import Path, UsageGraph

ROUTE, SUBNET, GATEWAY, POLICY = (
    "route-in-use-stays",
    "subnet-in-use-keeps-its-routes",
    "vpc-endpoint-in-use-keeps-its-routes",
    "vpc-endpoint-in-use-stays-open",
)
_EVERYTHING: Document = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}
_CONSEQUENCE = "An instance that AWS starts anew could not fetch its model."


def judge_route_deletion(operation: Operation, judge: Judge, report: Report) -> None:
    """A route that leaves a table which subnets in use have."""
    was = {**operation.old_inputs, **operation.old_outputs}
    table, to = get(was, "routeTableId"), destination(was)
    if isinstance(table, str) and table and to:
        _judge_table(operation, node(usage.ROUTE_TABLE, table), {to}, set(), judge, report, end=judge.program_done())


def judge_table_update(operation: Operation, judge: Judge, report: Report) -> None:
    """Routes within the table (`routes`) that go."""
    if "routes" not in operation.new_inputs or operation.old_inputs.get("routes") == operation.new_inputs["routes"]:
        return
    if has_unknown(operation.new_inputs["routes"]):
        becomes: set[str] = set()
    else:
        becomes = destinations(one for one in items(operation.new_inputs["routes"]) if isinstance(one, dict))
    was = destinations(one for one in items(operation.old("routes")) if isinstance(one, dict))
    if lost(was, becomes):
        table = node(usage.ROUTE_TABLE, operation.id)
        _judge_table(operation, table, was - becomes, becomes, judge, report, end=False)


def _judge_table(  # noqa: PLR0913, PLR0917 - one question
    operation: Operation,
    table: Node,
    gone: set[str],
    instead: set[str],
    judge: Judge,
    report: Report,
    *,
    end: bool,
) -> None:
    check_place(operation, judge)
    graph = judge.uses(end=end, about=frozenset({usage.ROUTE_TABLE}))
    path = _path(graph, table, judge)
    if path is None:
        _unread(operation, "route", usage.ROUTE_TABLE, graph, judge, report, ROUTE)
        return
    live = destinations(items(get(graph.facts.get(table, {}).get("described") or {}, "routes")))
    after = (live - gone - _leaving(operation, table, judge)) | instead | _made(operation, table, judge, end=end)
    missing = lost(live & gone, after)
    if missing:
        report.give(
            finding(
                operation,
                ROUTE,
                f"{describe(operation, 'route')}: {table} would no longer lead to {', '.join(missing)}, and a subnet "
                f"of endpoint {path.endpoint} has that table. {_CONSEQUENCE}",
                path=path.texts(),
                fix="Add a route to the same destination, or a wider one, first; or keep this one until the endpoint "
                "has moved to other subnets.",
            )
        )


def _leaving(operation: Operation, table: Node, judge: Judge) -> set[str]:
    """Destinations of routes whose deletion has passed in this run."""
    found = set()
    for other in list(judge.plan.leaving.values()):
        was = {**other.old_inputs, **other.old_outputs}
        same = other.type == kinds.ROUTE and get(was, "routeTableId") == table.identity
        if same and (other.urn, other.id) != (operation.urn, operation.id):
            found.add(destination(was))
    return found


def _made(operation: Operation, table: Node, judge: Judge, *, end: bool) -> set[str]:
    """Destinations of routes that this preview makes; at `up` the account shows them."""
    if not (end and judge.dry_run):
        return set()
    return {
        destination(one.inputs)
        for one in judge.plan.of(kinds.ROUTE)
        if one.inputs.get("routeTableId") == table.identity
        and (one.urn in judge.plan.created or (one.urn in judge.plan.updated and one.urn != operation.urn))
    } - {""}


def _path(graph: UsageGraph, one: Node, judge: Judge) -> Path | None:
    paths = graph.users_of(one, beyond=judge.plan.leaving_endpoints() if judge.dry_run else frozenset())
    return paths[0] if paths else None


def _unread(  # noqa: PLR0913, PLR0917 - one finding
    operation: Operation, label: str, kind: str, graph: UsageGraph, judge: Judge, report: Report, name: str
) -> None:
    leaving = judge.plan.leaving_endpoints() if judge.dry_run else frozenset()
    for gap in graph.open_gaps(kind, beyond=leaving):
        if not gap.decided_later:
            give_unknown(operation, label, report, gap.reason, name)
            return


# --- which table a subnet has -------------------------------------------------------------------------------------


def judge_association_deletion(operation: Operation, judge: Judge, report: Report) -> None:
    """Without its association a subnet falls back to the main table of its VPC."""
    _judge_move(operation, None, judge, report, end=judge.program_done())


def judge_association_update(operation: Operation, judge: Judge, report: Report) -> None:
    """The subnet gets another table."""
    after = operation.new_inputs.get("routeTableId")
    if operation.old_inputs and after != operation.old("routeTableId"):
        _judge_move(operation, after, judge, report, end=False)


def _judge_move(operation: Operation, after: Any, judge: Judge, report: Report, *, end: bool) -> None:
    subnet = operation.old("subnetId")
    if not isinstance(subnet, str) or not subnet:
        return
    if after is None and end and operation.urn in judge.plan.created:
        return  # replaced: the subnet gets its table in this run
    check_place(operation, judge)
    graph = judge.uses(end=end, about=frozenset({usage.SUBNET}))
    one = node(usage.SUBNET, subnet)
    path = _path(graph, one, judge)
    if path is None:
        _unread(operation, "association", usage.SUBNET, graph, judge, report, SUBNET)
        return
    tables = _tables(subnet, judge)
    before = tables.get(str(operation.old("routeTableId")), {})
    if isinstance(after, Unknown):
        text = f"{describe(operation, 'association')}: whether {one} keeps its routes is decided by the update."
        report.give(finding(operation, SUBNET, text, outcome="undecided", severity="low"))
        return
    then = tables.get(after, {}) if isinstance(after, str) else tables.get("main", {})
    missing = lost(destinations(items(before.get("Routes"))), destinations(items(then.get("Routes"))))
    if missing:
        where = f"route table {after}" if isinstance(after, str) else "the main route table of its VPC"
        report.give(
            finding(
                operation,
                SUBNET,
                f"{describe(operation, 'association')}: {one} would have {where}, which doesn't lead to "
                f"{', '.join(missing)}, and endpoint {path.endpoint} runs there. {_CONSEQUENCE}",
                path=path.texts(),
                fix="Give the other table the same destinations first, or leave the association as it is.",
            )
        )


def _tables(subnet: str, judge: Judge) -> dict[str, dict[str, Any]]:
    """The route tables of the subnet's VPC by id, the main one by `main` as well."""
    account = judge.account()
    answer = account.ask("ec2", "describe_subnets", SubnetIds=[subnet])
    vpc = answer["Subnets"][0]["VpcId"] if answer and answer.get("Subnets") else None
    found: dict[str, dict[str, Any]] = {}
    for table in account.pages("ec2", "describe_route_tables", "RouteTables", Filters=in_vpc(vpc)) if vpc else []:
        found[table["RouteTableId"]] = table
        if any(one.get("Main") for one in items(table.get("Associations"))):
            found["main"] = table
    return found


# --- VPC endpoints ------------------------------------------------------------------------------------------------


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
        path = _path(graph, one, judge)
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
    _unread(operation, "VPC endpoint", usage.ROUTE_TABLE, graph, judge, report, GATEWAY)


def _refuse_endpoint(operation: Operation, what: str, name: str, judge: Judge, report: Report) -> None:
    check_place(operation, judge)
    graph = judge.uses(end=False, about=frozenset({usage.VPC_ENDPOINT}))
    path = _path(graph, node(usage.VPC_ENDPOINT, operation.id), judge)
    if path is None:
        _unread(operation, "VPC endpoint", usage.VPC_ENDPOINT, graph, judge, report, name)
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
    leaving = judge.plan.leaving_endpoints() if judge.dry_run else frozenset()
    for path in graph.users_of(node(usage.VPC_ENDPOINT, operation.id), beyond=leaving):
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
    _unread(operation, "VPC endpoint", usage.VPC_ENDPOINT, graph, judge, report, POLICY)


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
