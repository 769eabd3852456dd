"""Functions about who reaches what in a network: VPC endpoints and security groups that exist."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.provider.invokes.network import filters, only, tags

if TYPE_CHECKING:
    from rehearsal.provider.account import Account
    from rehearsal.values import Properties

ENDPOINT = {
    "serviceName": "service-name",
    "state": "vpc-endpoint-state",
    "vpcEndpointType": "vpc-endpoint-type",
    "vpcId": "vpc-id",
}


def vpc_endpoint(account: Account, arguments: Properties) -> Properties:
    """aws.ec2.get_vpc_endpoint (DescribeVpcEndpoints; the prefix list of a gateway endpoint's service besides)."""
    ids = [arguments["id"]] if arguments.get("id") else None
    answer = account.call("ec2", "DescribeVpcEndpoints", VpcEndpointIds=ids, Filters=filters(arguments, ENDPOINT))
    found = only(answer["VpcEndpoints"], "VPC endpoints")
    id_, owner, service = found["VpcEndpointId"], found.get("OwnerId") or account.id, found["ServiceName"]
    named = [{"Name": "prefix-list-name", "Values": [service]}]
    lists = account.call("ec2", "DescribePrefixLists", Filters=named)["PrefixLists"]
    ours: dict[str, Any] = next((each for each in lists if each["PrefixListName"] == service), {})
    groups = [each["GroupId"] if isinstance(each, dict) else each for each in found.get("Groups") or []]
    entries = [
        {"dnsName": each.get("DnsName", ""), "hostedZoneId": each.get("HostedZoneId", "")}
        for each in found.get("DnsEntries") or []
    ]
    return {
        "id": id_,
        "arn": f"arn:{account.partition}:ec2:{account.region}:{owner}:vpc-endpoint/{id_}",
        "cidrBlocks": ours.get("Cidrs") or [],
        "dnsEntries": entries,
        "dnsOptions": [],
        "ipAddressType": found.get("IpAddressType", ""),
        "networkInterfaceIds": found.get("NetworkInterfaceIds") or [],
        "ownerId": owner,
        "policy": found.get("PolicyDocument", ""),
        "prefixListId": ours.get("PrefixListId", ""),
        "privateDnsEnabled": bool(found.get("PrivateDnsEnabled")),
        "region": account.region,
        "requesterManaged": bool(found.get("RequesterManaged")),
        "routeTableIds": found.get("RouteTableIds") or [],
        "securityGroupIds": groups,
        "serviceName": service,
        "serviceRegion": found.get("ServiceRegion") or account.region,
        "state": str(found.get("State", "available")).lower(),
        "subnetIds": found.get("SubnetIds") or [],
        "tags": tags(found),
        "vpcEndpointType": found.get("VpcEndpointType", "Gateway"),
        "vpcId": found["VpcId"],
    }


def security_group(account: Account, arguments: Properties) -> Properties:
    """aws.ec2.get_security_group (DescribeSecurityGroups)."""
    ids = [arguments["id"]] if arguments.get("id") else None
    asked = filters(arguments, {"name": "group-name", "vpcId": "vpc-id"})
    found = only(
        account.call("ec2", "DescribeSecurityGroups", GroupIds=ids, Filters=asked)["SecurityGroups"], "security groups"
    )
    return {
        "id": found["GroupId"],
        "arn": _arn(account, found["GroupId"], found.get("OwnerId")),
        "description": found.get("Description", ""),
        "name": found["GroupName"],
        "region": account.region,
        "tags": tags(found),
        "vpcId": found.get("VpcId", ""),
    }


def security_groups(account: Account, arguments: Properties) -> Properties:
    """aws.ec2.get_security_groups (DescribeSecurityGroups)."""
    asked = filters(arguments, {}) or []
    found = account.pages("ec2", "DescribeSecurityGroups", "SecurityGroups", Filters=asked)
    return {
        **arguments,
        "id": account.region,
        "arns": [_arn(account, each["GroupId"], each.get("OwnerId")) for each in found],
        "ids": [each["GroupId"] for each in found],
        "region": account.region,
        "tags": arguments.get("tags") or {},
        "vpcIds": [each.get("VpcId", "") for each in found],
    }


def _arn(account: Account, group: str, owner: str | None) -> str:
    return f"arn:{account.partition}:ec2:{account.region}:{owner or account.id}:security-group/{group}"


FUNCTIONS = {
    "aws:ec2/getVpcEndpoint:getVpcEndpoint": vpc_endpoint,
    "aws:ec2/getSecurityGroup:getSecurityGroup": security_group,
    "aws:ec2/getSecurityGroups:getSecurityGroups": security_groups,
}
