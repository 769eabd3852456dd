"""Networks as AWS has them, where moto's differ: rules of groups, addresses of subnets, routes of endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from account_world import REGION
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from account_world import World


@pytest.mark.parametrize("way", ["PrefixListIds", "UserIdGroupPairs", "IpRanges"])
def test_a_rule_keeps_its_description(world: World, way: str) -> None:
    """A refresh that lost it would plan a change that nobody made."""
    ec2 = world.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="g", Description="d", VpcId=vpc)["GroupId"]
    there = {
        "PrefixListIds": {"PrefixListId": ec2.describe_prefix_lists()["PrefixLists"][0]["PrefixListId"]},
        "UserIdGroupPairs": {"GroupId": group},
        "IpRanges": {"CidrIp": "10.1.0.0/24"},
    }[way]
    permission = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, way: [{**there, "Description": "HTTPS there"}]}
    made = ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[permission])
    rule = made["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    (read,) = ec2.describe_security_group_rules(SecurityGroupRuleIds=[rule])["SecurityGroupRules"]

    assert read["Description"] == "HTTPS there"


def test_a_full_subnet_has_no_room_and_is_held_by_what_fills_it(world: World) -> None:
    """No address is given twice, nor one of AWS's own; what is freed can be had again."""
    ec2 = world.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.5.0/28")["Subnet"]["SubnetId"]
    made = [ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"] for _ in range(11)]
    codes = []
    for call in (ec2.create_network_interface, ec2.delete_subnet):
        with pytest.raises(ClientError) as caught:
            call(SubnetId=subnet)
        codes.append(caught.value.response["Error"]["Code"])
    ec2.delete_network_interface(NetworkInterfaceId=made[3]["NetworkInterfaceId"])
    again = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]

    assert [each["PrivateIpAddress"] for each in made] == [f"10.0.5.{number}" for number in range(4, 15)]
    assert codes == ["InsufficientFreeAddressesInSubnet", "DependencyViolation"]
    assert again["PrivateIpAddress"] == made[3]["PrivateIpAddress"]


def test_a_gateway_endpoint_goes_with_its_routes_whatever_became_of_its_tables(world: World) -> None:
    """A policy that is reset allows everything again; a table that is gone doesn't keep the endpoint."""
    ec2 = world.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    tables = [ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"] for _ in range(2)]
    made = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.s3", RouteTableIds=tables[:1])
    name = made["VpcEndpoint"]["VpcEndpointId"]
    ec2.modify_vpc_endpoint(VpcEndpointId=name, AddRouteTableIds=tables[1:], PolicyDocument='{"Statement": []}')
    ec2.modify_vpc_endpoint(VpcEndpointId=name, ResetPolicy=True)
    (described,) = ec2.describe_vpc_endpoints(VpcEndpointIds=[name])["VpcEndpoints"]
    ec2.delete_route_table(RouteTableId=tables[0])
    ec2.delete_vpc_endpoints(VpcEndpointIds=[name])
    routes = ec2.describe_route_tables(RouteTableIds=tables[1:])["RouteTables"][0]["Routes"]

    assert sorted(described["RouteTableIds"]) == sorted(tables)
    assert '"Action": "*"' in described["PolicyDocument"]
    assert [each["GatewayId"] for each in routes] == ["local"]
    with pytest.raises(ClientError, match=r"InvalidVpcEndpointId\.NotFound"):
        ec2.describe_vpc_endpoints(VpcEndpointIds=[name])
