import pulumi
from parity_sdk import Thing, env

a = Thing("a", value=pulumi.Output.secret(env("S", "hush")))
b = Thing("b", value=a.value.apply(lambda v: f"{v}!"))
pulumi.export("open", pulumi.Output.unsecret(b.arn))
pulumi.export("closed", b.value)
