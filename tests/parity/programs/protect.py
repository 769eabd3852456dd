from parity_sdk import Thing, env, options

if not env("GONE"):
    Thing("key", value="1", r_key=env("R", "1"), opts=options(protect=env("PROTECT", "1") == "1"))
