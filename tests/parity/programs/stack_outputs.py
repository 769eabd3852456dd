import pulumi
from parity_sdk import Thing, env

a = Thing("a", value=env("V", "1"))
if env("DROP"):
    pulumi.export("one", a.value)
else:
    pulumi.export("one", a.value)
    pulumi.export("two", {"nested": [a.serial, a.arn]})
