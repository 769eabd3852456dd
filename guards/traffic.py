"""Security groups in use keep what is opened by them: a model's way out, a way into an interface endpoint.

Whoever stands in several groups has the rules of all of them. Only HTTPS counts (`knowledge.traffic`): a rule for
another port opens nothing that SageMaker needs to start an instance. Asked: EC2 DescribeSecurityGroups.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from guards import kinds, usage
from guards.deletions import check_place, describe, finding, give_unread
from guards.usage import Node, node
from guards.values import get, has_unknown, items
from knowledge.traffic import Opening, lets_https, lost, openings, reached

if TYPE_CHECKING:
    from collections.abc import Iterator

    from guards.judge import Judge
    from guards.plan import Operation, Plan
    from guards.report import Report
    from guards.usage import Path, UsageGraph

OUT, INTO = "egress", "ingress"
GUARDS = {OUT: "security-group-in-use-keeps-its-way-out", INTO: "vpc-endpoint-in-use-keeps-its-way-in"}
RULES = frozenset({kinds.GROUP_RULE, kinds.EGRESS_RULE, kinds.INGRESS_RULE})
_S3_ENDPOINT = ".s3"
Rules = list[dict[str, Any]]


def direction(operation_type: str, inputs: Any) -> str:
    """Whether a rule resource is about `egress` or `ingress`."""
    if operation_type == kinds.GROUP_RULE:
        return str(inputs.get("type", OUT))
    return OUT if operation_type == kinds.EGRESS_RULE else INTO


def group_of(operation_type: str, inputs: Any) -> Any:
    """The security group that a rule resource belongs to: its id, an Unknown, or None."""
    if operation_type not in RULES:
        return None
    return get(inputs, "securityGroupId")


def judge_rule_deletion(operation: Operation, judge: Judge, report: Report) -> None:
    """Refuse the deletion of the rule that alone opens a way in use."""
    was = {**operation.old_inputs, **operation.old_outputs}
    group = group_of(operation.type, was)
    if isinstance(group, str) and lets_https(was):
        _judge(operation, group, direction(operation.type, was), ([was], []), judge, report, end=judge.program_done())


def judge_rule_update(operation: Operation, judge: Judge, report: Report) -> None:
    """Refuse a rule that becomes narrower in place."""
    was, becomes = {**operation.old_inputs, **operation.old_outputs}, operation.new_inputs
    group = group_of(operation.type, was)
    if isinstance(group, str) and operation.old_inputs and lets_https(was):
        way = direction(operation.type, was)
        if has_unknown(becomes) or openings([was], group) != openings([becomes], group):
            _judge(operation, group, way, ([was], [becomes]), judge, report, end=False)


def judge_group_update(operation: Operation, judge: Judge, report: Report) -> None:
    """Refuse rules within the group (`egress`, `ingress`) that become narrower."""
    for way in (OUT, INTO):
        if way not in operation.new_inputs or operation.old_inputs.get(way) == operation.new_inputs.get(way):
            continue
        was = [one for one in items(operation.old(way)) if isinstance(one, dict)]
        becomes = [one for one in items(operation.new_inputs[way]) if isinstance(one, dict)]
        _judge(operation, operation.id, way, (was, becomes), judge, report, end=False)


def judge_endpoint_groups(operation: Operation, judge: Judge, report: Report) -> None:
    """Refuse that an interface endpoint gets groups which let less in than those that it had."""
    was, becomes = operation.old("securityGroupIds"), operation.new_inputs.get("securityGroupIds")
    if becomes is None or has_unknown(becomes) or not set(items(was)) - set(items(becomes)):
        return
    check_place(operation, judge)
    graph = judge.uses(end=False, about=frozenset({usage.VPC_ENDPOINT}))
    user = node(usage.VPC_ENDPOINT, operation.id)
    path = judge.path(graph, user)
    if path is None:
        give_unread(operation, "VPC endpoint", usage.VPC_ENDPOINT, graph, judge, report, GUARDS[INTO])
        return
    wanted = sorted({*items(was), *items(becomes)})
    described = judge.account().ask("ec2", "describe_security_groups", GroupIds=wanted) or {}
    opened = {
        one["GroupId"]: openings(items(one.get("IpPermissions")), one["GroupId"])
        for one in described.get("SecurityGroups", [])
    }
    before = {each for group in items(was) for each in opened.get(group, set())}
    after = {each for group in items(becomes) for each in opened.get(group, set())}
    for group in items(becomes):  # rules that this run gives to the group, made or not yet
        after |= openings(
            [
                one.inputs
                for one in judge.plan.of(*RULES)
                if group_of(one.type, one.inputs) == group and direction(one.type, one.inputs) == INTO
            ],
            group,
        )
    missing = lost(reached(before), reached(after))
    if missing:
        report.give(
            finding(
                operation,
                GUARDS[INTO],
                f"{describe(operation, 'VPC endpoint')}: by its new security groups it could no longer be reached from "
                f"{', '.join(missing[:3])} by HTTPS, and endpoint {path.endpoint} depends on that. An instance that "
                "AWS starts anew could not fetch what it needs.",
                path=path.texts(),
                fix="Let the new groups in from the same places first, and let the VPC endpoint depend on these rules.",
            )
        )


def _judge(  # noqa: PLR0913, PLR0917 - one question
    operation: Operation, group: str, way: str, change: tuple[Rules, Rules], judge: Judge, report: Report, *, end: bool
) -> None:
    check_place(operation, judge)
    graph = judge.uses(end=end, about=frozenset({usage.GROUP}))
    target = node(usage.GROUP, group)
    users = [one for one in graph.direct_users(target) if (one.kind == usage.VPC_ENDPOINT) == (way == INTO)]
    for user in users:
        path = judge.path(graph, user)
        if path is None:
            continue
        missing = _missing(graph, user, target, way, change, judge, operation, end=end)
        if missing:
            texts = (str(target), f"{user} ({', '.join(graph.by(user, target))})", *path.texts()[1:])
            _refuse(operation, target, way, missing, texts, path, report)
            return
    give_unread(operation, "rule", usage.GROUP, graph, judge, report, GUARDS[way])


def _missing(  # noqa: PLR0913, PLR0917 - one user's part of the question
    graph: UsageGraph,
    user: Node,
    target: Node,
    way: str,
    change: tuple[Rules, Rules],
    judge: Judge,
    operation: Operation,
    *,
    end: bool,
) -> list[str]:
    """Where `user` could go (or be reached from) before the change, and not after it."""
    before: set[Opening] = set()
    after: set[Opening] = set()
    was, becomes = change
    listing = "IpPermissionsEgress" if way == OUT else "IpPermissions"
    gone = _leaving_rules(judge.plan, operation)
    for group in graph.used_by(user, usage.GROUP):
        live = get(graph.facts.get(group, {}).get("described") or {}, listing) or []
        opened = openings(items(live), group.identity)
        before |= opened
        kept = set(opened)
        for where, ways, rule in gone:
            if where == group.identity and ways == way:
                kept -= openings([rule], group.identity)
        if group == target:
            kept -= openings(was, group.identity)
            after |= openings(becomes, group.identity)
        after |= kept
        after |= _planned(judge.plan, group, way, operation, end=end and judge.dry_run)
    missing = lost(reached(before), reached(after))
    return [] if missing and way == OUT and _reaches_what_it_needs(graph, user, reached(after)) else missing


def _leaving_rules(plan: Plan, operation: Operation) -> list[tuple[str, str, dict[str, Any]]]:
    """Rules whose deletion has passed in this run: group, direction, rule."""
    found = []
    for other in list(plan.leaving.values()):
        if other.type in RULES and (other.urn, other.id) != (operation.urn, operation.id):
            was = {**other.old_inputs, **other.old_outputs}
            found.append((str(group_of(other.type, was)), direction(other.type, was), was))
    return found


def _planned(plan: Plan, group: Node, way: str, operation: Operation, *, end: bool) -> set[Opening]:
    """What rules of this run open: at `up` the account shows those that are made already."""
    if not end:
        return set()
    found: set[Opening] = set()
    for one in plan.of(*RULES):
        ours = group_of(one.type, one.inputs) == group.identity and direction(one.type, one.inputs) == way
        # Of the rule that is judged, only what replaces it.
        if ours and (one.urn in plan.created or (one.urn in plan.updated and one.urn != operation.urn)):
            found |= openings([one.inputs], group.identity)
    return found


def _reaches_what_it_needs(graph: UsageGraph, user: Node, after: set[str]) -> bool:
    """Whether a model that pulls from no private registry can still reach Amazon S3, by a gateway endpoint.

    Nothing else than its artifacts has to be reached from its network (host-vpc): a way out to the prefix list of S3
    is enough where the route tables of its subnets have the gateway.
    """
    if user.kind != usage.MODEL or graph.used_by(user, usage.FUNCTION):
        return False
    lists = {peer for peer in after if peer.startswith("pl-")}
    subnets = graph.used_by(user, usage.SUBNET)
    return bool(lists and subnets) and all(
        any(lists & set(_prefix_lists(graph, table)) for table in graph.used_by(subnet, usage.ROUTE_TABLE))
        for subnet in subnets
    )


def _prefix_lists(graph: UsageGraph, table: Node) -> Iterator[str]:
    """The prefix lists that a table routes to gateway endpoints of S3."""
    gateways = {
        one.identity
        for one in graph.used_by(table, usage.VPC_ENDPOINT)
        if str((graph.facts.get(one, {}).get("described") or {}).get("ServiceName", "")).endswith(_S3_ENDPOINT)
    }
    for route in items((graph.facts.get(table, {}).get("described") or {}).get("Routes")):
        if route.get("GatewayId") in gateways and route.get("DestinationPrefixListId"):
            yield str(route["DestinationPrefixListId"])


def _refuse(  # noqa: PLR0913, PLR0917 - one finding
    operation: Operation,
    target: Node,
    way: str,
    missing: list[str],
    texts: tuple[str, ...],
    path: Path,
    report: Report,
) -> None:
    shown = ", ".join(missing[:3]) + (f" and {len(missing) - 3} more" if len(missing) > 3 else "")  # noqa: PLR2004
    what = f"could no longer reach {shown}" if way == OUT else f"could no longer be reached from {shown}"
    who = path.nodes[0]
    report.give(
        finding(
            operation,
            GUARDS[way],
            f"{describe(operation, 'rule of ' + str(target))}: with it {who} {what} by HTTPS ({way}), and endpoint "
            f"{path.endpoint} depends on that. An instance that AWS starts anew could not fetch what it needs.",
            path=texts,
            fix="Add the rule that takes its place first, or leave this one until the endpoint has moved.",
        )
    )
