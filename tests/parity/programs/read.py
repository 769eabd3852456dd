import pulumi
from parity_sdk import Thing, options

existing = Thing.__new__(Thing)
pulumi.CustomResource.__init__(
    existing,
    "parity:index:Thing",
    "existing",
    {"value": None, "arn": None, "serial": None, "name": None},
    options(id="outside-7"),
)
Thing("a", value=existing.arn)
