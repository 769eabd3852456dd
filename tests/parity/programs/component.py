import pulumi
from parity_sdk import Group, Thing, env, options

group = Group(
    env("GROUP", "g"),
    opts=options(protect=bool(env("PROTECT")), aliases=[pulumi.Alias(name="g")] if env("GROUP") else None),
)
a = Thing("a", value="1", opts=options(parent=group))
b = Thing("b", value=a.arn, opts=options(parent=group))
group.register_outputs({"arn": b.arn})
c = Thing("c", value="after", opts=options(depends_on=[group]))
pulumi.export("b", b.arn)
