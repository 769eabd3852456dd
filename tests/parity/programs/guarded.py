from parity_sdk import Thing, env, hook, hooks, options

before = hook("before_delete", refuse=bool(env("IN_USE")), on_dry_run=not env("ONLY_UP"))
after = hook("after_update", refuse=bool(env("ROLLED_BACK")))
image = env("IMAGE", "1")
guard = hooks(before_delete=[before])
key = None if env("NO_KEY") else Thing("key", value="k", opts=options(hooks=guard))
model = Thing(
    "model",
    opts=options(hooks=guard, delete_before_replace=False, depends_on=[key] if key else None),
    auto=True,
    r_image=image,
)
config = Thing("config", opts=options(hooks=guard, delete_before_replace=False), auto=True, r_model=model.name)
endpoint = Thing("endpoint", opts=options(hooks=hooks(after_update=[after])), value=config.name)
