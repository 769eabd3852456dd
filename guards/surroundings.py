"""What lies around a model and isn't in its description: routes, gates, registry functions, model packages.

Place: enters into a usage graph what the account (or this run's plan) says; read only when a question needs it.
Sources: "Give SageMaker AI hosted endpoints access to resources in your Amazon VPC" (host-vpc), "Use a private Docker
registry for real-time inference containers", "Route tables" and "Gateway endpoints" (Amazon VPC User Guide).
Asked: EC2 DescribeSubnets, DescribeSecurityGroups, DescribeRouteTables, DescribeVpcEndpoints; Lambda
GetFunctionConfiguration; Secrets Manager DescribeSecret; SageMaker DescribeModelPackage.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from guards import kinds, references, usage
from guards.errors import AccountUnknown
from guards.plan import usage_below
from guards.usage import Node, node
from guards.values import Unknown, items
from knowledge.arns import is_arn
from knowledge.interface_endpoints import REGISTRIES, SERVES_TAG, SESSIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from guards.live import Account
    from guards.plan import Plan
    from guards.usage import UsageGraph

BEHIND_FUNCTIONS = frozenset({usage.FUNCTION, *usage_below(usage.FUNCTION)})
BEHIND_PACKAGES = frozenset({usage.PACKAGE, *usage_below(usage.PACKAGE)})
NETWORK = frozenset({usage.VPC, usage.ROUTE_TABLE, usage.VPC_ENDPOINT, usage.GROUP})
_BEHIND_KEYS = frozenset({usage.KEY, usage.ALIAS})


def add_packages(account: Account, graph: UsageGraph) -> None:
    """Enter the group, images and artifacts of the model packages that models are made from."""
    _describe(account, graph, usage.PACKAGE, frozenset())


def add_functions(
    account: Account, graph: UsageGraph, about: frozenset[str], *, but: frozenset[Node] = frozenset()
) -> None:
    """Enter what the functions that open private registries run on; `but`: those whose plan counts instead."""
    _describe(account, graph, usage.FUNCTION, but)
    if not about & _BEHIND_KEYS:
        return
    for secret in graph.nodes(usage.SECRET):
        if _not_here(secret):
            continue
        try:
            described = account.remembered(usage.SECRET, secret.identity, read=partial(_secret, account, secret)) or {}
        except AccountUnknown as error:
            graph.add_gap(secret, _BEHIND_KEYS, str(error))
            continue
        key = described.get("KmsKeyId")
        if key:
            used = node(usage.KEY, key)
            graph.add(secret, used, "KmsKeyId")
            graph.add_node(used, text=key)


def _secret(account: Account, secret: Node) -> Any:
    return account.ask("secretsmanager", "describe_secret", SecretId=secret.identity)


def _describe(account: Account, graph: UsageGraph, kind: str, but: frozenset[Node]) -> None:
    number, region = account.identity()[0], account.region
    for one in graph.nodes(kind):
        if one in but or one.identity.startswith("urn:pulumi:") or (kind == usage.FUNCTION and is_arn(one.identity)):
            continue
        if one.identity.endswith(")"):  # of another Region (UsageGraph.as_of)
            continue
        try:
            described = account.look_up(kind, one.identity)
        except AccountUnknown as error:
            graph.add_gap(one, usage_below(kind), str(error))
            continue
        if described is None:
            graph.add_gap(one, usage_below(kind), f"{one} no longer exists, so what it needs can't be read")
            continue
        graph.add_node(one, described=described)
        references.record(graph, one, references.REFERENCES[kind](described), account=number, region=region)


def _not_here(one: Node) -> bool:
    return one.identity.startswith("urn:pulumi:") or is_arn(one.identity)


# --- networks -----------------------------------------------------------------------------------------------------


def add_networks(account: Account, graph: UsageGraph, *, tables: Mapping[str, Node] | None = None) -> None:
    """Enter VPC, route table, gateway and interface endpoints of the subnets, and the groups of interface endpoints.

    Arguments:
        account: whom to ask.
        graph: where to.
        tables: the route table of a subnet, by its id, where this run decides it.

    """
    vpcs: dict[str, list[Node]] = {}
    for found in _described(account, graph, usage.SUBNET):
        vpcs.setdefault(found["VpcId"], []).append(node(usage.SUBNET, found["SubnetId"]))
    for vpc, subnets in sorted(vpcs.items()):
        _add_routes(account, graph, vpc, subnets, tables or {})
        _add_endpoints(account, graph, vpc, subnets)
    _described(account, graph, usage.GROUP)


_NETWORK_CALLS = {
    usage.SUBNET: ("describe_subnets", "Subnets", "subnet-id", "SubnetId"),
    usage.GROUP: ("describe_security_groups", "SecurityGroups", "group-id", "GroupId"),
}


def _described(account: Account, graph: UsageGraph, kind: str) -> list[dict[str, Any]]:
    """The subnets or groups of the graph as EC2 describes them, entered with their VPC."""
    operation, result, by, own = _NETWORK_CALLS[kind]
    wanted = [one.identity for one in graph.nodes(kind) if not one.identity.startswith("urn:pulumi:")]
    if not wanted:
        return []
    filters = [{"Name": by, "Values": wanted}]
    read = partial(account.pages, "ec2", operation, result, Filters=filters)
    described: list[dict[str, Any]] = account.remembered(operation, *wanted, read=read)
    for found in described:
        one = node(kind, found[own])
        graph.add(one, node(usage.VPC, found["VpcId"]), f"VPC of the {kind}")
        graph.add_node(one, described=found)
    return described


def in_vpc(vpc: str) -> list[dict[str, Any]]:
    """The filter of EC2's listings for one VPC."""
    return [{"Name": "vpc-id", "Values": [vpc]}]


def _add_routes(account: Account, graph: UsageGraph, vpc: str, subnets: list[Node], tables: Mapping[str, Node]) -> None:
    main: Node | None = None
    chosen: dict[str, Node] = {}
    read = partial(account.pages, "ec2", "describe_route_tables", "RouteTables", Filters=in_vpc(vpc))
    for table in account.remembered(usage.ROUTE_TABLE, vpc, read=read):
        one = node(usage.ROUTE_TABLE, table["RouteTableId"])
        graph.add_node(one, described=table)
        for association in items(table.get("Associations")):
            if association.get("Main"):
                main = one
            elif association.get("SubnetId"):
                chosen[association["SubnetId"]] = one
    for subnet in subnets:
        used = tables.get(subnet.identity) or chosen.get(subnet.identity)
        if used is not None:
            graph.add(subnet, used, "association of the subnet")
        elif main is not None:
            graph.add(subnet, main, "main route table of its VPC")


def _add_endpoints(account: Account, graph: UsageGraph, vpc: str, subnets: list[Node]) -> None:
    read = partial(account.pages, "ec2", "describe_vpc_endpoints", "VpcEndpoints", Filters=in_vpc(vpc))
    for endpoint in account.remembered(usage.VPC_ENDPOINT, vpc, read=read):
        serves = {tag["Value"] for tag in items(endpoint.get("Tags")) if tag.get("Key") == SERVES_TAG}
        # No endpoint is patched or healed through what is there for shells only.
        if str(endpoint.get("State", "")).lower() in {"deleting", "deleted"} or serves == {SESSIONS}:
            continue
        one = node(usage.VPC_ENDPOINT, endpoint["VpcEndpointId"])
        graph.add_node(one, described=endpoint)
        if endpoint.get("VpcEndpointType", "Gateway") == "Gateway":
            for table in items(endpoint.get("RouteTableIds")):
                graph.add(node(usage.ROUTE_TABLE, table), one, "gateway endpoint of the route table")
            continue
        for subnet in subnets:
            if serves == {REGISTRIES}:
                _add_way_to_functions(graph, subnet, one)
            else:
                graph.add(subnet, one, "interface endpoint in its VPC")
        for group in items(endpoint.get("Groups")):
            gate = node(usage.GROUP, group["GroupId"])
            graph.add(one, gate, "Groups")


def _add_way_to_functions(graph: UsageGraph, subnet: Node, endpoint: Node) -> None:
    """The models in a subnet that have a private registry use it: its function is called through this endpoint."""
    for model in graph.direct_users(subnet):
        if graph.used_by(model, usage.FUNCTION):
            graph.add(model, endpoint, "interface endpoint in its VPC, for its private registry")


def planned_tables(plan: Plan) -> dict[str, Node]:
    """The route tables that this run gives to subnets whose ids are known, by subnet."""
    found: dict[str, Node] = {}
    for one in plan.of(kinds.ASSOCIATION):
        if one.urn not in plan.created and one.urn not in plan.updated:
            continue
        subnet, table = one.inputs.get("subnetId"), one.inputs.get("routeTableId")
        if not isinstance(subnet, str) or not subnet:
            continue
        if isinstance(table, str) and table:
            found[subnet] = node(usage.ROUTE_TABLE, table)
        elif isinstance(table, Unknown):
            for candidate in plan.candidates(one, table, usage.ROUTE_TABLE):
                found[subnet] = Node(usage.ROUTE_TABLE, candidate.urn)
    return found


def planned_functions(plan: Plan) -> frozenset[Node]:
    """The functions whose registration in this run says what they will run on."""
    return frozenset(Node(usage.FUNCTION, name) for one in plan.of(kinds.FUNCTION) if (name := plan.name(one.urn)))
