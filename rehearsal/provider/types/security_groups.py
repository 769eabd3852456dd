"""EC2 security groups and their rules, in the three ways pulumi-aws has them. Source: the EC2 API reference."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from rehearsal.provider.described import AutoName, Limit, Resource, unique_name
from rehearsal.provider.refusals import HalfMade, ProviderRefusal
from rehearsal.provider.tagging import EC2
from rehearsal.provider.types.ec2 import Ec2Resource

if TYPE_CHECKING:
    from rehearsal.provider.account import Account
    from rehearsal.values import Properties

GONE = (("InvalidGroup.NotFound", ""), ("InvalidSecurityGroupRuleId.NotFound", ""), ("InvalidPermission.NotFound", ""))


def permission(rule: Properties, group: str) -> dict[str, Any]:
    """A rule with lists of sources as an IpPermission."""
    described = {"Description": rule["description"]} if rule.get("description") else {}
    groups = [*(rule.get("securityGroups") or []), *([group] if rule.get("self") else [])]
    made: dict[str, Any] = {"IpProtocol": str(rule["protocol"])}
    if str(rule["protocol"]) != "-1":
        made |= {"FromPort": int(rule["fromPort"]), "ToPort": int(rule["toPort"])}
    sources = {
        "IpRanges": [{"CidrIp": c, **described} for c in rule.get("cidrBlocks") or []],
        "Ipv6Ranges": [{"CidrIpv6": c, **described} for c in rule.get("ipv6CidrBlocks") or []],
        "PrefixListIds": [{"PrefixListId": p, **described} for p in rule.get("prefixListIds") or []],
        "UserIdGroupPairs": [{"GroupId": g, **described} for g in groups],
    }
    return made | {name: value for name, value in sources.items() if value}


def rules(permissions: list[dict[str, Any]], group: str) -> list[Properties]:
    """IpPermissions as Pulumi's inline rules: one for each description."""
    made: dict[tuple[Any, ...], Properties] = {}
    sources = (
        ("IpRanges", "CidrIp", "cidrBlocks"),
        ("Ipv6Ranges", "CidrIpv6", "ipv6CidrBlocks"),
        ("PrefixListIds", "PrefixListId", "prefixListIds"),
        ("UserIdGroupPairs", "GroupId", "securityGroups"),
    )
    for found in permissions:
        ports = (found["IpProtocol"], found.get("FromPort") or 0, found.get("ToPort") or 0)
        for member, key, name in sources:
            for source in found.get(member) or []:
                said = source.get("Description", "")
                fresh = {
                    "protocol": ports[0],
                    "fromPort": ports[1],
                    "toPort": ports[2],
                    "description": said,
                    "self": False,
                }
                rule = made.setdefault((*ports, said), fresh)
                if name == "securityGroups" and source[key] == group:
                    rule["self"] = True
                else:
                    rule.setdefault(name, []).append(source[key])
    return list(made.values())


class SecurityGroup(Ec2Resource):
    """Who may talk to whom."""

    token = "aws:ec2/securityGroup:SecurityGroup"
    noun = "EC2 SecurityGroup"
    kind = "security-group"
    auto_name = AutoName(limit=255, unless=("namePrefix",))
    conflicts = (("name", "namePrefix"),)
    defaults = {
        "description": "Managed by Pulumi",
        "revokeRulesOnDelete": False,
        "ingress[].self": False,
        "egress[].self": False,
    }
    limits = {"name": Limit(r"(?!sg-).+", "may not begin with sg-", longest=255), "description": Limit(longest=255)}
    replaces = ("name", "namePrefix", "description", "vpcId", "region")
    optional_computed = ("ingress", "egress", "name", "namePrefix", "vpcId")
    sets = ("ingress", "egress")
    unread = ("namePrefix", "revokeRulesOnDelete")
    read_operation, id_parameter, answer = "DescribeSecurityGroups", "GroupIds", "SecurityGroups"
    create_operation = "CreateSecurityGroup"
    renames = {"name": "GroupName"}
    missing = GONE

    def create(self, account: Account, inputs: Properties) -> str:
        """CreateSecurityGroup; AWS's own allow-all egress is taken away, then rules given inline are set."""
        values = {**inputs, "name": inputs.get("name") or unique_name(inputs.get("namePrefix", ""))}
        asked = self.request(account, "CreateSecurityGroup", values)
        if inputs.get("tags"):
            asked["TagSpecifications"] = [{"ResourceType": self.kind, "Tags": EC2.written(inputs["tags"])}]
        id_ = str(account.call("ec2", "CreateSecurityGroup", **asked)["GroupId"])
        try:
            for given in self.describe(account, id_).get("IpPermissionsEgress") or []:
                account.call("ec2", "RevokeSecurityGroupEgress", GroupId=id_, IpPermissions=[given])
            self.update(account, id_, {}, inputs, {name for name in ("ingress", "egress") if inputs.get(name)})
        except ProviderRefusal as refusal:
            raise HalfMade(id_, refusal) from refusal
        return id_

    def told(self, account: Account, id_: str, found: dict[str, Any]) -> Properties:
        """Rules in Pulumi's form."""
        return {
            "ingress": rules(found.get("IpPermissions") or [], id_),
            "egress": rules(found.get("IpPermissionsEgress") or [], id_),
            "ownerId": found.get("OwnerId") or account.id,
        }

    def update(self, account: Account, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """What is no longer wanted is revoked, what is new is authorised."""
        for name in ("ingress", "egress"):
            if name not in changed:
                continue
            way = name.capitalize()
            before = {json.dumps(permission(r, id_), sort_keys=True) for r in old.get(name) or []}
            after = {json.dumps(permission(r, id_), sort_keys=True) for r in new.get(name) or []}
            for gone in sorted(before - after):
                account.call("ec2", f"RevokeSecurityGroup{way}", GroupId=id_, IpPermissions=[json.loads(gone)])
            for put in sorted(after - before):
                account.call("ec2", f"AuthorizeSecurityGroup{way}", GroupId=id_, IpPermissions=[json.loads(put)])

    def delete(self, account: Account, id_: str, state: Properties) -> None:
        """DeleteSecurityGroup, with revokeRulesOnDelete after its rules."""
        if state.get("revokeRulesOnDelete"):
            found = self.describe(account, id_)
            for member, way in (("IpPermissions", "Ingress"), ("IpPermissionsEgress", "Egress")):
                if found.get(member):
                    account.call("ec2", f"RevokeSecurityGroup{way}", GroupId=id_, IpPermissions=found[member])
        account.call("ec2", "DeleteSecurityGroup", GroupId=id_)


class SecurityGroupRule(Resource):
    """One permission of a group, with lists of sources."""

    token = "aws:ec2/securityGroupRule:SecurityGroupRule"
    noun = "EC2 SecurityGroupRule"
    service = "ec2"
    id_property = "id"
    defaults = {"self": False}
    limits = {"type": Limit(choices=("ingress", "egress"))}
    replaces = (
        "cidrBlocks",
        "fromPort",
        "ipv6CidrBlocks",
        "prefixListIds",
        "protocol",
        "securityGroupId",
        "self",
        "sourceSecurityGroupId",
        "toPort",
        "type",
        "region",
    )
    optional_computed = ("sourceSecurityGroupId",)
    delete_before_replace = True
    missing = GONE

    def _asked(self, inputs: Properties) -> dict[str, Any]:
        source = inputs.get("sourceSecurityGroupId")
        return permission({**inputs, "securityGroups": [source] if source else []}, str(inputs["securityGroupId"]))

    def create(self, account: Account, inputs: Properties) -> str:
        """AuthorizeSecurityGroupIngress or -Egress; the id is Terraform's own, a hash."""
        way, asked, group = str(inputs["type"]).capitalize(), self._asked(inputs), str(inputs["securityGroupId"])
        account.call("ec2", f"AuthorizeSecurityGroup{way}", GroupId=group, IpPermissions=[asked])
        text = json.dumps([group, inputs["type"], asked], sort_keys=True)
        return f"sgrule-{int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)}"

    def read(self, account: Account, id_: str, state: Properties) -> Properties | None:
        """Whether each source of the permission is among the group's rules."""
        group, outgoing = state["securityGroupId"], state["type"] == "egress"
        named = [{"Name": "group-id", "Values": [group]}]
        every = account.call("ec2", "DescribeSecurityGroupRules", Filters=named)["SecurityGroupRules"]
        ports = {"-1": None}.get(str(state["protocol"]), (int(state["fromPort"]), int(state["toPort"])))
        ours = [
            r
            for r in every
            if r["IsEgress"] == outgoing
            and r["IpProtocol"] == str(state["protocol"])
            and (ports is None or (r.get("FromPort"), r.get("ToPort")) == ports)
        ]
        known = {self._source(r): r for r in ours}
        groups = [state.get("sourceSecurityGroupId"), group if state.get("self") else None]
        lists = [
            *(state.get(n) or [] for n in ("cidrBlocks", "ipv6CidrBlocks", "prefixListIds")),
            [g for g in groups if g],
        ]
        wanted = [source for listed in lists for source in listed]
        if not wanted or not all(source in known for source in wanted):
            return None
        one = known[wanted[0]]
        return {
            "securityGroupRuleId": one["SecurityGroupRuleId"] if len(wanted) == 1 else None,
            "description": one.get("Description") or None,
        }

    @staticmethod
    def _source(rule: dict[str, Any]) -> str | None:
        group = (rule.get("ReferencedGroupInfo") or {}).get("GroupId")
        return rule.get("CidrIpv4") or rule.get("CidrIpv6") or rule.get("PrefixListId") or group

    def update(self, account: Account, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Only the description can change."""
        way, group = str(new["type"]).capitalize(), new["securityGroupId"]
        asked = [self._asked(new)]
        account.call("ec2", f"UpdateSecurityGroupRuleDescriptions{way}", GroupId=group, IpPermissions=asked)

    def delete(self, account: Account, id_: str, state: Properties) -> None:
        """RevokeSecurityGroupIngress or -Egress."""
        way, group = str(state["type"]).capitalize(), state["securityGroupId"]
        account.call("ec2", f"RevokeSecurityGroup{way}", GroupId=group, IpPermissions=[self._asked(state)])

    def imported(self, account: Account, id_: str) -> Properties:
        """Terraform's id is a hash: there is nothing to read by it."""
        raise ProviderRefusal(
            f"a SecurityGroupRule can't be imported here (id {id_}): its id says nothing of group and source. "
            "Use aws.vpc.SecurityGroupIngressRule or SecurityGroupEgressRule, whose id AWS knows.",
        )
