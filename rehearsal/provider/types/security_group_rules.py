"""Rules of security groups, each a resource of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.provider.described import Resource
from rehearsal.provider.refusals import HalfMade, ProviderRefusal
from rehearsal.provider.tagging import EC2
from rehearsal.provider.types.security_groups import GONE, permission

if TYPE_CHECKING:
    from rehearsal.provider.account import Account
    from rehearsal.values import Properties


SOURCES = {
    "cidrIpv4": "CidrIpv4",
    "cidrIpv6": "CidrIpv6",
    "prefixListId": "PrefixListId",
    "referencedSecurityGroupId": "",
}


class OneRule(Resource):
    """A rule with one source, known to AWS by an id of its own."""

    service = "ec2"
    id_property = "securityGroupRuleId"
    one_of = (tuple(SOURCES),)
    replaces = ("securityGroupId", "region")
    missing = GONE
    tagging = EC2
    way: str

    def replaced_by(self, path: str, state: Properties, news: Properties) -> bool:
        """Another kind of source is another rule."""
        return path in SOURCES and (state.get(path) is None) != (news.get(path) is None)

    def suppressed(self, path: str, state: Properties, news: Properties) -> bool:
        """Ports mean nothing where every protocol is meant."""
        return path in ("fromPort", "toPort") and str(news.get("ipProtocol")) == "-1"

    def check(self, inputs: Properties) -> list[tuple[str, str]]:
        """Ports are needed unless every protocol is meant."""
        if str(inputs["ipProtocol"]) in ("-1", "icmp", "icmpv6") or not isinstance(inputs["ipProtocol"], str | int):
            return []
        return [
            (p, f"is needed for protocol {inputs['ipProtocol']}")
            for p in ("fromPort", "toPort")
            if inputs.get(p) is None
        ]

    def create(self, account: Account, inputs: Properties) -> str:
        """Authorize it, then tag it."""
        rule = {
            "protocol": inputs["ipProtocol"],
            "fromPort": inputs.get("fromPort", 0),
            "toPort": inputs.get("toPort", 0),
        }
        lists = {"cidrIpv4": "cidrBlocks", "cidrIpv6": "ipv6CidrBlocks", "prefixListId": "prefixListIds"}
        rule |= {name: [inputs[source]] for source, name in lists.items() if inputs.get(source)}
        if inputs.get("referencedSecurityGroupId"):
            rule["securityGroups"] = [str(inputs["referencedSecurityGroupId"]).rpartition("/")[2]]
        asked = permission({**rule, "description": inputs.get("description")}, "")
        group = inputs["securityGroupId"]
        answer = account.call("ec2", f"AuthorizeSecurityGroup{self.way}", GroupId=group, IpPermissions=[asked])
        id_ = str(answer["SecurityGroupRules"][0]["SecurityGroupRuleId"])
        if inputs.get("tags"):
            try:
                EC2.change(account, id_, {}, {}, inputs["tags"])
            except ProviderRefusal as refusal:
                raise HalfMade(id_, refusal) from refusal
        return id_

    def read(self, account: Account, id_: str, state: Properties) -> Properties | None:
        """DescribeSecurityGroupRules."""
        found = account.call("ec2", "DescribeSecurityGroupRules", SecurityGroupRuleIds=[id_])["SecurityGroupRules"]
        if not found:
            return None
        rule = found[0]
        owner = rule.get("GroupOwnerId") or account.id
        every = str(rule["IpProtocol"]) == "-1"
        return {
            "securityGroupRuleId": id_,
            "securityGroupId": rule["GroupId"],
            "ipProtocol": str(rule["IpProtocol"]),
            "fromPort": state.get("fromPort") if every else rule.get("FromPort"),
            "toPort": state.get("toPort") if every else rule.get("ToPort"),
            "cidrIpv4": rule.get("CidrIpv4"),
            "cidrIpv6": rule.get("CidrIpv6"),
            "prefixListId": rule.get("PrefixListId"),
            "referencedSecurityGroupId": (rule.get("ReferencedGroupInfo") or {}).get("GroupId"),
            "description": rule.get("Description") or None,
            "arn": f"arn:{account.partition}:ec2:{account.region}:{owner}:security-group-rule/{id_}",
        }

    def update(self, account: Account, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """ModifySecurityGroupRules with the whole rule."""
        asked: dict[str, Any] = {"IpProtocol": str(new["ipProtocol"])}
        ports = {"FromPort": new.get("fromPort"), "ToPort": new.get("toPort")}
        # -1 is how AWS itself writes "no port" of rules for every protocol.
        asked |= (
            dict.fromkeys(ports, -1)
            if asked["IpProtocol"] == "-1"
            else {k: int(v) for k, v in ports.items() if v is not None}
        )
        asked |= {api: new[name] for name, api in SOURCES.items() if api and new.get(name)}
        if new.get("referencedSecurityGroupId"):
            asked["ReferencedGroupId"] = new["referencedSecurityGroupId"]
        if new.get("description"):
            asked["Description"] = new["description"]
        wanted = [{"SecurityGroupRuleId": id_, "SecurityGroupRule": asked}]
        account.call("ec2", "ModifySecurityGroupRules", GroupId=new["securityGroupId"], SecurityGroupRules=wanted)

    def delete(self, account: Account, id_: str, state: Properties) -> None:
        """Revoke it by its id."""
        group = state["securityGroupId"]
        account.call("ec2", f"RevokeSecurityGroup{self.way}", GroupId=group, SecurityGroupRuleIds=[id_])


class SecurityGroupIngressRule(OneRule):
    """A way in."""

    token = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    noun = "VPC SecurityGroupIngressRule"
    way = "Ingress"


class SecurityGroupEgressRule(OneRule):
    """A way out."""

    token = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
    noun = "VPC SecurityGroupEgressRule"
    way = "Egress"
