"""The network of a job, looked at: one VPC, free addresses, names that resolve, a way to S3, groups that let out.

Asked: EC2 DescribeSubnets, DescribeVpcAttribute, DescribeRouteTables, DescribeVpcEndpoints, DescribePrefixLists,
DescribeSecurityGroups. Source: "Give Inference Recommender Jobs Access to Resources in Your Amazon VPC".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from knowledge import recommendations as facts
from knowledge import traffic
from pipeline.recommend.ground import ADDRESSES, DNS, GROUPS, NETWORK, ROUTES, finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from findings.finding import Finding
    from guards.live import Account
    from pipeline.recommend.ground import Ground

_PATIENT = "Free addresses in them, or name further subnets of the VPC (recommender.subnets)."

REFRESHED = "If the stack had made one, `holdfast refresh` before `up`: the stack believes that it is there."


@dataclass
class Network:
    """What the account says of a job's subnets and groups; each thing is asked once."""

    account: Account
    ground: Ground
    _kept: dict[str, Any] = field(default_factory=dict)

    def _subnets(self) -> list[dict[str, Any]]:
        if "subnets" not in self._kept:
            wanted = [{"Name": "subnet-id", "Values": [*self.ground.subnets]}]
            self._kept["subnets"] = self.account.pages("ec2", "describe_subnets", "Subnets", Filters=wanted)
        found: list[dict[str, Any]] = self._kept["subnets"]
        return found

    def vpc(self) -> Iterator[Finding]:
        """Subnets that are there, of one VPC."""
        found = {one["SubnetId"]: one for one in self._subnets()}
        missing = [one for one in self.ground.subnets if one not in found]
        vpcs = {one["VpcId"] for one in found.values()}
        fix = "Name subnets of one VPC, and groups of the same (recommender.subnets, recommender.securityGroups)."
        if missing:
            yield finding(NETWORK, "violated", f"There is no subnet {', '.join(missing)}.", fix=fix)
        elif len(vpcs) > 1:
            yield finding(NETWORK, "violated", f"The subnets lie in several VPCs: {', '.join(sorted(vpcs))}.", fix=fix)
        else:
            yield finding(NETWORK, "passed", f"The jobs' subnets lie in {', '.join(vpcs)}.")

    def addresses(self) -> Iterator[Finding]:
        """Two free private addresses for each instance of the largest step."""
        subnets = self._subnets()
        if len(subnets) < len(self.ground.subnets):
            return  # which is told by itself
        free = {one["SubnetId"]: int(one["AvailableIpAddressCount"]) for one in subnets}
        needed = facts.ADDRESSES_PER_INSTANCE * self.ground.instances
        told = ", ".join(f"{name} {count}" for name, count in free.items())
        if sum(free.values()) < needed:
            yield finding(
                ADDRESSES,
                "violated",
                f"The job's largest step has {self.ground.instances} instances, which need {needed} free private "
                f"addresses (two each); the subnets have {sum(free.values())} ({told}).",
                fix=f"{_PATIENT} Or run fewer tests at once (recommender.parallel).",
            )
        elif full := [name for name, count in free.items() if count < facts.ADDRESSES_PER_INSTANCE]:
            yield finding(
                ADDRESSES,
                "violated",
                f"{', '.join(full)} has fewer than two free private addresses ({told}), and an instance may be put "
                "into any of the subnets.",
                fix=_PATIENT,
            )
        else:
            yield finding(ADDRESSES, "passed", f"Free addresses: {told}; {needed} are needed.")

    def dns(self) -> Iterator[Finding]:
        """Names resolve in the VPC."""
        for vpc in sorted({one["VpcId"] for one in self._subnets()}):
            answer = self.account.ask("ec2", "describe_vpc_attribute", VpcId=vpc, Attribute="enableDnsSupport")
            if answer is None or answer["EnableDnsSupport"]["Value"]:
                yield finding(DNS, "passed", f"{vpc} resolves names (enableDnsSupport), so those of Amazon S3 too.")
            else:
                yield finding(
                    DNS,
                    "violated",
                    f"{vpc} has DNS support off, so Amazon S3's standard URLs don't resolve in it.",
                    fix="Switch enableDnsSupport on, or make sure that your own DNS resolves them and exempt this.",
                )

    def _table_of(self, subnet: dict[str, Any]) -> dict[str, Any]:
        """The subnet's route table, or the main one."""
        wanted = [{"Name": "vpc-id", "Values": [subnet["VpcId"]]}]
        key = f"tables {subnet['VpcId']}"
        if key not in self._kept:
            self._kept[key] = self.account.pages("ec2", "describe_route_tables", "RouteTables", Filters=wanted)
        tables: list[dict[str, Any]] = self._kept[key]
        main: dict[str, Any] = {}
        for table in tables:
            for one in table.get("Associations") or []:
                if one.get("SubnetId") == subnet["SubnetId"]:
                    return table
                main = table if one.get("Main") else main
        return main

    def _endpoints(self) -> list[dict[str, Any]]:
        """The endpoints of Amazon S3 in the jobs' VPCs that are available."""
        if "endpoints" not in self._kept:
            vpcs = sorted({one["VpcId"] for one in self._subnets()})
            wanted = [{"Name": "vpc-id", "Values": vpcs}]
            found = self.account.pages("ec2", "describe_vpc_endpoints", "VpcEndpoints", Filters=wanted)
            self._kept["endpoints"] = [
                one
                for one in found
                if one["ServiceName"] == f"com.amazonaws.{self.account.region}.s3"
                and str(one["State"]).lower() == "available"
            ]
        endpoints: list[dict[str, Any]] = self._kept["endpoints"]
        return endpoints

    def _serving(self, subnet: dict[str, Any]) -> dict[str, Any] | None:
        table = self._table_of(subnet).get("RouteTableId")
        for one in self._endpoints():
            gateway = str(one["VpcEndpointType"]) == "Gateway"
            if (gateway and table in (one.get("RouteTableIds") or [])) or (
                not gateway and one.get("PrivateDnsEnabled")
            ):
                return one
        return None

    def gateways(self) -> list[dict[str, Any]]:
        """The endpoints of Amazon S3 that serve the jobs' subnets."""
        found = {one["VpcEndpointId"]: one for each in self._subnets() if (one := self._serving(each))}
        return [*found.values()]

    def routes(self) -> Iterator[Finding]:
        """Each subnet reaches Amazon S3."""
        gateways = [one["VpcEndpointId"] for one in self._endpoints() if str(one["VpcEndpointType"]) == "Gateway"]
        wrong = []
        for subnet in self._subnets():
            table = self._table_of(subnet)
            if self._serving(subnet) is None and not _leads_out(table):
                wrong.append(f"{subnet['SubnetId']} (route table {table.get('RouteTableId', 'none')})")
        if not wrong:
            ways = ", ".join(one["VpcEndpointId"] for one in self.gateways()) or "a way out of the VPC"
            yield finding(ROUTES, "passed", f"The jobs' subnets reach Amazon S3 by {ways}.")
        elif self.ground.makes_endpoint and not gateways:
            yield finding(
                ROUTES,
                "violated",
                f"{', '.join(wrong)} can't reach Amazon S3 yet: there is no gateway endpoint of it. `holdfast up` "
                "makes one, unless the stack had made it and somebody deleted it.",
                fix=REFRESHED,
                advisory=True,
            )
        elif gateways:
            yield finding(
                ROUTES,
                "violated",
                f"{', '.join(wrong)} can't reach Amazon S3: the gateway endpoint {', '.join(gateways)} isn't on that "
                "table, and no other way leads there. A second endpoint isn't made beside yours.",
                fix=f"Associate the route table with {gateways[0]}, or set recommender.s3Endpoint to own.",
            )
        else:
            yield finding(
                ROUTES,
                "violated",
                f"{', '.join(wrong)} can't reach Amazon S3: there is neither a gateway endpoint of it nor a way out.",
                fix="Set recommender.s3Endpoint to auto and run `holdfast up`, or make a gateway endpoint. "
                + REFRESHED,
            )

    def groups(self) -> Iterator[Finding]:
        """The groups let out to Amazon S3 and to the subnets."""
        wanted = [{"Name": "group-id", "Values": [*self.ground.groups]}]
        found = self.account.pages("ec2", "describe_security_groups", "SecurityGroups", Filters=wanted)
        missing = [one for one in self.ground.groups if one not in {each["GroupId"] for each in found}]
        if missing:
            yield finding(
                GROUPS, "violated", f"There is no security group {', '.join(missing)}.", fix="Name one that is there."
            )
            return
        lines = traffic.openings(rule for each in found for rule in each.get("IpPermissionsEgress") or [])
        peers = traffic.reached(lines)
        service = f"com.amazonaws.{self.account.region}.s3"
        lists = self.account.pages(
            "ec2",
            "describe_prefix_lists",
            "PrefixLists",
            Filters=[{"Name": "prefix-list-name", "Values": [service]}],
        )
        blocks = sorted(one["CidrBlock"] for one in self._subnets())
        wrong = [block for block in blocks if not traffic.covered(block, peers)]
        for one in lists:
            if one["PrefixListName"] != service or traffic.covered(one["PrefixListId"], peers):
                continue
            if not all(traffic.covered(cidr, peers) for cidr in one.get("Cidrs") or [""]):
                wrong.insert(0, f"Amazon S3 (prefix list {one['PrefixListId']})")
        named = ", ".join(self.ground.groups)
        if wrong:
            yield finding(
                GROUPS,
                "violated",
                f"The security groups {named} don't let HTTPS out to {', '.join(dict.fromkeys(wrong))}.",
                fix="Add the rules, or leave recommender.securityGroups out: the stack then makes a group with them.",
            )
        else:
            yield finding(GROUPS, "passed", f"The groups {named} let out to Amazon S3 and to the subnets.")


def _leads_out(table: dict[str, Any]) -> bool:
    """A default route that an interface without a public address can take."""
    return any(
        traffic.destination(route) in {"0.0.0.0/0", "::/0"}
        and not str(route.get("GatewayId") or "").startswith("igw-")
        and route.get("State") != "blackhole"
        for route in table.get("Routes") or []
    )
