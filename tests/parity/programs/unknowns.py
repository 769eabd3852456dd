from parity_sdk import Thing, note, options

a = Thing("a", value="1")
b = Thing("b", value=a.arn.apply(lambda arn: note(call="apply", name="b", arn=arn) or f"<{arn}>"))
c = Thing(
    "c",
    value=a.value.apply(lambda v: note(call="apply", name="c", arn=v) or f"<{v}>"),
    list=[a.arn, "known"],
    opts=options(depends_on=[b]),
)
