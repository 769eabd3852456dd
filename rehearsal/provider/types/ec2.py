"""EC2 networks: Vpc, Subnet, RouteTable and its association, VpcEndpoint. Source: the EC2 API reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.provider.described import Limit, Resource, wait_for
from rehearsal.provider.refusals import AccountRefusal, HalfMade, ProviderRefusal
from rehearsal.provider.tagging import EC2

if TYPE_CHECKING:
    from rehearsal.provider.account import Account
    from rehearsal.values import Properties

CIDR = Limit(r"\d+\.\d+\.\d+\.\d+/\d+", "must be a block of addresses such as 10.0.0.0/16")
MINUTES = 60


class Ec2Resource(Resource):
    """What EC2's resources share: a generated id, a list as the answer, tags by id."""

    service = "ec2"
    id_property = "id"
    kind: str
    """EC2's name of the resource in tag specifications and ARNs: "vpc"."""
    made: str
    """The member of the create answer that holds the resource, and `made_id` the one of its id."""
    made_id: str
    one: bool = False
    """Whether the read operation takes one id and not a list."""
    tagging = EC2

    def create(self, account: Account, inputs: Properties) -> str:
        """Create it, tagged at once, then what takes calls of its own."""
        asked = self.request(account, self.create_operation, self.creating(inputs))
        if inputs.get("tags"):
            asked["TagSpecifications"] = [{"ResourceType": self.kind, "Tags": EC2.written(inputs["tags"])}]
        id_ = str(account.call("ec2", self.create_operation, **asked)[self.made][self.made_id])
        try:
            self.finish(account, id_, inputs)
        except ProviderRefusal as refusal:
            raise HalfMade(id_, refusal) from refusal
        return id_

    def creating(self, inputs: Properties) -> Properties:
        """The inputs that the create call takes."""
        return inputs

    def finish(self, account: Account, id_: str, inputs: Properties) -> None:
        """What a creation needs after the create call."""

    def describe(self, account: Account, id_: str) -> dict[str, Any]:
        """The one entry of the answer."""
        found = account.call("ec2", self.read_operation, **{self.id_parameter: [id_]})[self.answer]
        if not found:
            raise AccountRefusal(self.read_operation, self.missing[0][0], f"{self.noun} {id_} does not exist")
        return dict(found[0])

    def arn(self, account: Account, id_: str, owner: str | None = None) -> str:
        """The ARN; EC2 tells it of few resources."""
        return f"arn:{account.partition}:ec2:{account.region}:{owner or account.id}:{self.kind}/{id_}"

    def read(self, account: Account, id_: str, state: Properties) -> Properties | None:
        """The description, tags among it."""
        found = self.describe(account, id_)
        tags = {t["Key"]: t["Value"] for t in found.get("Tags") or [] if not t["Key"].startswith("aws:")}
        told = {**self.flatten(account, found), "arn": self.arn(account, id_, found.get("OwnerId")), "tags": tags}
        return {**told, **self.told(account, id_, found)}

    def told(self, account: Account, id_: str, found: dict[str, Any]) -> Properties:
        """What needs more than the regular names, or further calls."""
        return {}

    def imported(self, account: Account, id_: str) -> Properties:
        """An id says nothing more."""
        return {}


class Vpc(Ec2Resource):
    """A network."""

    token = "aws:ec2/vpc:Vpc"
    noun = "EC2 Vpc"
    kind, made, made_id = "vpc", "Vpc", "VpcId"
    defaults = {"enableDnsSupport": True, "instanceTenancy": "default"}
    limits = {"cidrBlock": CIDR, "instanceTenancy": Limit(choices=("default", "dedicated", "host"))}
    replaces = ("cidrBlock", "ipv4IpamPoolId", "ipv4NetmaskLength", "region")
    optional_computed = (
        "cidrBlock",
        "enableDnsHostnames",
        "enableNetworkAddressUsageMetrics",
        "ipv6CidrBlock",
        "ipv6CidrBlockNetworkBorderGroup",
    )
    unread = (
        "assignGeneratedIpv6CidrBlock",
        "ipv4NetmaskLength",
        "ipv4IpamPoolId",
        "ipv6IpamPoolId",
        "ipv6NetmaskLength",
    )
    lacks = ("ipv4IpamPoolId", "ipv4NetmaskLength", "ipv6IpamPoolId", "ipv6NetmaskLength", "ipv6CidrBlock")
    create_operation, read_operation = "CreateVpc", "DescribeVpcs"
    answer = "Vpcs"
    renames = {"assignGeneratedIpv6CidrBlock": "AmazonProvidedIpv6CidrBlock"}
    missing = (("InvalidVpcID.NotFound", ""),)
    attributes = ("enableDnsSupport", "enableDnsHostnames", "enableNetworkAddressUsageMetrics")
    id_parameter = "VpcIds"

    def replaced_by(self, path: str, state: Properties, news: Properties) -> bool:
        """Of tenancies only dedicated to default can be changed."""
        return path == "instanceTenancy" and (state.get(path), news.get(path)) != ("dedicated", "default")

    def finish(self, account: Account, id_: str, inputs: Properties) -> None:
        """Attributes that differ from what a new VPC has."""
        asked = {name for name in self.attributes if inputs.get(name) not in (None, name == "enableDnsSupport")}
        self.update(account, id_, {}, inputs, asked)

    def update(self, account: Account, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """One call an attribute."""
        for name in self.attributes:
            if name in changed:
                value = {"Value": bool(new.get(name))}
                account.call("ec2", "ModifyVpcAttribute", VpcId=id_, **{name[0].upper() + name[1:]: value})
        if "instanceTenancy" in changed:
            account.call("ec2", "ModifyVpcTenancy", VpcId=id_, InstanceTenancy=new["instanceTenancy"])

    def told(self, account: Account, id_: str, found: dict[str, Any]) -> Properties:
        """Attributes and the things AWS makes along with a VPC."""
        made: Properties = {}
        for name in self.attributes:
            answer = account.call("ec2", "DescribeVpcAttribute", VpcId=id_, Attribute=name)
            made[name] = bool((answer.get(name[0].upper() + name[1:]) or {}).get("Value"))
        of_vpc = {"Name": "vpc-id", "Values": [id_]}
        main = {"Name": "association.main", "Values": ["true"]}
        tables = account.call("ec2", "DescribeRouteTables", Filters=[of_vpc, main])["RouteTables"]
        default = {"Name": "group-name", "Values": ["default"]}
        groups = account.call("ec2", "DescribeSecurityGroups", Filters=[of_vpc, default])["SecurityGroups"]
        acls = account.call("ec2", "DescribeNetworkAcls", Filters=[of_vpc, {"Name": "default", "Values": ["true"]}])
        table = tables[0]["RouteTableId"] if tables else None
        made |= {"mainRouteTableId": table, "defaultRouteTableId": table}
        made["defaultSecurityGroupId"] = groups[0]["GroupId"] if groups else None
        made["defaultNetworkAclId"] = next((a["NetworkAclId"] for a in acls["NetworkAcls"]), None)
        made["ownerId"] = found.get("OwnerId") or account.id
        sixes = [s for s in found.get("Ipv6CidrBlockAssociationSet") or [] if s.get("Ipv6CidrBlock")]
        made["assignGeneratedIpv6CidrBlock"] = True if sixes else None
        made["ipv6CidrBlock"] = sixes[0]["Ipv6CidrBlock"] if sixes else None
        made["ipv6AssociationId"] = sixes[0]["AssociationId"] if sixes else None
        return made

    def delete(self, account: Account, id_: str, state: Properties) -> None:
        """DeleteVpc."""
        account.call("ec2", "DeleteVpc", VpcId=id_)


class Subnet(Ec2Resource):
    """A part of a network, in one zone."""

    token = "aws:ec2/subnet:Subnet"
    noun = "EC2 Subnet"
    kind, made, made_id = "subnet", "Subnet", "SubnetId"
    defaults = {
        "assignIpv6AddressOnCreation": False,
        "enableDns64": False,
        "enableResourceNameDnsARecordOnLaunch": False,
        "enableResourceNameDnsAaaaRecordOnLaunch": False,
        "ipv6Native": False,
        "mapPublicIpOnLaunch": False,
    }
    limits = {"cidrBlock": CIDR}
    replaces = ("availabilityZone", "availabilityZoneId", "cidrBlock", "ipv6Native", "outpostArn", "vpcId", "region")
    optional_computed = ("availabilityZone", "availabilityZoneId", "privateDnsHostnameTypeOnLaunch")
    conflicts = (("availabilityZone", "availabilityZoneId"),)
    unread = (
        "enableDns64",
        "enableResourceNameDnsARecordOnLaunch",
        "enableResourceNameDnsAaaaRecordOnLaunch",
        "privateDnsHostnameTypeOnLaunch",
        "ipv6Native",
        "enableLniAtDeviceIndex",
        "mapCustomerOwnedIpOnLaunch",
        "customerOwnedIpv4Pool",
        "outpostArn",
        "ipv6CidrBlock",
    )
    lacks = (
        "ipv4IpamPoolId",
        "ipv4NetmaskLength",
        "ipv6IpamPoolId",
        "ipv6NetmaskLength",
        "customerOwnedIpv4Pool",
        "mapCustomerOwnedIpOnLaunch",
        "enableLniAtDeviceIndex",
        "outpostArn",
    )
    create_operation, read_operation, id_parameter, answer = "CreateSubnet", "DescribeSubnets", "SubnetIds", "Subnets"
    missing = (("InvalidSubnetID.NotFound", ""),)
    attributes = {
        "assignIpv6AddressOnCreation": "AssignIpv6AddressOnCreation",
        "mapPublicIpOnLaunch": "MapPublicIpOnLaunch",
        "enableDns64": "EnableDns64",
        "enableResourceNameDnsARecordOnLaunch": "EnableResourceNameDnsARecordOnLaunch",
        "enableResourceNameDnsAaaaRecordOnLaunch": "EnableResourceNameDnsAAAARecordOnLaunch",
    }

    def creating(self, inputs: Properties) -> Properties:
        """IPv6-only subnets are asked for only when wanted."""
        return {name: value for name, value in inputs.items() if name != "ipv6Native" or value}

    def finish(self, account: Account, id_: str, inputs: Properties) -> None:
        """Wait until it is available, then one call for each attribute that isn't off."""

        def look() -> tuple[str, dict[str, Any]]:
            found = self.describe(account, id_)
            return found.get("State", "available"), found

        what = f"{self.noun} {id_}"
        wait_for(account, look, target={"available"}, pending={"pending"}, seconds=10 * MINUTES, what=what)
        self.update(account, id_, {}, inputs, {name for name in self.attributes if inputs.get(name)})

    def update(self, account: Account, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """One call an attribute."""
        for name, attribute in self.attributes.items():
            if name in changed:
                value = {"Value": bool(new.get(name))}
                account.call("ec2", "ModifySubnetAttribute", SubnetId=id_, **{attribute: value})
        if "privateDnsHostnameTypeOnLaunch" in changed:
            wanted = new["privateDnsHostnameTypeOnLaunch"]
            account.call("ec2", "ModifySubnetAttribute", SubnetId=id_, PrivateDnsHostnameTypeOnLaunch=wanted)

    def told(self, account: Account, id_: str, found: dict[str, Any]) -> Properties:
        """The owner, which some answers leave out."""
        return {"ownerId": found.get("OwnerId") or account.id, "arn": found.get("SubnetArn") or self.arn(account, id_)}

    def delete(self, account: Account, id_: str, state: Properties) -> None:
        """DeleteSubnet."""
        account.call("ec2", "DeleteSubnet", SubnetId=id_)
