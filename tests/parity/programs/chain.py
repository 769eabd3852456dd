import pulumi
from parity_sdk import Thing, env

a = Thing("a", r_key=env("A", "1"), value=env("V", "x"))
b = Thing("b", r_key=a.arn, value="b")
c = Thing("c", value=b.arn)
pulumi.export("arn", c.arn)
pulumi.export("value", a.value)
