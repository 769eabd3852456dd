from parity_sdk import Thing, env

a = Thing("a", value=env("V", "1"))
if env("RAISE"):
    raise ValueError("the program is at fault")
Thing("b", value=a.arn)
