"""Security group rules where moto's differ from AWS's: a rule for a prefix list has a description too."""

from __future__ import annotations

from functools import cache
from typing import Any


@cache
def keep_descriptions() -> None:
    """
    Let moto keep the description that AuthorizeSecurityGroupEgress and -Ingress give a rule of a prefix list.

    AWS: PrefixListId (EC2 API) has a Description, and DescribeSecurityGroupRules returns it. moto keeps the id alone.
    """
    from moto.ec2.models.security_groups import SecurityGroupRule

    made = SecurityGroupRule.__init__

    def made_with_description(rule: Any, *args: Any, **named: Any) -> None:
        made(rule, *args, **named)
        listed = named.get("prefix_list_id") or (args[7] if len(args) > 7 else None)  # noqa: PLR2004
        if listed and listed.get("Description") and not rule.ip_range:
            rule.ip_range = {"Description": listed["Description"]}

    SecurityGroupRule.__init__ = made_with_description
