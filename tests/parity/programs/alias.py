import pulumi
from parity_sdk import Thing, env, options

name = env("NAME", "old")
Thing(name, value="1", opts=options(aliases=[pulumi.Alias(name="old")] if name != "old" else None))
