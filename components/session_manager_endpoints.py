"""
A way to Session Manager for containers in a VPC that has none: interface endpoints (AWS PrivateLink).

Page: "Access containers through SSM", section "SSM access with AWS PrivateLink", which leads to "Improve the security
of EC2 instances by using VPC endpoints for Systems Manager" (Systems Manager User Guide).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

import pulumi
import pulumi_aws as aws

from components.account import Account, ask
from components.network import HTTPS
from knowledge.interface_endpoints import SERVES_TAG, SESSIONS
from knowledge.session_manager import interface_services

EVERYWHERE = ("0.0.0.0/0", "::/0")


class SessionManagerEndpointsArgs(TypedDict):
    """What SessionManagerEndpoints are made from."""

    account: Account
    """Its region decides which services there are."""

    vpc_id: pulumi.Input[str]
    """The VPC of the containers; its DNS support and DNS host names must be on."""

    subnet_ids: Sequence[pulumi.Input[str]]
    """Where the interfaces lie: one subnet for each Availability Zone."""

    client_group_ids: Sequence[pulumi.Input[str]]
    """The containers' security groups, which are let in."""

    opens_egress: bool
    """Whether the clients' groups get the rule that lets them out to the endpoints. Groups of somebody else's stay as
    they are: they must let HTTPS out to the VPC."""


class SessionManagerEndpoints(pulumi.ComponentResource):
    """One interface endpoint for each service of Session Manager, reached over HTTPS from the containers alone."""

    endpoints: list[aws.ec2.VpcEndpoint]
    """One a service."""

    def __init__(
        self, name: str, args: SessionManagerEndpointsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("holdfast:index:SessionManagerEndpoints", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        logical = f"{name}-session-manager"
        group = aws.ec2.SecurityGroup(
            logical,
            description=f"Interface endpoints of Session Manager for {name}",
            vpc_id=args["vpc_id"],
            tags={"Name": logical},
            opts=child,
        )
        for number, client in enumerate(args["client_group_ids"], start=1):
            https: dict[str, Any] = {"ip_protocol": "tcp", "from_port": HTTPS, "to_port": HTTPS}
            aws.vpc.SecurityGroupIngressRule(
                f"{logical}-{number}",
                security_group_id=group.id,
                referenced_security_group_id=client,
                description=f"HTTPS from the containers of {name}",
                **https,
                opts=child,
            )
            if args["opens_egress"]:
                aws.vpc.SecurityGroupEgressRule(
                    f"{logical}-{number}",
                    security_group_id=client,
                    referenced_security_group_id=group.id,
                    description="HTTPS to Session Manager",
                    **https,
                    opts=child,
                )
        self.endpoints = [
            aws.ec2.VpcEndpoint(
                f"{name}-{service}",
                vpc_id=args["vpc_id"],
                service_name=f"com.amazonaws.{args['account'].region}.{service}",
                vpc_endpoint_type="Interface",
                subnet_ids=args["subnet_ids"],
                security_group_ids=[group.id],
                private_dns_enabled=True,
                tags={"Name": f"{name}-{service}", SERVES_TAG: SESSIONS},
                opts=child,
            )
            for service in interface_services(args["account"].region)
        ]
        self.register_outputs({"endpointIds": [endpoint.id for endpoint in self.endpoints]})


@dataclass(frozen=True)
class Ways:
    """What is known of the network of somebody else's subnets."""

    vpc_id: pulumi.Input[str]
    out: bool
    """Whether every subnet has a default route that instances without a public address can take."""

    one_a_zone: tuple[pulumi.Input[str], ...]
    """The first of the subnets in each Availability Zone: an interface endpoint takes no two of one zone."""


def ways_of(subnet_ids: Sequence[str]) -> Ways:
    """
    Ask AWS which way leads out of these subnets (ec2:DescribeSubnets, ec2:DescribeRouteTables).

    An internet gateway is none: the interfaces that SageMaker makes in a VPC have no public address (host-vpc).
    Raises pulumi.RunError when AWS can't be asked.
    """
    subnets = [_asked(f"about subnet {each}", lambda each=each: aws.ec2.get_subnet(id=each)) for each in subnet_ids]
    by_zone: dict[str, str] = {}
    for subnet in subnets:
        by_zone.setdefault(subnet.availability_zone, subnet.id)
    return Ways(
        vpc_id=subnets[0].vpc_id,
        out=all(_leads_out(subnet.id, subnet.vpc_id) for subnet in subnets),
        one_a_zone=tuple(by_zone.values()),
    )


def _leads_out(subnet_id: str, vpc_id: str) -> bool:
    table = route_table_of(subnet_id, vpc_id)
    if table is None:
        return False
    described = _asked(f"for route table {table}", lambda: aws.ec2.get_route_table(route_table_id=table))
    return any(_is_way_out(route) for route in described.routes)


def route_table_of(subnet_id: str, vpc_id: str) -> str | None:
    """
    The id of the subnet's own route table, or of the VPC's main one where it has none (ec2:DescribeRouteTables).

    Raises pulumi.RunError when AWS can't be asked.
    """
    for wanted in (("association.subnet-id", subnet_id), ("association.main", "true")):
        found = _asked(
            f"for the route table of subnet {subnet_id}",
            lambda wanted=wanted: aws.ec2.get_route_tables(
                vpc_id=vpc_id, filters=[{"name": wanted[0], "values": [wanted[1]]}]
            ),
        )
        if found.ids:
            return str(found.ids[0])
    return None


def _is_way_out(route: Any) -> bool:
    if route.cidr_block not in EVERYWHERE and route.ipv6_cidr_block not in EVERYWHERE:
        return False
    through = (
        *(route.nat_gateway_id, route.transit_gateway_id, route.network_interface_id, route.vpc_endpoint_id),
        *(route.vpc_peering_connection_id, route.core_network_arn, route.egress_only_gateway_id, route.gateway_id),
    )
    return any(gateway and not gateway.startswith("igw-") for gateway in through)


def _asked(question: str, call: Any) -> Any:
    return ask(f"{question} (a setting of the stack), to see whether a way leads out of it", call)
