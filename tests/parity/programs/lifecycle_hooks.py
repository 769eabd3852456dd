from parity_sdk import Thing, env, hook, hooks, options

names = ["before_create", "after_create", "before_update", "after_update", "before_delete", "after_delete"]
every = hooks(**{n: [hook(n, refuse=env("REFUSE") == n, on_dry_run=bool(env("DRY")))] for n in names})
if not env("GONE"):
    a = Thing("a", value=env("V", "1"), r_key=env("R", "1"), opts=options(hooks=every))
    Thing("b", value=a.arn)
