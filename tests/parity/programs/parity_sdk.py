"""What the parity programs share: the resource, the function, hooks that write to PARITY_LOG."""

import json
import os
from pathlib import Path
from typing import Any

import pulumi


class Thing(pulumi.CustomResource):
    """The stand-in provider's one type."""

    name: pulumi.Output[str]
    value: pulumi.Output[str]
    arn: pulumi.Output[str]
    serial: pulumi.Output[float]

    def __init__(self, resource_name: str, opts: pulumi.ResourceOptions | None = None, **props: Any) -> None:
        for computed in ("name", "value", "arn", "serial"):
            props.setdefault(computed, None)
        super().__init__("parity:index:Thing", resource_name, props, opts)


class Group(pulumi.ComponentResource):
    """A component without inputs."""

    def __init__(self, resource_name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("parity:index:Group", resource_name, {}, opts)


def lookup(key: str) -> Any:
    """What the provider's function answers."""
    return pulumi.runtime.invoke("parity:index:lookup", {"key": key}).value["value"]


def env(name: str, default: Any = None) -> Any:
    """What this stage of the case sets."""
    return os.environ.get("CASE_" + name, default)


def note(**line: Any) -> None:
    """Write a line to the log of calls."""
    with Path(os.environ["PARITY_LOG"]).open("a") as log:
        log.write(json.dumps(line, sort_keys=True) + "\n")


def hook(name: str, *, refuse: bool = False, on_dry_run: bool = False) -> pulumi.ResourceHook:
    """A resource hook that notes when it runs and raises when `refuse`."""

    def run(args: pulumi.ResourceHookArgs) -> None:
        note(
            call="hook",
            hook=name,
            name=args.name,
            id=args.id or "",
            old=bool(args.old_outputs),
            new=bool(args.new_outputs),
        )
        if refuse:
            raise RuntimeError(f"{name} refuses {args.name}")

    return pulumi.ResourceHook(name, run, pulumi.ResourceHookOptions(on_dry_run=on_dry_run))


def options(**more: Any) -> pulumi.ResourceOptions:
    """Options of a resource."""
    return pulumi.ResourceOptions(**more)


def hooks(**bindings: Any) -> pulumi.ResourceHookBinding:
    """The hooks of a resource."""
    return pulumi.ResourceHookBinding(**bindings)
