"""Builds what CASE_SPEC describes: resources one after the other, each with its options."""

import contextlib
import json
import types
from typing import Any

import pulumi
from parity_sdk import Thing, env, hook, hooks, note, options
from pulumi.runtime.sync_await import _sync_await

made: dict[str, Any] = {}
hooked: dict[str, Any] = {}


class Part(pulumi.ComponentResource):
    """A component with inputs, which says its outputs."""

    def __init__(self, name: str, type_: str, props: dict[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(type_, name, props, opts)


class Config(pulumi.ProviderResource):
    """An explicit provider."""

    def __init__(self, name: str, props: dict[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__("parity", name, props, opts)


def value(of: Any) -> Any:
    """A value of the description: `$a.arn` an output of a, `$a` the resource a itself, `!x` the secret x."""
    if isinstance(of, dict):
        return {k: value(v) for k, v in of.items()}
    if isinstance(of, list):
        return [value(v) for v in of]
    if isinstance(of, str) and of.startswith("!"):
        return pulumi.Output.secret(value(of[1:]))
    if isinstance(of, str) and of.startswith("$"):
        name, _, prop = of[1:].partition(".")
        found = made[name]
        return getattr(found, prop) if prop else found
    return of


def the_hook(name: str) -> Any:
    """A hook by name: `-` at its end: it refuses; `~`: also in previews; `?`: an error hook that asks to retry."""
    if name in hooked:
        return hooked[name]
    if "?" in name:

        def again(args: pulumi.ErrorHookArgs) -> bool:
            note(call="error hook", hook=name, name=args.name, operation=args.failed_operation, errors=len(args.errors))
            if name.endswith("-"):
                raise RuntimeError(f"{name} fails")
            return len(args.errors) < int(name.rpartition("?")[2].rstrip("-") or 1)

        hooked[name] = pulumi.ErrorHook(name, again)
    elif "+" in name:

        def run(args: pulumi.ResourceHookArgs) -> None:
            note(call="hook", hook=name, name=args.name, id=args.id or "")
            if "-" in name:
                raise RuntimeError(f"{name} refuses {args.name}")

        hooked[name] = pulumi.ResourceHook(name, run, pulumi.ResourceHookOptions("~" in name, ignore_errors=True))
    else:
        hooked[name] = hook(name, refuse="-" in name, on_dry_run="~" in name)
    return hooked[name]


def alias(of: Any) -> Any:
    """A former name."""
    if isinstance(of, str):
        return of
    parts = {k: v for k, v in of.items() if k != "parent"}
    if "parent" in of:
        parent = of["parent"]
        if parent is None:
            parts["parent"] = pulumi.ROOT_STACK_RESOURCE
        elif parent.startswith("urn:"):
            parts["parent_urn"] = parent
        else:
            parts["parent"] = made[parent]
    return pulumi.Alias(**parts)


def transform(what: dict[str, Any]) -> Any:
    """A transform that sets properties and options of things."""

    def run(args: pulumi.ResourceTransformArgs) -> Any:
        if args.type_ != what.get("type", "parity:index:Thing"):
            return None
        opts = args.opts
        for key, wanted in what.get("opts", {}).items():
            setattr(opts, key, made[wanted] if isinstance(wanted, str) and wanted in made else wanted)
        return pulumi.ResourceTransformResult({**args.props, **value(what.get("props", {}))}, opts)

    return run


def given(opts: dict[str, Any]) -> pulumi.ResourceOptions:
    """The options of a resource."""
    more: dict[str, Any] = {}
    for key, wanted in opts.items():
        if key in ("parent", "deleted_with", "provider"):
            more[key] = made[wanted]
        elif key in ("depends_on", "replace_with", "providers"):
            more[key] = [made[name] for name in wanted]
        elif key == "aliases":
            more[key] = [alias(a) for a in wanted]
        elif key == "hooks":
            more[key] = hooks(**{kind: [the_hook(n) for n in names] for kind, names in wanted.items()})
        elif key == "transforms":
            more[key] = [transform(t) for t in wanted]
        elif key in ("id", "replacement_trigger"):
            more[key] = value(wanted)
        elif key == "custom_timeouts":
            more[key] = pulumi.CustomTimeouts(**wanted)
        else:
            more[key] = wanted
    return options(**more)


def looked_up(args: dict[str, Any], opts: dict[str, Any]) -> Any:
    """What the provider's function answers; with options it is asked when its arguments and what it needs are there."""
    if not opts:
        return types.SimpleNamespace(value=pulumi.runtime.invoke("parity:index:lookup", args).value["value"])
    needs = {k: [made[n] for n in v] if k == "depends_on" else made[v] for k, v in opts.items() if k != "output"}
    asked = pulumi.runtime.invoke_output("parity:index:lookup", args, pulumi.InvokeOutputOptions(**needs))
    return types.SimpleNamespace(value=asked.apply(lambda found: found["value"] if isinstance(found, dict) else found))


def build(name: str, kind: str, props: dict[str, Any], opts: dict[str, Any]) -> Any:
    """One resource."""
    label = opts.pop("name", name)
    if kind == "thing":
        return Thing(label, given(opts), **value(props))
    if kind == "provider":
        return Config(label, value(props), given(opts))
    if kind == "invoke":
        return looked_up(value(props), opts)
    if kind == "raise":
        raise RuntimeError(label)
    if kind == "transform":
        pulumi.runtime.register_resource_transform(transform(props))
        return None
    if kind == "reference":
        return pulumi.StackReference(label, **value(props))
    if kind == "stash":
        return pulumi.Stash(label, given(opts), input=value(props.get("input")))
    outputs = props.pop("outputs", None)
    part = Part(label, kind if ":" in kind else f"parity:index:{kind.title()}", value(props), given(opts))
    if outputs is not None:
        part.register_outputs(value(outputs))
    return part


def settle(resource: Any) -> None:
    """Wait until it is registered: what comes next comes next, though neither may need the other."""
    if isinstance(resource, pulumi.Resource):
        with contextlib.suppress(Exception):
            _sync_await(resource.urn.future())


spec = json.loads(env("SPEC"))
for name, kind, *rest in spec["r"]:
    props, opts = [*rest, {}, {}][:2]
    made[name] = build(name, kind, dict(props), dict(opts))
    if not spec.get("at_once"):
        settle(made[name])
for name, of in spec.get("export", {}).items():
    pulumi.export(name, pulumi.Config().get(of[1:]) if isinstance(of, str) and of.startswith("%") else value(of))
