from parity_sdk import Thing, env, options

a = Thing("a", value="1")
b = Thing("b", value=env("V", "1"), r_key=env("R", "1"), fail=env("FAIL", ""), opts=options(depends_on=[a]))
c = Thing("c", value=b.arn)
