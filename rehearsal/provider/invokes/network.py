"""Functions about networks that exist: VPC, subnets, prefix lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.provider.refusals import ProviderRefusal

if TYPE_CHECKING:
    from rehearsal.provider.account import Account
    from rehearsal.values import Properties


def filters(arguments: Properties, names: dict[str, str]) -> list[dict[str, Any]] | None:
    """EC2 filters from `filters`, `tags` and the named arguments."""
    made = [{"Name": f["name"], "Values": list(f["values"])} for f in arguments.get("filters") or []]
    made += [{"Name": f"tag:{k}", "Values": [v]} for k, v in (arguments.get("tags") or {}).items()]
    for name, key in names.items():
        if arguments.get(name) is not None:
            value = arguments[name]
            made.append({"Name": key, "Values": [str(value).lower() if isinstance(value, bool) else str(value)]})
    return made or None


def only(found: list[Any], what: str) -> dict[str, Any]:
    """The one match; none, or several, is told in the provider's words (its SingularDataSourceFindError)."""
    if not found:
        raise ProviderRefusal(f"no matching {what} found")
    if len(found) > 1:
        raise ProviderRefusal(f"multiple {what} matched; use additional constraints to reduce matches to a single one")
    return dict(found[0])


def tags(found: dict[str, Any]) -> dict[str, str]:
    """A description's tags."""
    return {t["Key"]: t["Value"] for t in found.get("Tags") or [] if not t["Key"].startswith("aws:")}


def vpc(account: Account, arguments: Properties) -> Properties:
    """aws.ec2.get_vpc."""
    names = {"cidrBlock": "cidr", "dhcpOptionsId": "dhcp-options-id", "default": "is-default", "state": "state"}
    ids = [arguments["id"]] if arguments.get("id") else None
    found = only(account.call("ec2", "DescribeVpcs", VpcIds=ids, Filters=filters(arguments, names))["Vpcs"], "VPCs")
    id_, owner = found["VpcId"], found.get("OwnerId") or account.id
    attributes = {}
    for name in ("enableDnsSupport", "enableDnsHostnames", "enableNetworkAddressUsageMetrics"):
        answer = account.call("ec2", "DescribeVpcAttribute", VpcId=id_, Attribute=name)
        attributes[name] = bool((answer.get(name[0].upper() + name[1:]) or {}).get("Value"))
    main = [{"Name": "vpc-id", "Values": [id_]}, {"Name": "association.main", "Values": ["true"]}]
    tables = account.call("ec2", "DescribeRouteTables", Filters=main)["RouteTables"]
    blocks = [
        {"associationId": b["AssociationId"], "cidrBlock": b["CidrBlock"], "state": b["CidrBlockState"]["State"]}
        for b in found.get("CidrBlockAssociationSet") or []
    ]
    return {
        **attributes,
        "id": id_,
        "arn": f"arn:{account.partition}:ec2:{account.region}:{owner}:vpc/{id_}",
        "cidrBlock": found["CidrBlock"],
        "cidrBlockAssociations": blocks,
        "default": bool(found.get("IsDefault")),
        "dhcpOptionsId": found.get("DhcpOptionsId", ""),
        "instanceTenancy": found.get("InstanceTenancy", "default"),
        "ipv6AssociationId": "",
        "ipv6CidrBlock": "",
        "ipv6CidrBlockAssociations": [],
        "mainRouteTableId": tables[0]["RouteTableId"] if tables else "",
        "ownerId": owner,
        "state": found.get("State", "available"),
        "tags": tags(found),
        "region": account.region,
    }


SUBNET = {
    "availabilityZone": "availability-zone",
    "availabilityZoneId": "availability-zone-id",
    "cidrBlock": "cidr-block",
    "defaultForAz": "default-for-az",
    "state": "state",
    "vpcId": "vpc-id",
}


def subnet(account: Account, arguments: Properties) -> Properties:
    """aws.ec2.get_subnet."""
    ids = [arguments["id"]] if arguments.get("id") else None
    asked = {"SubnetIds": ids, "Filters": filters(arguments, SUBNET)}
    found = only(account.call("ec2", "DescribeSubnets", **asked)["Subnets"], "subnets")
    owner = found.get("OwnerId") or account.id
    arn = f"arn:{account.partition}:ec2:{account.region}:{owner}:subnet/{found['SubnetId']}"
    return {
        "id": found["SubnetId"],
        "arn": found.get("SubnetArn") or arn,
        "assignIpv6AddressOnCreation": bool(found.get("AssignIpv6AddressOnCreation")),
        "availabilityZone": found["AvailabilityZone"],
        "availabilityZoneId": found.get("AvailabilityZoneId", ""),
        "availableIpAddressCount": found.get("AvailableIpAddressCount", 0),
        "cidrBlock": found["CidrBlock"],
        "customerOwnedIpv4Pool": "",
        "defaultForAz": bool(found.get("DefaultForAz")),
        "enableDns64": False,
        "enableLniAtDeviceIndex": 0,
        "enableResourceNameDnsARecordOnLaunch": False,
        "enableResourceNameDnsAaaaRecordOnLaunch": False,
        "ipv6CidrBlock": "",
        "ipv6CidrBlockAssociationId": "",
        "ipv6Native": False,
        "mapCustomerOwnedIpOnLaunch": False,
        "mapPublicIpOnLaunch": bool(found.get("MapPublicIpOnLaunch")),
        "outpostArn": "",
        "ownerId": owner,
        "privateDnsHostnameTypeOnLaunch": "ip-name",
        "state": found.get("State", "available"),
        "tags": tags(found),
        "vpcId": found["VpcId"],
        "region": account.region,
    }


def subnets(account: Account, arguments: Properties) -> Properties:
    """aws.ec2.get_subnets."""
    found = account.pages("ec2", "DescribeSubnets", "Subnets", Filters=filters(arguments, {}) or [])
    ids = [s["SubnetId"] for s in found]
    return {
        **arguments,
        "id": account.region,
        "ids": ids,
        "tags": arguments.get("tags") or {},
        "region": account.region,
    }


def route_tables(account: Account, arguments: Properties) -> Properties:
    """aws.ec2.get_route_tables."""
    asked = filters(arguments, {"vpcId": "vpc-id"}) or []
    found = account.pages("ec2", "DescribeRouteTables", "RouteTables", Filters=asked)
    return {
        **arguments,
        "id": account.region,
        "ids": [table["RouteTableId"] for table in found],
        "tags": arguments.get("tags") or {},
        "region": account.region,
    }


ROUTE = {
    "carrierGatewayId": "CarrierGatewayId",
    "cidrBlock": "DestinationCidrBlock",
    "coreNetworkArn": "CoreNetworkArn",
    "destinationPrefixListId": "DestinationPrefixListId",
    "egressOnlyGatewayId": "EgressOnlyInternetGatewayId",
    "gatewayId": "GatewayId",
    "instanceId": "InstanceId",
    "ipv6CidrBlock": "DestinationIpv6CidrBlock",
    "localGatewayId": "LocalGatewayId",
    "natGatewayId": "NatGatewayId",
    "networkInterfaceId": "NetworkInterfaceId",
    "transitGatewayId": "TransitGatewayId",
    "vpcPeeringConnectionId": "VpcPeeringConnectionId",
}
ASSOCIATION = {"gatewayId": "GatewayId", "routeTableId": "RouteTableId", "subnetId": "SubnetId"}


def route_table(account: Account, arguments: Properties) -> Properties:
    """aws.ec2.get_route_table; the route inside the VPC is left out, and a gateway endpoint is a VPC endpoint's id."""
    ids = [arguments["routeTableId"]] if arguments.get("routeTableId") else None
    asked = filters(arguments, {"vpcId": "vpc-id", "subnetId": "association.subnet-id"})
    answer = account.call("ec2", "DescribeRouteTables", RouteTableIds=ids, Filters=asked)
    found = only(answer["RouteTables"], "route tables")
    owner = found.get("OwnerId") or account.id
    routes = []
    for route in found.get("Routes") or []:
        if route.get("GatewayId") == "local":
            continue
        made = {name: route.get(key) or "" for name, key in ROUTE.items()} | {"vpcEndpointId": ""}
        if made["gatewayId"].startswith("vpce-"):
            made |= {"vpcEndpointId": made["gatewayId"], "gatewayId": ""}
        routes.append(made)
    associations = [
        {name: each.get(key) or "" for name, key in ASSOCIATION.items()}
        | {"main": bool(each.get("Main")), "routeTableAssociationId": each["RouteTableAssociationId"]}
        for each in found.get("Associations") or []
    ]
    return {
        "id": found["RouteTableId"],
        "routeTableId": found["RouteTableId"],
        "arn": f"arn:{account.partition}:ec2:{account.region}:{owner}:route-table/{found['RouteTableId']}",
        "associations": associations,
        "gatewayId": "",
        "subnetId": arguments.get("subnetId") or "",
        "ownerId": owner,
        "routes": routes,
        "tags": tags(found),
        "vpcId": found["VpcId"],
        "region": account.region,
    }


def prefix_list(account: Account, arguments: Properties) -> Properties:
    """aws.ec2.get_prefix_list."""
    made = filters(arguments, {"name": "prefix-list-name"}) or []
    if arguments.get("prefixListId"):
        made.append({"Name": "prefix-list-id", "Values": [arguments["prefixListId"]]})
    every = account.call("ec2", "DescribePrefixLists", Filters=made)["PrefixLists"]
    name, id_ = arguments.get("name"), arguments.get("prefixListId")
    ours = [p for p in every if name in (None, p["PrefixListName"]) and id_ in (None, p["PrefixListId"])]
    found = only(ours, "prefix lists")
    made_id = found["PrefixListId"]
    return {
        "id": made_id,
        "name": found["PrefixListName"],
        "cidrBlocks": found.get("Cidrs") or [],
        "region": account.region,
    }


def managed_prefix_list(account: Account, arguments: Properties) -> Properties:
    """aws.ec2.get_managed_prefix_list."""
    made = filters(arguments, {"name": "prefix-list-name"})
    ids = [arguments["id"]] if arguments.get("id") else None
    every = account.call("ec2", "DescribeManagedPrefixLists", Filters=made, PrefixListIds=ids)["PrefixLists"]
    ours = [p for p in every if arguments.get("name") in (None, p["PrefixListName"])]
    found = only(ours, "managed prefix lists")
    id_ = found["PrefixListId"]
    entries = account.pages("ec2", "GetManagedPrefixListEntries", "Entries", PrefixListId=id_)
    return {
        "id": id_,
        "name": found["PrefixListName"],
        "arn": found.get("PrefixListArn", ""),
        "addressFamily": found.get("AddressFamily", ""),
        "maxEntries": found.get("MaxEntries", 0),
        "ownerId": found.get("OwnerId", ""),
        "version": found.get("Version", 0),
        "entries": [{"cidr": e["Cidr"], "description": e.get("Description", "")} for e in entries],
        "tags": tags(found),
        "region": account.region,
    }


FUNCTIONS = {
    "aws:ec2/getVpc:getVpc": vpc,
    "aws:ec2/getSubnet:getSubnet": subnet,
    "aws:ec2/getSubnets:getSubnets": subnets,
    "aws:ec2/getRouteTable:getRouteTable": route_table,
    "aws:ec2/getRouteTables:getRouteTables": route_tables,
    "aws:ec2/getPrefixList:getPrefixList": prefix_list,
    "aws:ec2/getManagedPrefixList:getManagedPrefixList": managed_prefix_list,
}
