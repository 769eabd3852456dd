"""EC2's networks where moto's differ from AWS's: gateway endpoints and their routes, and what holds subnets and groups.

Sources: "Gateway endpoints" (Amazon VPC User Guide: the route of a table comes and goes with its association),
ModifyVpcEndpoint (ResetPolicy), DeleteVpcEndpoints, DescribePrefixLists (Cidrs), DeleteSubnet and DeleteSecurityGroup,
CreateNetworkInterface, and "Error codes for the Amazon EC2 API" (DependencyViolation,
InsufficientFreeAddressesInSubnet).
"""

from __future__ import annotations

import ipaddress
import json
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


@cache
def correct() -> None:
    """Gives moto's EC2 what it lacks; once a process."""
    from moto.ec2.models.managed_prefixes import ManagedPrefixList

    _endpoints()
    _holds()
    ManagedPrefixList.cidrs = property(cidrs)


def cidrs(prefix_list: Any) -> list[str]:
    """The addresses of a prefix list's newest version (DescribePrefixLists, Cidrs)."""
    newest = list(prefix_list.entries.values())[-1:]
    return [entry["Cidr"] for entries in newest for entry in entries]


def _endpoints() -> None:
    """A gateway endpoint's routes lie in its tables, and in no other; a policy that is reset allows everything again.

    moto puts them there when the endpoint is made, and deletes the endpoint only while they all are.
    """
    from moto.ec2.models import EC2Backend
    from moto.ec2.models.vpcs import VPCEndPoint
    from moto.ec2.responses.vpcs import VPCs

    modify, delete, answer = EC2Backend.modify_vpc_endpoint, EC2Backend.delete_vpc_endpoints, VPCs.modify_vpc_endpoint
    create = EC2Backend.create_vpc_endpoint

    def created(
        backend: Any, vpc_id: str, service_name: str, endpoint_type: str | None, *args: Any, **named: Any
    ) -> Any:
        """One that names no type is a gateway (CreateVpcEndpoint, VpcEndpointType: "Default: Gateway")."""
        if endpoint_type == "Interface" and named.get("private_dns_enabled"):
            _one_private_dns_name(backend, vpc_id, service_name)
        return create(backend, vpc_id, service_name, endpoint_type or "Gateway", *args, **named)

    def modified(backend: Any, vpc_id: str, *args: Any, **named: Any) -> None:
        for table in named.get("add_route_tables") or []:
            backend.get_route_table(table)
        modify(backend, vpc_id, *args, **named)
        _route(backend, backend.vpc_end_points[vpc_id])

    def deleted(backend: Any, vpce_ids: list[str] | None = None) -> None:
        for endpoint in [backend.vpc_end_points[each] for each in vpce_ids or [] if each in backend.vpc_end_points]:
            endpoint.route_table_ids = [each for each in endpoint.route_table_ids if each in backend.route_tables]
            _route(backend, endpoint)
        delete(backend, vpce_ids)
        for name in vpce_ids or []:
            backend.vpc_end_points.pop(name, None)

    def answered(response: Any) -> Any:
        made = answer(response)
        if str(response._get_param("ResetPolicy")).lower() == "true":  # noqa: SLF001 - moto's way to read a parameter
            endpoint = response.ec2_backend.vpc_end_points[response._get_param("VpcEndpointId")]  # noqa: SLF001
            endpoint.policy_document = json.dumps(VPCEndPoint.DEFAULT_POLICY)
        return made

    EC2Backend.create_vpc_endpoint = created
    EC2Backend.modify_vpc_endpoint = modified
    EC2Backend.delete_vpc_endpoints = deleted
    VPCs.modify_vpc_endpoint = answered


def _one_private_dns_name(backend: Any, vpc: str, service: str) -> None:
    """A VPC takes one interface endpoint with a service's private DNS name: hashicorp/terraform-provider-aws#17535."""
    from moto.ec2.exceptions import EC2ClientError

    for other in backend.vpc_end_points.values():
        if (other.vpc_id, other.service_name) == (vpc, service) and other.private_dns_enabled:
            name = ".".join(reversed(service.split(".")[3:]))
            domain = f"{name}.{backend.region_name}.amazonaws.com"
            words = "private-dns-enabled cannot be set because there is already a conflicting DNS domain for"
            raise EC2ClientError("InvalidParameter", f"{words} {domain} in the VPC {vpc}")


def _route(backend: Any, endpoint: Any) -> None:
    wanted = endpoint.destination_prefix_list_id
    if not wanted:
        return
    for table in list(backend.route_tables.values()):
        own = [
            name
            for name, route in table._routes.items()  # noqa: SLF001 - moto has no other way
            if getattr(route.gateway, "id", None) == endpoint.id
        ]
        if own and table.id not in endpoint.route_table_ids:
            for name in own:
                del table._routes[name]  # noqa: SLF001
        elif not own and table.id in endpoint.route_table_ids:
            backend.create_route(table.id, None, gateway_id=endpoint.id, destination_prefix_list_id=wanted)


def _holds() -> None:
    """Network interfaces hold their subnet and their groups, and a subnet has only so many addresses.

    moto draws an interface's address at random, also one that is taken or AWS's own.
    """
    from moto.ec2.exceptions import DependencyViolationError, EC2ClientError
    from moto.ec2.models import EC2Backend

    delete_subnet, delete_group = EC2Backend.delete_subnet, EC2Backend.delete_security_group
    create, delete = EC2Backend.create_network_interface, EC2Backend.delete_network_interface

    def subnet_deleted(backend: Any, subnet_id: str) -> Any:
        if any(each.subnet.id == subnet_id for each in backend.enis.values()):
            raise DependencyViolationError(f"The subnet '{subnet_id}' has dependencies and cannot be deleted.")
        return delete_subnet(backend, subnet_id)

    def group_deleted(backend: Any, name: str | None = None, group_id: str | None = None) -> Any:
        if group_id and any(group.id == group_id for each in backend.enis.values() for group in each.group_set):
            raise DependencyViolationError(f"resource {group_id} has a dependent object")
        return delete_group(backend, name, group_id)

    def interface_created(backend: Any, subnet: Any, *args: Any, **named: Any) -> Any:
        held = backend.get_subnet(subnet) if isinstance(subnet, str) else subnet
        if held.available_ip_address_count < 1:
            raise EC2ClientError(
                "InsufficientFreeAddressesInSubnet",
                f"The specified subnet '{held.id}' does not have enough free addresses to satisfy the request.",
            )
        asked, *others = args or (named.pop("private_ip_address", None),)
        wanted = named.get("private_ip_addresses") or (others[0] if others else None)
        return create(backend, subnet, asked or (None if wanted else next(free_addresses(held))), *others, **named)

    def interface_deleted(backend: Any, eni_id: str) -> Any:
        held = backend.enis.get(eni_id)
        if held is not None and held.requester_managed:
            words = f"Network interface '{eni_id}' is currently in use and is managed by another service."
            raise EC2ClientError("InvalidParameterValue", words)
        return delete(backend, eni_id)

    EC2Backend.delete_subnet = subnet_deleted
    EC2Backend.delete_network_interface = interface_deleted
    EC2Backend.delete_security_group = group_deleted
    EC2Backend.create_network_interface = interface_created


def free_addresses(subnet: Any) -> Iterator[str]:
    """The addresses of moto's subnet that nothing has, in order.

    The first four and the last of a subnet are AWS's own ("Subnet CIDR blocks", Amazon VPC User Guide).
    """
    taken = {
        address["PrivateIpAddress"]
        for each in subnet.ec2_backend.enis.values()
        if each.subnet.id == subnet.id
        for address in each.private_ip_addresses
    }
    block = ipaddress.ip_network(subnet.cidr_block)
    for number in range(4, block.num_addresses - 1):
        address = str(block[number])
        if address not in taken:
            yield address
