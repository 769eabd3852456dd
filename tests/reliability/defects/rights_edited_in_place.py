"""Defect: the role's rights are edited in place, so the old instances lose theirs before the endpoint has moved."""

from typing import Any

import pulumi
import pulumi_aws as aws

_made = aws.iam.RolePolicy.__init__


def _in_place(self: Any, name: str, *args: Any, opts: Any = None, **given: Any) -> None:
    _made(self, name, *args, opts=pulumi.ResourceOptions(parent=opts.parent if opts else None), **given)


aws.iam.RolePolicy.__init__ = _in_place
