from parity_sdk import Thing, env, options

a = Thing("a", value="1")
b = c = None
if not env("NO_B"):
    b = Thing("b", value=a.arn, opts=options(depends_on=[a]))
if not env("NO_C") and b:
    c = Thing("c", value=b.arn)
