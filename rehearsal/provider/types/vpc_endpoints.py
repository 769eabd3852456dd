"""Endpoints in a network, by which it reaches services of AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.provider.described import Limit, wait_for
from rehearsal.provider.documents import canonical_policy
from rehearsal.provider.refusals import AccountRefusal
from rehearsal.provider.types.ec2 import MINUTES, Ec2Resource

if TYPE_CHECKING:
    from rehearsal.provider.account import Account
    from rehearsal.values import Properties


class VpcEndpoint(Ec2Resource):
    """A way to an AWS service from inside a network."""

    token = "aws:ec2/vpcEndpoint:VpcEndpoint"
    noun = "EC2 VpcEndpoint"
    kind, made, made_id = "vpc-endpoint", "VpcEndpoint", "VpcEndpointId"
    defaults = {"vpcEndpointType": "Gateway"}
    limits = {
        "vpcEndpointType": Limit(choices=("Gateway", "Interface", "GatewayLoadBalancer", "Resource", "ServiceNetwork")),
    }
    replaces = (
        "resourceConfigurationArn",
        "serviceName",
        "serviceNetworkArn",
        "serviceRegion",
        "vpcEndpointType",
        "vpcId",
        "dnsOptions.privateDnsPreference",
        "dnsOptions.privateDnsSpecifiedDomains",
        "region",
    )
    optional_computed = (
        "dnsOptions",
        "ipAddressType",
        "policy",
        "privateDnsEnabled",
        "routeTableIds",
        "securityGroupIds",
        "serviceRegion",
        "subnetConfigurations",
        "subnetIds",
    )
    sets = ("routeTableIds", "securityGroupIds", "subnetIds", "subnetConfigurations")
    documents = ("policy",)
    unread = (
        "autoAccept",
        "serviceRegion",
        "resourceConfigurationArn",
        "serviceNetworkArn",
        "dnsOptions",
        "ipAddressType",
    )
    lacks = ("autoAccept", "subnetConfigurations", "resourceConfigurationArn", "serviceNetworkArn")
    create_operation, read_operation = "CreateVpcEndpoint", "DescribeVpcEndpoints"
    id_parameter, answer = "VpcEndpointIds", "VpcEndpoints"
    renames = {"policy": "PolicyDocument"}
    missing = (("InvalidVpcEndpointId.NotFound", ""),)

    def replaced_by(self, path: str, state: Properties, news: Properties) -> bool:
        """Private DNS is changed in place only for interface endpoints."""
        return path == "privateDnsEnabled" and news.get("vpcEndpointType") != "Interface"

    def finish(self, account: Account, id_: str, inputs: Properties) -> None:
        """Wait until it is available."""

        def look() -> tuple[str, dict[str, Any]]:
            found = self.describe(account, id_)
            return str(found.get("State", "available")).lower(), found

        what = f"{self.noun} {id_}"
        wait_for(account, look, target={"available"}, pending={"pending"}, seconds=10 * MINUTES, what=what)

    def read(self, account: Account, id_: str, state: Properties) -> Properties | None:
        """The description; an endpoint on its way out counts as gone."""
        found = super().read(account, id_, state)
        return None if found is None or found["state"] in ("deleting", "deleted") else found

    def told(self, account: Account, id_: str, found: dict[str, Any]) -> Properties:
        """Groups by id, the prefix list of the service, the policy."""
        groups = [g["GroupId"] if isinstance(g, dict) else g for g in found.get("Groups") or []]
        made: Properties = {"securityGroupIds": groups, "ownerId": found.get("OwnerId") or account.id}
        made["state"] = str(found.get("State", "available")).lower()
        if found.get("VpcEndpointType") == "Gateway":
            named = {"Name": "prefix-list-name", "Values": [found["ServiceName"]]}
            lists = account.call("ec2", "DescribePrefixLists", Filters=[named])["PrefixLists"]
            ours = [p for p in lists if p["PrefixListName"] == found["ServiceName"]]
            made["prefixListId"] = ours[0]["PrefixListId"] if ours else None
            made["cidrBlocks"] = ours[0].get("Cidrs") if ours else None
        return made

    def update(self, account: Account, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """ModifyVpcEndpoint with what is added and removed."""
        asked: dict[str, Any] = {}
        lists = {"routeTableIds": "RouteTableIds", "subnetIds": "SubnetIds", "securityGroupIds": "SecurityGroupIds"}
        for name, api in lists.items():
            if name in changed:
                before, after = set(old.get(name) or []), set(new.get(name) or [])
                asked |= {f"Add{api}": sorted(after - before) or None, f"Remove{api}": sorted(before - after) or None}
        if "policy" in changed:
            empty = not canonical_policy(new.get("policy"))
            asked |= {"ResetPolicy": True} if empty else {"PolicyDocument": new["policy"]}
        if "privateDnsEnabled" in changed:
            asked["PrivateDnsEnabled"] = bool(new.get("privateDnsEnabled"))
        account.call("ec2", "ModifyVpcEndpoint", VpcEndpointId=id_, **asked)
        self.finish(account, id_, new)

    def delete(self, account: Account, id_: str, state: Properties) -> None:
        """DeleteVpcEndpoints; items it couldn't delete are errors."""
        if self.read(account, id_, state) is None:
            return
        failed = account.call("ec2", "DeleteVpcEndpoints", VpcEndpointIds=[id_]).get("Unsuccessful") or []
        for item in failed:
            raise AccountRefusal("DeleteVpcEndpoints", item["Error"]["Code"], item["Error"]["Message"])
