from parity_sdk import Thing, env, hook, hooks, options

if env("FORGET"):
    a = None
else:
    before = hook("before_delete")
    a = Thing("a", value="1", opts=options(hooks=hooks(before_delete=[before])))
Thing("b", value="1", opts=options(depends_on=[a] if a else None))
