from parity_sdk import Thing, env, options

before = {"yes": True, "no": False}.get(env("OPTION"))
a = Thing("a", opts=options(delete_before_replace=before), **{env("KIND", "d_key"): env("A", "1")})
b = Thing("b", r_key=a.arn)
c = Thing("c", value=b.arn)
d = Thing("d", value="apart", opts=options(depends_on=[c]))
