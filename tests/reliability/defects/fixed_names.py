"""Defect: model and configuration have names of their own, and no delete_before_replace=False beside them."""

from typing import Any

import pulumi_aws as aws

import guards

guards.install = lambda **_: None
for _kind in (aws.sagemaker.Model, aws.sagemaker.EndpointConfiguration):

    def _named(self: Any, name: str, *args: Any, opts: Any = None, _init: Any = _kind.__init__, **given: Any) -> None:
        if opts is not None:
            opts.delete_before_replace = None
        _init(self, name, *args, opts=opts, **{**given, "name": name})

    _kind.__init__ = _named
