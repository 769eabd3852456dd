"""Serves the rules."""

from pulumi_policy import EnforcementLevel, PolicyPack
from website_rules import few_objects, owned, pages_are_html

PolicyPack("websites", enforcement_level=EnforcementLevel.MANDATORY, policies=[owned, pages_are_html, few_objects])
