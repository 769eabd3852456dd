from parity_sdk import Thing, env, options

if not env("GONE"):
    Thing("kept", value="1", r_key=env("R", "1"), opts=options(retain_on_delete=True))
