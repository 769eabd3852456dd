"""A VPC takes one interface endpoint with the private DNS name of a service; AWS refuses a second one half-way.

Nothing breaks by that, but a run that brings one along (another name for a stack in the same network) fails and has to
be taken back; so it is told in the preview, and before it is made.

Sources: CreateVpcEndpoint, PrivateDnsEnabled ("Default: true"); its answer "already a conflicting DNS domain" in
hashicorp/terraform-provider-aws#17535.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from guards.deletions import describe, finding

if TYPE_CHECKING:
    from guards.judge import Judge
    from guards.plan import Operation
    from guards.report import Report

GUARD = "private-dns-name-is-free"


def judge_creation(operation: Operation, judge: Judge, report: Report) -> None:
    """Refuse an interface endpoint with private DNS where its VPC has one of the same service."""
    given = operation.new_inputs
    vpc, service = given.get("vpcId"), given.get("serviceName")
    if given.get("vpcEndpointType") != "Interface" or not isinstance(vpc, str) or not isinstance(service, str):
        return
    chosen = given.get("privateDnsEnabled")  # AWS gives its own services' names where nothing is said
    if not (chosen is True or (chosen is None and re.match(r"(cn\.)?com\.amazonaws\.(?!vpce\.)", service))):
        return
    answer = judge.account().ask(
        "ec2",
        "describe_vpc_endpoints",
        Filters=[{"Name": "vpc-id", "Values": [vpc]}, {"Name": "service-name", "Values": [service]}],
    )
    gone = {one.id for one in judge.plan.leaving.values()}  # by now only what is deleted before its replacement
    named = [one["VpcEndpointId"] for one in (answer or {}).get("VpcEndpoints", []) if one.get("PrivateDnsEnabled")]
    there = [one for one in named if one not in gone]
    if not there:
        return
    message = (
        f"{describe(operation, 'VPC endpoint')} is to have the private DNS name of {service} in {vpc}, and {there[0]} "
        "has it there: a VPC takes one, and what this run removes goes after what it makes."
    )
    fix = (
        "Use the one that is there (registry.lambdaEndpoint: existing, ssmAccessEndpoints), or take it away in a run "
        "of its own, once nothing uses it."
    )
    report.give(finding(operation, GUARD, message, severity="high", fix=fix))
