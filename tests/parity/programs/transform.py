import pulumi
from parity_sdk import Group, Thing, env, hook, hooks, options

before = hook("before_delete", refuse=bool(env("IN_USE")), on_dry_run=True)


async def guard_all(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
    if args.type_ != "parity:index:Thing":
        return None
    binding = args.opts.hooks or hooks()
    binding.before_delete = (binding.before_delete or []) + [before]
    args.opts.hooks = binding
    return pulumi.ResourceTransformResult(props={**args.props, "tagged": "yes"}, opts=args.opts)


pulumi.runtime.register_resource_transform(guard_all)
group = Group("g")
a = Thing("a", value="1", opts=options(parent=group))
if not env("GONE"):
    Thing("b", value=a.arn, opts=options(parent=group))
