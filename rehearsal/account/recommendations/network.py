"""The network of a job in a VPC: what it lacks, and the interfaces that its instances take up while they run.

Source: "Give Inference Recommender Jobs Access to Resources in Your Amazon VPC" (SageMaker Developer Guide): two
private addresses an instance, a gateway endpoint for S3 on the subnets' route tables with a policy that lets through,
DNS settings with which S3's addresses resolve, egress of the groups to S3 and to the subnets' CIDR ranges, eleven
permissions (AmazonSageMakerFullAccess has them, the page says). "Gateway endpoints" (Amazon VPC User Guide): DNS
resolution must be enabled for the VPC. The sentences are the emulation's own (docs/unverified.md).
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from rehearsal.account import authorisation, networks
from rehearsal.account.problems import Problem
from rehearsal.account.recommendations.access import Way, full_access

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.account.holdings import Holdings
    from rehearsal.account.recommendations.records import Benchmark, Job

PERMISSIONS = (
    *("ec2:DescribeVpcEndpoints", "ec2:DescribeDhcpOptions", "ec2:DescribeVpcs", "ec2:DescribeSubnets"),
    *("ec2:DescribeSecurityGroups", "ec2:DescribeNetworkInterfaces", "ec2:DeleteNetworkInterfacePermission"),
    *("ec2:DeleteNetworkInterface", "ec2:CreateNetworkInterfacePermission", "ec2:CreateNetworkInterface"),
    "ec2:ModifyNetworkInterfaceAttribute",
)
ADDRESSES = 2
"""Private addresses an instance."""
_HTTPS = 443


def backend(account: str, region: str) -> Any:
    """Moto's EC2 of a region, as the emulation has corrected it."""
    from moto.ec2.models import ec2_backends

    networks.correct()
    return ec2_backends[account][region]


def lacking(holdings: Holdings, job: Job, role: Any) -> list[Problem]:
    """What a job's VpcConfig, its VPC and its role lack, most fundamental first; nothing for a job without one."""
    if not job.vpc:
        return []
    missing = list(_missing(holdings, job))
    if missing:
        return missing
    subnets, groups = _subnets(holdings, job), _groups(holdings, job)
    vpcs = {each.vpc_id for each in (*subnets, *groups)}
    if len(vpcs) > 1:
        named = ", ".join(sorted(vpcs))
        return [Problem("network", named, f"The subnets and security groups belong to different VPCs: {named}.")]
    return [*_permissions(role), *_names(job, holdings, vpcs.pop()), *_ways(holdings, job, subnets, groups)]


def _subnets(holdings: Holdings, job: Job) -> list[Any]:
    found = [holdings.subnet(name, job.region) for name in job.vpc["Subnets"]]
    return [each for each in found if each is not None]


def _groups(holdings: Holdings, job: Job) -> list[Any]:
    found = [holdings.security_group(name, job.region) for name in job.vpc["SecurityGroupIds"]]
    return [each for each in found if each is not None]


def _missing(holdings: Holdings, job: Job) -> Iterator[Problem]:
    for name in job.vpc["Subnets"]:
        if holdings.subnet(name, job.region) is None:
            yield Problem("subnet", name, f"The subnet ID '{name}' does not exist.")
    for name in job.vpc["SecurityGroupIds"]:
        if holdings.security_group(name, job.region) is None:
            yield Problem("security group", name, f"The security group '{name}' does not exist.")


def _permissions(role: Any) -> Iterator[Problem]:
    if full_access(role):
        return
    lacks = [action for action in PERMISSIONS if not authorisation.authorise(role, action, "*").allowed]
    if lacks:
        words = f"The role '{role.arn}' does not have the permissions that a job in a VPC needs: {', '.join(lacks)}."
        yield Problem("permission", lacks[0], words)


def _names(job: Job, holdings: Holdings, vpc_id: str) -> Iterator[Problem]:
    vpc = backend(holdings.account, job.region).vpcs.get(vpc_id)
    if vpc is not None and str(vpc.enable_dns_support).lower() != "true":
        words = f"The addresses of Amazon S3 do not resolve: DNS support (enableDnsSupport) of VPC '{vpc_id}' is off."
        yield Problem("dns", vpc_id, words)


def _ways(holdings: Holdings, job: Job, subnets: list[Any], groups: list[Any]) -> Iterator[Problem]:
    """Each subnet has a way to S3, and the groups let out to it and to the subnets."""
    service = _service(job.region)
    for subnet in subnets:
        if way(holdings, subnet, job.region) is None:
            yield Problem(
                "route",
                subnet.id,
                f"Unable to reach Amazon S3 from subnet '{subnet.id}': its route table has no route to an available "
                f"gateway endpoint of {service}, and no other way out of VPC '{subnet.vpc_id}'.",
            )
    named = ", ".join(group.id for group in groups)
    rules = [rule for group in groups for rule in group.egress_rules]
    lists = backend(holdings.account, job.region).managed_prefix_lists.values()
    s3 = next((each for each in lists if each.prefix_list_name == service), None)
    if s3 is not None and not _lets_out_to_list(rules, s3):
        words = (
            f"The security groups ({named}) do not allow outbound HTTPS to Amazon S3 ({service}, prefix list {s3.id})."
        )
        yield Problem("egress", s3.id, words)
    for block in sorted({subnet.cidr_block for subnet in subnets}):
        if not _lets_out(rules, block):
            yield Problem(
                "egress", block, f"The security groups ({named}) do not allow outbound communication to {block}."
            )


def _service(region: str) -> str:
    return f"com.amazonaws.{region}.s3"


def way(holdings: Holdings, subnet: Any, region: str) -> Way | None:
    """The way from a subnet to S3: a gateway endpoint on its route table, an interface endpoint, or out of the VPC.

    A default route to an internet gateway is none: the interfaces have no public address (host-vpc).
    """
    held = backend(holdings.account, region)
    endpoints = [
        each
        for each in held.vpc_end_points.values()
        if each.vpc_id == subnet.vpc_id
        and each.service_name == _service(region)
        and str(each.state).lower() == "available"
    ]
    tables = [each for each in held.route_tables.values() if each.vpc_id == subnet.vpc_id]
    own = [each for each in tables if any(one.get("SubnetId") == subnet.id for one in each.associations)]
    table = next(iter(own or [each for each in tables if each.main_association_id]), None)
    for endpoint in endpoints:
        is_interface = str(endpoint.vpc_endpoint_type) == "Interface"
        on_table = table is not None and table.id in (endpoint.route_table_ids or [])
        if (is_interface and endpoint.private_dns_enabled) or (not is_interface and on_table):
            return Way(subnet.vpc_id, endpoint.id, endpoint.policy_document)
    return Way() if holdings.leads_out(subnet.id, subnet.vpc_id, region) else None


def _lets_out_to_list(rules: list[Any], prefix_list: Any) -> bool:
    named = any(rule.prefix_list_id == prefix_list.id and _is_https(rule) for rule in rules)
    return named or all(_lets_out(rules, block) for block in networks.cidrs(prefix_list))


def _lets_out(rules: list[Any], block: str) -> bool:
    wanted = ipaddress.IPv4Network(block)
    for rule in rules:
        given = (rule.ip_range or {}).get("CidrIp")
        if given and _is_https(rule) and wanted.subnet_of(ipaddress.IPv4Network(given, strict=False)):
            return True
    return False


def _is_https(rule: Any) -> bool:
    if str(rule.ip_protocol) == "-1":
        return True
    ports = (rule.from_port, rule.to_port)
    return str(rule.ip_protocol) in ("tcp", "6") and None not in ports and int(ports[0]) <= _HTTPS <= int(ports[1])


def take_up(holdings: Holdings, job: Job, benchmark: Benchmark) -> Problem | None:
    """Creates a benchmark's network interfaces in the account's EC2, or says that the subnets have no room."""
    if not job.vpc:
        return None
    held = backend(holdings.account, job.region)
    for number in range(ADDRESSES):
        subnets = [each for each in _subnets(holdings, job) if each.available_ip_address_count > 0]
        if not subnets:
            give_back(holdings, job, benchmark)
            named = ", ".join(job.vpc["Subnets"])
            words = (
                f"There are not enough free addresses in the subnets {named}: each instance needs {ADDRESSES} private"
            )
            return Problem("subnet", named, f"{words} private IP addresses.")
        subnet = subnets[(benchmark.number + number) % len(subnets)]
        made = held.create_network_interface(
            subnet,
            next(networks.free_addresses(subnet)),
            group_ids=[group.id for group in _groups(holdings, job)],
            description=f"[DO NOT DELETE] ENI managed by SageMaker for {job.arn} (benchmark {benchmark.number})",
        )
        made.requester_managed, made.status = True, "in-use"
        benchmark.interfaces.append(made.id)
    return None


def give_back(holdings: Holdings, job: Job, benchmark: Benchmark) -> None:
    """Deletes a benchmark's network interfaces; one that somebody else deleted is none the less gone."""
    held = backend(holdings.account, job.region)
    for name in benchmark.interfaces:
        held.enis.pop(name, None)
    benchmark.interfaces.clear()
