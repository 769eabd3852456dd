from parity_sdk import Thing, env, options

a = Thing("a", value=env("V", "good"), level="x")
b = Thing("b", value=a.arn if env("UNKNOWN") else "plain", opts=options(depends_on=[a]))
