"""Routes, associations, gateway endpoints, rules of groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cell import REMOVED, WRITE, Cell, Change, document

if TYPE_CHECKING:
    from collections.abc import Iterator


def networks(world: dict[str, Any]) -> Iterator[Cell]:
    """Routes, associations, gateway endpoints, rules of groups. Each has a subnet or group of its own, by boto3."""
    made = world["networks"]
    wide, narrow = "0.0.0.0/0", "10.9.0.0/16"
    for change in ("removed", "replaced"):
        route = {
            "routeTableId": made[f"route-{change}"]["table"],
            "destinationCidrBlock": narrow,
            "gatewayId": world["gateway"],
        }
        twin = {**route, "routeTableId": made[f"route-{change}-twin"]["table"]}
        other = {"destinationCidrBlock": "10.8.0.0/16"}
        removed = change == "removed"
        yield Cell(
            f"route-{change}",
            "aws:ec2/route:Route",
            "route-in-use-stays",
            Change(
                route,
                REMOVED if removed else {**route, **other},
                {"model": {"Subnets": made[f"route-{change}"]["subnet"]}},
            ),
            Change(twin, REMOVED if removed else {**twin, **other}),
        )
    table = {"vpcId": world["vpc"], "routes": [{"cidrBlock": narrow, "gatewayId": world["gateway"]}]}
    yield Cell(
        "routes-narrowed",
        "aws:ec2/routeTable:RouteTable",
        "route-in-use-stays",
        Change(table, {**table, "routes": []}, {"model": {"RouteTable": "{id}"}}),
        Change(
            table,
            {**table, "routes": [{"cidrBlock": wide, "gatewayId": world["gateway"]}]},
            {"model": {"RouteTable": "{id}"}},
        ),
    )
    for change in ("removed", "moved"):
        one, two = made[f"association-{change}"], made[f"association-{change}-twin"]
        joined, twin = ({"subnetId": each["subnet"], "routeTableId": each["table"]} for each in (one, two))
        removed = change == "removed"
        yield Cell(
            f"association-{change}",
            "aws:ec2/routeTableAssociation:RouteTableAssociation",
            "subnet-in-use-keeps-its-routes",
            Change(
                joined,
                REMOVED if removed else {**joined, "routeTableId": world["empty_table"]},
                {"model": {"Subnets": one["subnet"]}},
            ),
            Change(
                twin,
                REMOVED if removed else {**twin, "routeTableId": world["full_table"]},
                {} if removed else {"model": {"Subnets": two["subnet"]}},
            ),
        )
    gate = {"vpcEndpointId": world["gate"], "routeTableId": made["gateway-association-removed"]["table"]}
    yield Cell(
        "gateway-association-removed",
        "aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation",
        "vpc-endpoint-in-use-keeps-its-routes",
        Change(gate, REMOVED, {"model": {"Subnets": made["gateway-association-removed"]["subnet"]}}),
        Change({**gate, "routeTableId": made["gateway-association-removed-twin"]["table"]}, REMOVED),
    )
    endpoint = {"vpcId": world["vpc"], "serviceName": "com.amazonaws.us-east-1.s3"}
    one, two = made["vpc-endpoint-leaves"], made["vpc-endpoint-leaves-twin"]
    yield Cell(
        "vpc-endpoint-leaves",
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        "vpc-endpoint-in-use-keeps-its-routes",
        Change(
            {**endpoint, "routeTableIds": [one["table"]]},
            {**endpoint, "routeTableIds": []},
            {"model": {"Subnets": one["subnet"]}},
        ),
        Change({**endpoint, "routeTableIds": [two["table"]]}, {**endpoint, "routeTableIds": []}),
    )
    one, two = made["vpc-endpoint-closes"], made["vpc-endpoint-closes-twin"]
    opened = document({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"})
    closed = document({"Effect": "Allow", "Principal": "*", "Action": WRITE, "Resource": "*"})
    enough = document({"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"})
    yield Cell(
        "vpc-endpoint-closes",
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        "vpc-endpoint-in-use-stays-open",
        Change(
            {**endpoint, "routeTableIds": [one["table"]], "policy": opened},
            {**endpoint, "routeTableIds": [one["table"]], "policy": closed},
            {"model": {"Subnets": one["subnet"]}},
        ),
        Change(
            {**endpoint, "routeTableIds": [two["table"]], "policy": opened},
            {**endpoint, "routeTableIds": [two["table"]], "policy": enough},
            {"model": {"Subnets": two["subnet"]}},
        ),
    )
    out, into = "security-group-in-use-keeps-its-way-out", "vpc-endpoint-in-use-keeps-its-way-in"
    rule = {"ipProtocol": "tcp", "fromPort": 443, "toPort": 443}
    for change, after, safe in (
        ("removed", REMOVED, REMOVED),
        ("narrowed", {"cidrIpv4": narrow}, {"ipProtocol": "-1", "fromPort": -1, "toPort": -1}),
    ):
        one, two = made[f"egress-{change}"], made[f"egress-{change}-twin"]
        first, second = ({**rule, "cidrIpv4": wide, "securityGroupId": each["group"]} for each in (one, two))
        yield Cell(
            f"egress-{change}",
            "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
            out,
            Change(
                first, after if after is None else {**first, **after}, {"model": {"SecurityGroupIds": one["group"]}}
            ),
            Change(
                second,
                safe if safe is None else {**second, **safe},
                {} if safe is None else {"model": {"SecurityGroupIds": two["group"]}},
            ),
        )
    one, two = made["classic-rule-removed"], made["classic-rule-removed-twin"]
    classic = {"type": "egress", "protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": [wide]}
    yield Cell(
        "classic-rule-removed",
        "aws:ec2/securityGroupRule:SecurityGroupRule",
        out,
        Change({**classic, "securityGroupId": one["group"]}, REMOVED, {"model": {"SecurityGroupIds": one["group"]}}),
        Change({**classic, "securityGroupId": two["group"]}, REMOVED),
    )
    group = {"vpcId": world["vpc"], "egress": [{"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": [wide]}]}
    less = [{"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": [narrow]}]
    https = [{"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": [wide]}]
    yield Cell(
        "group-narrowed",
        "aws:ec2/securityGroup:SecurityGroup",
        out,
        Change(
            {**group, "name": "group-narrowed", "description": "x"},
            {**group, "name": "group-narrowed", "description": "x", "egress": less},
            {"model": {"SecurityGroupIds": "{id}"}},
        ),
        Change(
            {**group, "name": "group-narrowed-twin", "description": "x"},
            {**group, "name": "group-narrowed-twin", "description": "x", "egress": https},
            {"model": {"SecurityGroupIds": "{id}"}},
        ),
    )
    gate_rule = {**rule, "cidrIpv4": "10.0.0.0/16"}
    yield Cell(
        "ingress-removed",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        into,
        Change({**gate_rule, "securityGroupId": world["interface_group"]}, REMOVED),
        Change({**gate_rule, "securityGroupId": made["ingress-removed-twin"]["group"]}, REMOVED),
    )
    name = "vpc-endpoint-regrouped"
    interface = {
        "vpcId": world["vpc"],
        "serviceName": "com.amazonaws.us-east-1.ecr.api",
        "vpcEndpointType": "Interface",
        "subnetIds": [world["subnet"]],
        "securityGroupIds": [world["open_group"]],
        "privateDnsEnabled": False,  # the twin lies in the same VPC, which takes one with the service's name
    }
    yield Cell(
        name,
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        into,
        Change(interface, {**interface, "securityGroupIds": [world["closed_group"]]}),
        Change(interface, {**interface, "securityGroupIds": [world["closed_group"], world["other_open_group"]]}),
    )
