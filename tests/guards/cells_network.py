"""The networks that boto3 makes for the cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

REGION = "us-east-1"


class Networks:
    """A VPC and what lies in it."""

    ec2: Any
    facts: dict[str, Any]
    cidrs: Iterator[str]

    def network(self) -> dict[str, Any]:
        """A VPC with a subnet, tables, groups, a gateway; a subnet, a table and a group for each cell of networks."""
        vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        spare = self.ec2.create_vpc(CidrBlock="10.5.0.0/16")["Vpc"]["VpcId"]
        gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        self.facts = {"vpc": vpc, "spare_vpc": spare, "gateway": gateway}
        subnet, table, empty, full = self.subnet(), *(self.table() for _ in range(3))
        self.ec2.associate_route_table(SubnetId=subnet, RouteTableId=table)
        self.route(full)
        interface = self.group("interface")
        self.ec2.create_vpc_endpoint(
            VpcId=vpc,
            ServiceName=f"com.amazonaws.{REGION}.lambda",
            VpcEndpointType="Interface",
            SubnetIds=[subnet],
            SecurityGroupIds=[interface],
        )
        gate = self.ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.s3")["VpcEndpoint"]
        joined = ["route-removed", "route-replaced", "gateway-association-removed"]
        joined += ["vpc-endpoint-leaves", "vpc-endpoint-closes", "vpc-endpoint-removed", "vpc-endpoint-replaced"]
        groups = ["egress-removed", "egress-narrowed", "classic-rule-removed", "ingress-removed"]
        networks: dict[str, dict[str, str]] = {}
        for name in (
            f"{one}{twin}" for one in (*joined, "association-removed", "association-moved") for twin in ("", "-twin")
        ):
            networks[name] = {"subnet": self.subnet(), "table": self.table()}
            if name.startswith("association"):
                self.route(networks[name]["table"])
            else:
                self.ec2.associate_route_table(SubnetId=networks[name]["subnet"], RouteTableId=networks[name]["table"])
        for name in (f"{one}{twin}" for one in groups for twin in ("", "-twin")):
            networks[name] = {"group": self.group(name)}
        return {
            **self.facts,
            "subnet": subnet,
            "empty_table": empty,
            "full_table": full,
            "group": self.group("cells"),
            "interface_group": interface,
            "closed_group": self.group("closed"),
            **{name: self.open_group(name) for name in ("open_group", "other_open_group")},
            "gate": gate["VpcEndpointId"],
            "networks": networks,
        }

    def subnet(self, vpc: str = "") -> str:
        """A subnet's id."""
        cidr = "10.1.9.0/24" if vpc else next(self.cidrs)
        made: str = self.ec2.create_subnet(VpcId=vpc or self.facts["vpc"], CidrBlock=cidr)["Subnet"]["SubnetId"]
        return made

    def table(self) -> str:
        """A route table's id."""
        made: str = self.ec2.create_route_table(VpcId=self.facts["vpc"])["RouteTable"]["RouteTableId"]
        return made

    def route(self, table: str) -> None:
        """A route to 10.9.0.0/16."""
        gateway = self.facts["gateway"]
        self.ec2.create_route(RouteTableId=table, DestinationCidrBlock="10.9.0.0/16", GatewayId=gateway)

    def group(self, name: str, vpc: str = "") -> str:
        """A security group's id; nothing is open in it."""
        made: str = self.ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc or self.facts["vpc"])[
            "GroupId"
        ]
        everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
        self.ec2.revoke_security_group_egress(GroupId=made, IpPermissions=everything)
        return made

    def open_group(self, name: str) -> str:
        """A security group that lets the VPC in by HTTPS."""
        made = self.group(name)
        https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}
        self.ec2.authorize_security_group_ingress(GroupId=made, IpPermissions=[https])
        return made
