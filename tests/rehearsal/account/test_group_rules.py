"""Security group rules as AWS has them, where moto's differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from account_world import World


def test_a_rule_for_a_prefix_list_keeps_its_description(world: World) -> None:
    """A refresh that lost it would plan a change that nobody made."""
    ec2 = world.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="g", Description="d", VpcId=vpc)["GroupId"]
    listed = ec2.describe_prefix_lists()["PrefixLists"][0]["PrefixListId"]
    ways = [{"PrefixListId": listed, "Description": "HTTPS to Amazon S3"}]
    permission = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "PrefixListIds": ways}
    made = ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[permission])
    rule = made["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    (read,) = ec2.describe_security_group_rules(SecurityGroupRuleIds=[rule])["SecurityGroupRules"]

    assert (read["PrefixListId"], read["Description"]) == (listed, "HTTPS to Amazon S3")
