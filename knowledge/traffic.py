"""Rules of security groups and routes: what they let through, and what is lost when one goes.

Only TCP port 443 is looked at: artifacts (Amazon S3), registries and AWS's APIs are reached by HTTPS. Sources:
"Security group rules" and "Route tables" (Amazon VPC User Guide), "Give SageMaker AI hosted endpoints access to
resources in your Amazon VPC" (SageMaker Developer Guide, host-vpc).
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

HTTPS = 443
_ALL_PROTOCOLS = frozenset({"-1", "all"})
_TCP = frozenset({"tcp", "6"})

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _listed(value: Any) -> list[Any]:
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _first(item: Mapping[str, Any], *names: str) -> Any:
    return next((item[name] for name in names if item.get(name) is not None), None)


def lets_https(rule: Mapping[str, Any]) -> bool:
    """Whether a rule (Pulumi's or EC2's spelling) is about TCP port 443."""
    protocol = str(_first(rule, "ipProtocol", "IpProtocol", "protocol") or "-1").lower()
    if protocol in _ALL_PROTOCOLS:
        return True
    if protocol not in _TCP:
        return False
    low, high = _first(rule, "fromPort", "FromPort"), _first(rule, "toPort", "ToPort")
    return low is None or (int(low) <= HTTPS <= int(high if high is not None else low))


def peers(rule: Mapping[str, Any], own: str = "") -> Iterator[str]:
    """Where a rule leads to, or lets in from: address ranges, `pl-...`, `sg-...` (`own` where it says `self`)."""
    for name in ("cidrBlocks", "ipv6CidrBlocks", "prefixListIds", "securityGroups"):
        yield from (str(one) for one in _listed(rule.get(name)) if one)
    for name in ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId", "sourceSecurityGroupId"):
        if rule.get(name):
            yield str(rule[name])
    for listing, name in (
        ("IpRanges", "CidrIp"),
        ("Ipv6Ranges", "CidrIpv6"),
        ("PrefixListIds", "PrefixListId"),
        ("UserIdGroupPairs", "GroupId"),
    ):
        yield from (str(one[name]) for one in _listed(rule.get(listing)) if one.get(name))
    if rule.get("self") and own:
        yield own


Opening = tuple[str, int, int, str]
"""Protocol, first port, last port, peer: one line of a security group."""


def openings(rules: Iterable[Mapping[str, Any]], own: str = "") -> set[Opening]:
    """The lines among the rules that are about TCP port 443, one for each peer."""
    found: set[Opening] = set()
    for rule in rules:
        if not lets_https(rule):
            continue
        protocol = str(_first(rule, "ipProtocol", "IpProtocol", "protocol") or "-1").lower()
        if protocol in _ALL_PROTOCOLS:
            ports = ("-1", -1, -1)
        else:
            low, high = _first(rule, "fromPort", "FromPort"), _first(rule, "toPort", "ToPort")
            ports = ("tcp", -1 if low is None else int(low), -1 if high is None else int(high))
        found |= {(*ports, peer) for peer in peers(rule, own)}
    return found


def reached(lines: Iterable[Opening]) -> set[str]:
    """The peers of some lines."""
    return {line[3] for line in lines}


def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def covered(peer: str, by: Iterable[str]) -> bool:
    """Whether an address range (or prefix list, or group) is within what remains."""
    rest = list(by)
    if peer in rest:
        return True
    wanted = _network(peer)
    ranges = [network for text in rest if (network := _network(text)) is not None]
    if wanted is None:  # a prefix list or a group: all addresses of AWS's services and of a VPC are IPv4 ones at least
        return any(network.version == 4 and network.prefixlen == 0 for network in ranges)  # noqa: PLR2004
    same = [network for network in ranges if network.version == wanted.version]
    return any(wanted.subnet_of(network) for network in ipaddress.collapse_addresses(same))  # type: ignore[type-var,arg-type]


def lost(before: Iterable[str], after: Iterable[str]) -> list[str]:
    """What `before` holds and `after` no longer covers, sorted."""
    rest = list(after)
    return sorted(peer for peer in set(before) if not covered(peer, rest))


# --- routes -------------------------------------------------------------------------------------------------------

_DESTINATIONS = (
    "destinationCidrBlock",
    "destinationIpv6CidrBlock",
    "destinationPrefixListId",
    "cidrBlock",
    "ipv6CidrBlock",
    "DestinationCidrBlock",
    "DestinationIpv6CidrBlock",
    "DestinationPrefixListId",
)


def destination(route: Mapping[str, Any]) -> str:
    """Where a route leads to (an address range or a prefix list); "" while it isn't known."""
    return str(next((route[name] for name in _DESTINATIONS if isinstance(route.get(name), str) and route[name]), ""))


def destinations(routes: Iterable[Mapping[str, Any]]) -> set[str]:
    """What the routes of a table reach: the local one left out, and those whose target is gone (blackhole)."""
    return {
        to
        for route in routes
        if (to := destination(route)) and route.get("GatewayId") != "local" and route.get("State") != "blackhole"
    }
