"""The ways out of a model's subnets stay: routes, and which table a subnet has. VPC endpoints: `guards.vpc_endpoints`.

A way may be replaced by another one to the same destination or a wider one. A route that gets another target passes:
which target works isn't to be seen from here. Sources: "Give SageMaker AI hosted endpoints access to resources in your
Amazon VPC" (host-vpc: artifacts are fetched through the model's VPC). Asked besides the graph: EC2 DescribeSubnets,
DescribeRouteTables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from guards import kinds, usage
from guards.deletions import check_place, describe, finding, give_unread
from guards.surroundings import in_vpc
from guards.usage import Node, node
from guards.values import Unknown, get, has_unknown, items
from knowledge.traffic import destination, destinations, lost

if TYPE_CHECKING:
    from guards.judge import Judge
    from guards.plan import Operation
    from guards.report import Report

ROUTE = "route-in-use-stays"
SUBNET = "subnet-in-use-keeps-its-routes"
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
    path = judge.path(graph, table)
    if path is None:
        give_unread(operation, "route", usage.ROUTE_TABLE, graph, judge, report, ROUTE)
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
    path = judge.path(graph, one)
    if path is None:
        give_unread(operation, "association", usage.SUBNET, graph, judge, report, SUBNET)
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
