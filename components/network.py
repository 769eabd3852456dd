"""
A small private network for a model's containers: two subnets, one security group, and a way to Amazon S3.

AWS's page "Give SageMaker AI Hosted Endpoints Access to Resources in Your Amazon VPC" (host-vpc) asks for two subnets
in different Availability Zones, enough addresses, and, where there is no internet, a gateway endpoint for Amazon S3,
from which the artifact comes. It asks for no way to Amazon ECR, CloudWatch or KMS: SageMaker itself pulls the image,
sends logs and metrics and decrypts the storage, over its own network. A container that calls other AWS services by
itself, or a private registry, needs more than this network.
"""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.account import Account

HTTPS = 443


def open_to_storage(
    name: str, group: pulumi.Input[str], prefix_list: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> None:
    """Let a security group's members reach Amazon S3, by the id of its prefix list, over HTTPS."""
    aws.vpc.SecurityGroupEgressRule(
        f"{name}-s3",
        security_group_id=group,
        description="HTTPS to Amazon S3",
        prefix_list_id=prefix_list,
        ip_protocol="tcp",
        from_port=HTTPS,
        to_port=HTTPS,
        opts=opts,
    )


class NetworkArgs(TypedDict):
    """What a Network is made from."""

    account: Account
    """Its region decides which Amazon S3 the gateway endpoint leads to."""

    endpoint_policy: NotRequired[str]
    """Policy (JSON) of that endpoint; unset, it lets everything through."""


class Network(pulumi.ComponentResource):
    """
    A VPC without a way to the internet.

    Nothing in it follows from settings, so nothing in it changes by itself: the Availability Zones are those of the day
    on which it was made, whatever AWS answers later, because another zone would replace a subnet in use.
    """

    vpc_id: pulumi.Output[str]
    """The VPC."""

    subnet_ids: list[pulumi.Output[str]]
    """Two private subnets, each in a zone of its own, with 251 addresses each."""

    cidr_blocks: list[str]
    """The addresses of these subnets."""

    security_group_ids: list[pulumi.Output[str]]
    """One group: nothing comes in; HTTPS to Amazon S3 goes out."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("holdfast:index:Network", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        zones = aws.get_availability_zones(
            state="available",
            filters=[{"name": "opt-in-status", "values": ["opt-in-not-required"]}],  # no Local Zones
            opts=pulumi.InvokeOptions(parent=self),
        ).names
        vpc = aws.ec2.Vpc(
            name,
            cidr_block="10.0.0.0/16",
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags={"Name": name},
            opts=child,
        )
        self.vpc_id = vpc.id
        routes = aws.ec2.RouteTable(name, vpc_id=vpc.id, tags={"Name": name}, opts=child)
        self.subnet_ids, self.cidr_blocks = [], []
        for number, zone in enumerate(zones[:2], start=1):
            block = f"10.0.{number}.0/24"
            subnet = aws.ec2.Subnet(
                f"{name}-{number}",
                vpc_id=vpc.id,
                cidr_block=block,
                availability_zone=zone,
                tags={"Name": f"{name}-{number}"},
                opts=pulumi.ResourceOptions(parent=self, ignore_changes=["availabilityZone"]),
            )
            aws.ec2.RouteTableAssociation(f"{name}-{number}", subnet_id=subnet.id, route_table_id=routes.id, opts=child)
            self.subnet_ids.append(subnet.id)
            self.cidr_blocks.append(block)
        storage = aws.ec2.VpcEndpoint(
            name,
            vpc_id=vpc.id,
            service_name=f"com.amazonaws.{args['account'].region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[routes.id],
            policy=args.get("endpoint_policy"),
            tags={"Name": f"{name}-s3"},
            opts=child,
        )
        group = aws.ec2.SecurityGroup(
            name, description=f"Containers of {name}", vpc_id=vpc.id, tags={"Name": name}, opts=child
        )
        open_to_storage(name, group.id, storage.prefix_list_id, child)
        self.security_group_ids = [group.id]
        self.register_outputs({"subnetIds": self.subnet_ids, "securityGroupIds": self.security_group_ids})
