"""Security group rules where moto's differ from AWS's: a rule for a prefix list or a group has a description too."""

from __future__ import annotations

from functools import cache
from typing import Any


@cache
def keep_descriptions() -> None:
    """
    Let moto keep and tell the description that AuthorizeSecurityGroupEgress and -Ingress give a rule.

    AWS: PrefixListId and UserIdGroupPair (EC2 API) have a Description, and DescribeSecurityGroupRules returns it. moto
    keeps the prefix list's id alone, and tells the description of a CIDR's rule alone.
    """
    from moto.ec2.models.security_groups import SecurityGroupRule

    made = SecurityGroupRule.__init__

    def made_with_description(rule: Any, *args: Any, **named: Any) -> None:
        made(rule, *args, **named)
        listed = named.get("prefix_list_id") or (args[7] if len(args) > 7 else None)  # noqa: PLR2004
        if listed and listed.get("Description") and not rule.ip_range:
            rule.ip_range = {"Description": listed["Description"]}

    SecurityGroupRule.__init__ = made_with_description
    SecurityGroupRule.description = property(
        lambda rule: rule.ip_range.get("Description") or rule.source_group.get("Description")
    )
