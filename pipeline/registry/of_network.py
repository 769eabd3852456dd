"""
Whether the VPC lets SageMaker through: to the registry, and to AWS Lambda, as far as the account says it.

Asked: EC2 DescribeSubnets, DescribeSecurityGroups, DescribeVpcEndpoints. Source: "Use a Private Docker Registry for
Real-Time Inference Containers" (inbound traffic from the model's groups; interface endpoint for Lambda, private DNS).
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from findings import exit_codes
from findings.finding import Finding, Outcome
from pipeline.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from components.registry_settings import RegistrySettings

GROUPS: Final = "registry-lets-the-model-in"
LAMBDA: Final = "vpc-reaches-lambda"
CHECKS: Final = (GROUPS, LAMBDA)
_HTTPS = 443


@dataclass(frozen=True)
class Network:
    """
    What is looked at.

    Args:
        settings: the stack's `registry`.
        subnets, groups: ids of the model's.
        ports: at which the registry is asked.
        region: of the stack.
        own: the name (tag) of the interface endpoint that the stack makes.
        client: gives a boto3 client by service.

    """

    settings: RegistrySettings
    subnets: list[str]
    groups: list[str]
    ports: list[int]
    region: str
    own: str
    client: Callable[..., Any]

    def findings(self) -> list[Finding]:
        """What the account says; nothing of what the stack makes itself, which isn't there before `up`."""
        found: list[Finding] = []
        for name, look in ((GROUPS, self._group_rules), (LAMBDA, self._lambda)):
            try:
                found += look()
            except PipelineError as error:
                found.append(_finding(name, "unknown", f"Not knowable from here: {error}"))
        return found

    # --- groups -------------------------------------------------------------------------------------------------

    def _group_rules(self) -> Iterator[Finding]:
        network = self.settings.network
        if network is None:
            yield _finding(
                GROUPS,
                "unknown",
                "Not knowable from here: registry.network doesn't say where the registry lies, so whether it lets in "
                f"the model's groups ({', '.join(self.groups)}) can't be looked up.",
                fix="Set registry.network to the registry's security group or addresses.",
            )
            return
        if self.settings.group_rules:
            return  # the stack makes them
        is_group = network.startswith("sg-")
        held = self._groups([*self.groups, *([network] if is_group else [])])
        wrong = []
        for own in self.groups:
            for port in self.ports:
                if not _lets(held[own]["IpPermissionsEgress"], port, network):
                    wrong.append(f"{own} lets nothing out to {network} at port {port}")
                if is_group and not _lets(held[network]["IpPermissions"], port, own):
                    wrong.append(f"{network} lets {own} not in at port {port}")
        if wrong:
            yield _finding(
                GROUPS,
                "violated",
                f"{'; '.join(wrong)}. SageMaker pulls the image through these groups and could not.",
                fix="Add the rules, or let the stack make them (registry.groupRules: true).",
            )
        else:
            yield _finding(GROUPS, "passed", f"The model's groups are let out to {network}, and in there.")

    def _groups(self, ids: list[str]) -> dict[str, Any]:
        found = self._ask("describe_security_groups", "SecurityGroups", "group-id", ids)
        held = {one["GroupId"]: one for one in found}
        if missing := [one for one in ids if one not in held]:
            message = f"ec2:DescribeSecurityGroups was asked for {', '.join(missing)} and knows none of that id"
            raise PipelineError(message, exit_codes.UNKNOWN)
        return held

    # --- lambda -------------------------------------------------------------------------------------------------

    def _lambda(self) -> Iterator[Finding]:
        service = f"lambda.{self.region}.amazonaws.com"
        how = self.settings.lambda_endpoint
        if self.settings.authentication == "none":
            return
        if how == "manual":
            yield _finding(
                LAMBDA,
                "unknown",
                f"Not knowable from here: registry.lambdaEndpoint is manual, so {service} has to be mapped to the "
                "interface endpoint (output lambdaEndpointDnsName) by the VPC's own DNS.",
            )
            return
        vpcs = {one["VpcId"] for one in self._ask("describe_subnets", "Subnets", "subnet-id", self.subnets)}
        for vpc in sorted(vpcs):
            endpoints = [
                one
                for one in self._ask("describe_vpc_endpoints", "VpcEndpoints", "vpc-id", [vpc])
                if one["ServiceName"].endswith(f"{self.region}.lambda") and one["State"].lower() == "available"
            ]
            named = [one for one in endpoints if one.get("PrivateDnsEnabled")]
            yield from self._judged(how, vpc, service, endpoints, named)

    def _judged(self, how: str, vpc: str, service: str, endpoints: list[Any], named: list[Any]) -> Iterator[Finding]:
        if how == "private-dns":
            if strangers := [one["VpcEndpointId"] for one in named if _name_of(one) != self.own]:
                yield _finding(
                    LAMBDA,
                    "violated",
                    f"{vpc} has an interface endpoint of Lambda with a private DNS name already ({strangers[0]}), and "
                    "AWS takes no second.",
                    fix="Set registry.lambdaEndpoint to existing.",
                )
        elif named:
            yield _finding(LAMBDA, "passed", f"{named[0]['VpcEndpointId']} leads from {vpc} to {service}.")
        elif endpoints:
            yield _finding(
                LAMBDA,
                "unknown",
                f"Not knowable from here: {endpoints[0]['VpcEndpointId']} of {vpc} has no private DNS name, so "
                f"{service} has to be mapped to it by the VPC's own DNS.",
            )
        else:
            yield _finding(
                LAMBDA,
                "violated",
                f"registry.lambdaEndpoint is existing, and {vpc} has no interface endpoint of Lambda. Amazon SageMaker "
                "asks for the registry's credentials through the VPC and could not.",
                fix="Set registry.lambdaEndpoint to private-dns, and the stack makes one.",
            )

    def _ask(self, operation: str, result: str, by: str, values: list[str]) -> list[Any]:
        from botocore.exceptions import BotoCoreError, ClientError

        call = f"ec2:{operation.title().replace('_', '')}"
        try:
            pages = self.client("ec2").get_paginator(operation).paginate(Filters=[{"Name": by, "Values": values}])
            return [one for page in pages for one in page.get(result, [])]
        except ClientError as error:
            details = error.response.get("Error", {})
            message = f"{call} answered {details.get('Code')}: {details.get('Message')}"
            raise PipelineError(message, exit_codes.UNKNOWN) from None
        except BotoCoreError as error:
            raise PipelineError(f"{call} got no answer: {error}", exit_codes.UNKNOWN) from None


def _name_of(described: Any) -> str:
    return next((str(tag["Value"]) for tag in described.get("Tags") or [] if tag["Key"] == "Name"), "")


def _lets(permissions: list[Any], port: int, other: str) -> bool:
    """Whether a group's rules (one direction) let TCP at `port` through, to or from a group or addresses."""
    for rule in permissions:
        if rule["IpProtocol"] not in ("-1", "tcp"):
            continue
        if rule["IpProtocol"] == "tcp" and not rule.get("FromPort", 0) <= port <= rule.get("ToPort", 65535):
            continue
        if any(pair.get("GroupId") == other for pair in rule.get("UserIdGroupPairs", [])):
            return True
        ranges = [ipaddress.IPv4Network(one["CidrIp"], strict=False) for one in rule.get("IpRanges", [])]
        if other.startswith("sg-"):
            if any(one.prefixlen == 0 for one in ranges):
                return True
            continue
        wanted = ipaddress.IPv4Network("0.0.0.0/0" if other == "internet" else other, strict=False)
        if any(wanted.subnet_of(one) for one in ranges):
            return True
    return False


def _finding(name: str, outcome: Outcome, message: str, *, fix: str = "") -> Finding:
    return Finding(source="check", name=name, outcome=outcome, severity="high", message=message, fix=fix)
