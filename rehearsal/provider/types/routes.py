"""EC2: route tables and which subnets use them. Source: the EC2 API reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.provider.described import Resource

if TYPE_CHECKING:
    from rehearsal.provider.account import Account
    from rehearsal.values import Properties
from rehearsal.provider.types.ec2 import Ec2Resource

TARGETS = {
    "carrierGatewayId": "CarrierGatewayId",
    "coreNetworkArn": "CoreNetworkArn",
    "egressOnlyGatewayId": "EgressOnlyInternetGatewayId",
    "gatewayId": "GatewayId",
    "localGatewayId": "LocalGatewayId",
    "natGatewayId": "NatGatewayId",
    "networkInterfaceId": "NetworkInterfaceId",
    "transitGatewayId": "TransitGatewayId",
    "vpcEndpointId": "VpcEndpointId",
    "vpcPeeringConnectionId": "VpcPeeringConnectionId",
}
DESTINATIONS = {
    "cidrBlock": "DestinationCidrBlock",
    "ipv6CidrBlock": "DestinationIpv6CidrBlock",
    "destinationPrefixListId": "DestinationPrefixListId",
}


def route(found: dict[str, Any]) -> Properties:
    """One route of DescribeRouteTables in Pulumi's names."""
    names = TARGETS | DESTINATIONS
    return {name: found[api] for name, api in names.items() if found.get(api)}


def asked_route(wanted: Properties) -> dict[str, Any]:
    """One route as CreateRoute wants it."""
    names = TARGETS | DESTINATIONS
    return {names[name]: value for name, value in wanted.items() if name in names and value}


def destination(wanted: Properties) -> dict[str, Any]:
    """What DeleteRoute needs of it."""
    return {api: wanted[name] for name, api in DESTINATIONS.items() if wanted.get(name)}


class RouteTable(Ec2Resource):
    """Where packets go."""

    token = "aws:ec2/routeTable:RouteTable"
    noun = "EC2 RouteTable"
    kind, made, made_id = "route-table", "RouteTable", "RouteTableId"
    replaces = ("vpcId", "region")
    optional_computed = ("propagatingVgws", "routes")
    sets = ("routes", "propagatingVgws")
    lacks = ("propagatingVgws",)
    create_operation, read_operation = "CreateRouteTable", "DescribeRouteTables"
    id_parameter, answer = "RouteTableIds", "RouteTables"
    missing = (("InvalidRouteTableID.NotFound", ""),)

    def finish(self, account: Account, id_: str, inputs: Properties) -> None:
        """The routes given inline."""
        for wanted in inputs.get("routes") or []:
            account.call("ec2", "CreateRoute", RouteTableId=id_, **asked_route(wanted))

    def told(self, account: Account, id_: str, found: dict[str, Any]) -> Properties:
        """Routes that somebody made: not the local one, nor those of gateway endpoints."""
        own = [
            r
            for r in found.get("Routes") or []
            if r.get("GatewayId") != "local" and r.get("Origin") != "EnableVgwRoutePropagation"
        ]
        own = [r for r in own if not str(r.get("GatewayId", "")).startswith("vpce-")]
        owner = found.get("OwnerId") or account.id
        return {"routes": [route(r) for r in own], "ownerId": owner, "propagatingVgws": []}

    def update(self, account: Account, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Routes to a destination are created, replaced or deleted."""
        before = {str(destination(r)): r for r in old.get("routes") or []}
        after = {str(destination(r)): r for r in new.get("routes") or []}
        for key in sorted(set(before) - set(after)):
            account.call("ec2", "DeleteRoute", RouteTableId=id_, **destination(before[key]))
        for key, wanted in sorted(after.items()):
            if asked_route(before.get(key, {})) != asked_route(wanted):
                operation = "ReplaceRoute" if key in before else "CreateRoute"
                account.call("ec2", operation, RouteTableId=id_, **asked_route(wanted))

    def delete(self, account: Account, id_: str, state: Properties) -> None:
        """Associations first."""
        for association in self.describe(account, id_).get("Associations") or []:
            if not association.get("Main"):
                account.call("ec2", "DisassociateRouteTable", AssociationId=association["RouteTableAssociationId"])
        account.call("ec2", "DeleteRouteTable", RouteTableId=id_)


class RouteTableAssociation(Resource):
    """Which table a subnet uses."""

    token = "aws:ec2/routeTableAssociation:RouteTableAssociation"
    noun = "EC2 RouteTableAssociation"
    service = "ec2"
    id_property = "id"
    one_of = (("subnetId", "gatewayId"),)
    replaces = ("gatewayId", "subnetId", "region")
    missing = (("InvalidAssociationID.NotFound", ""), ("InvalidRouteTableID.NotFound", ""))

    def create(self, account: Account, inputs: Properties) -> str:
        """AssociateRouteTable."""
        asked = {"SubnetId": inputs.get("subnetId"), "GatewayId": inputs.get("gatewayId")}
        return str(
            account.call("ec2", "AssociateRouteTable", RouteTableId=inputs["routeTableId"], **asked)["AssociationId"]
        )

    def _found(self, account: Account, id_: str, state: Properties) -> tuple[str, Properties] | None:
        """Its id now and what it joins: by its id, or (a move changes the id) by the subnet or gateway."""
        others = []
        for table in account.pages("ec2", "DescribeRouteTables", "RouteTables"):
            for association in table.get("Associations") or []:
                where = {"subnetId": association.get("SubnetId"), "gatewayId": association.get("GatewayId")}
                told = association["RouteTableAssociationId"], {"routeTableId": table["RouteTableId"], **where}
                if told[0] == id_:
                    return told
                if any(value is not None and value == state.get(name) for name, value in where.items()):
                    others.append(told)
        return others[0] if others else None

    def read(self, account: Account, id_: str, state: Properties) -> Properties | None:
        """Look through all tables, since the association may have moved."""
        found = self._found(account, id_, state)
        return found[1] if found else None

    def update(self, account: Account, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """ReplaceRouteTableAssociation. It gives a new id, which an update can't tell the engine: see `_found`."""
        found = self._found(account, id_, old)
        if found:
            moved = {"AssociationId": found[0], "RouteTableId": new["routeTableId"]}
            account.call("ec2", "ReplaceRouteTableAssociation", **moved)
        else:
            self.create(account, new)

    def delete(self, account: Account, id_: str, state: Properties) -> None:
        """DisassociateRouteTable."""
        found = self._found(account, id_, state)
        if found:
            account.call("ec2", "DisassociateRouteTable", AssociationId=found[0])

    def imported(self, account: Account, id_: str) -> Properties:
        """An id says nothing more."""
        return {}


class Route(Resource):
    """One route of a table, apart from it."""

    token = "aws:ec2/route:Route"
    noun = "EC2 Route"
    service = "ec2"
    id_property = "id"
    one_of = (("destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId"),)
    replaces = (
        "routeTableId",
        "destinationCidrBlock",
        "destinationIpv6CidrBlock",
        "destinationPrefixListId",
        "region",
    )
    optional_computed = ("networkInterfaceId",)
    missing = (("InvalidRouteTableID.NotFound", ""), ("InvalidRoute.NotFound", ""))

    def create(self, account: Account, inputs: Properties) -> str:
        """CreateRoute. The id is made of table and destination."""
        account.call("ec2", "CreateRoute", RouteTableId=inputs["routeTableId"], **_asked(inputs))
        return f"r-{inputs['routeTableId']}{next(iter(_destination(inputs).values()))}"

    def read(self, account: Account, id_: str, state: Properties) -> Properties | None:
        """The route among those of its table."""
        table = state.get("routeTableId")
        for one in account.pages("ec2", "DescribeRouteTables", "RouteTables", RouteTableIds=[table]):
            for found in one.get("Routes") or []:
                if all(found.get(api) == value for api, value in _destination(state).items()):
                    told = {name: found.get(api) for name, api in (TARGETS | _APART).items() if name in self.outputs()}
                    kept = {"routeTableId": table, "origin": found.get("Origin"), "state": found.get("State")}
                    return {**told, **kept}
        return None

    def update(self, account: Account, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """ReplaceRoute: another target."""
        account.call("ec2", "ReplaceRoute", RouteTableId=new["routeTableId"], **_asked(new))

    def delete(self, account: Account, id_: str, state: Properties) -> None:
        """DeleteRoute."""
        account.call("ec2", "DeleteRoute", RouteTableId=state["routeTableId"], **_destination(state))

    def imported(self, account: Account, id_: str) -> Properties:
        """`<table>_<destination>`, as pulumi-aws takes it."""
        table, _, to = id_.partition("_")
        return {"routeTableId": table, "destinationCidrBlock": to}


_APART = {f"destination{name[:1].upper()}{name[1:]}": api for name, api in DESTINATIONS.items() if name[0] != "d"} | {
    "destinationPrefixListId": "DestinationPrefixListId"
}
"""The destinations as a route of its own spells them."""


def _destination(values: Properties) -> dict[str, Any]:
    return {api: values[name] for name, api in _APART.items() if values.get(name)}


def _asked(values: Properties) -> dict[str, Any]:
    targets = {api: values[name] for name, api in TARGETS.items() if values.get(name)}
    return _destination(values) | targets


class VpcEndpointRouteTableAssociation(Resource):
    """A gateway endpoint in a route table."""

    token = "aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation"
    noun = "EC2 VpcEndpointRouteTableAssociation"
    service = "ec2"
    id_property = "id"
    replaces = ("vpcEndpointId", "routeTableId", "region")
    missing = (("InvalidVpcEndpointId.NotFound", ""),)

    def create(self, account: Account, inputs: Properties) -> str:
        """ModifyVpcEndpoint. The id is made of both ids."""
        table, endpoint = inputs["routeTableId"], inputs["vpcEndpointId"]
        account.call("ec2", "ModifyVpcEndpoint", VpcEndpointId=endpoint, AddRouteTableIds=[table])
        return f"a-{endpoint}{table}"

    def read(self, account: Account, id_: str, state: Properties) -> Properties | None:
        """Whether the endpoint has the table."""
        table, endpoint = state["routeTableId"], state["vpcEndpointId"]
        for found in account.call("ec2", "DescribeVpcEndpoints", VpcEndpointIds=[endpoint])["VpcEndpoints"]:
            if table in (found.get("RouteTableIds") or []):
                return {"routeTableId": table, "vpcEndpointId": endpoint}
        return None

    def delete(self, account: Account, id_: str, state: Properties) -> None:
        """ModifyVpcEndpoint."""
        gone = {"VpcEndpointId": state["vpcEndpointId"], "RemoveRouteTableIds": [state["routeTableId"]]}
        account.call("ec2", "ModifyVpcEndpoint", **gone)

    def imported(self, account: Account, id_: str) -> Properties:
        """`<endpoint>/<table>`, as pulumi-aws takes it."""
        endpoint, _, table = id_.partition("/")
        return {"vpcEndpointId": endpoint, "routeTableId": table}
