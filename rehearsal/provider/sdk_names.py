"""Writes names.json: every input and output of the provider's types, as the installed pulumi_aws names them.

Run `python -m rehearsal.provider.sdk_names` after pulumi_aws was upgraded or a type was added; a test compares the
file with the
installed package. The provider itself reads only the file, because importing pulumi_aws takes longer than it may
take to start.

A node is "string", "integer", "number", "boolean", "any", "asset" or "archive", or {"list": node}, {"map": node},
{"object": {name: node}, "required": [names]}.
"""

from __future__ import annotations

import collections.abc
import importlib
import inspect
import json
import typing
from typing import Any

NODES: dict[Any, str] = {str: "string", int: "integer", float: "number", bool: "boolean"}


def python_class(token: str) -> tuple[Any, Any]:
    """The resource class and the arguments class of a type token such as `aws:s3/bucket:Bucket`."""
    module_name, _, name = token.removeprefix("aws:").partition("/")
    class_name = name.rpartition(":")[2]
    module = importlib.import_module("pulumi_aws." + {"lambda": "lambda_"}.get(module_name, module_name))
    resource = getattr(module, class_name)
    submodule = importlib.import_module(resource.__module__)
    # Where a nested type took the name, pulumi_aws calls the resource's own arguments ...InitArgs.
    arguments = getattr(submodule, f"{class_name}InitArgs", None) or getattr(submodule, f"{class_name}Args")
    return resource, arguments


def required(arguments: Any) -> list[str]:
    """The Pulumi names of the properties that have no default in an arguments class."""
    from pulumi import _types

    names = _types.input_type_py_to_pulumi_names(arguments)
    parameters = inspect.signature(arguments.__init__).parameters.values()
    return sorted(names[p.name] for p in parameters if p.name in names and p.default is inspect.Parameter.empty)


def node(hint: Any, *, outputs: bool) -> Any:  # noqa: C901  # one branch a kind of value
    """The node of a type hint of the SDK."""
    import pulumi
    from pulumi import _types

    if hint in NODES:
        return NODES[hint]
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (collections.abc.Sequence, list):
        return {"list": node(arguments[0], outputs=outputs)}
    if origin in (collections.abc.Mapping, dict):
        return {"map": node(arguments[1], outputs=outputs)}
    if origin is typing.Union:
        if pulumi.Asset in arguments:
            return "asset"
        members = [a for a in arguments if a is not type(None) and typing.get_origin(a) not in AWAITED]
        members = [m for m in members if not inspect.isclass(m) or not issubclass(m, dict)]
        return node(members[0], outputs=outputs) if members else "any"
    if inspect.isclass(hint):
        if issubclass(hint, pulumi.Archive):
            return "archive"
        if issubclass(hint, pulumi.Asset):
            return "asset"
        if _types.is_input_type(hint):
            given = _types.input_type_types(hint)
            return {"object": {k: node(v, outputs=False) for k, v in sorted(given.items())}, "required": required(hint)}
        if _types.is_output_type(hint):
            made = _types.output_type_types(hint)
            return {"object": {k: node(v, outputs=True) for k, v in sorted(made.items())}}
    return "any"


AWAITED = (collections.abc.Awaitable,)


def describe(token: str) -> dict[str, Any]:
    """Inputs, outputs and required inputs of one type."""
    from pulumi import _types

    resource, arguments = python_class(token)
    inputs = {k: node(v, outputs=False) for k, v in sorted(_types.input_type_types(arguments).items())}
    outputs = {k: node(v, outputs=True) for k, v in sorted(_types.resource_types(resource).items())}
    return {"inputs": inputs, "outputs": outputs, "required": required(arguments)}


def document() -> dict[str, Any]:
    """What names.json holds."""
    from rehearsal.provider.types import TYPES

    return {token: describe(token) for token in sorted(TYPES)}


def main() -> None:
    """Write the file."""
    from rehearsal.provider.names import FILE

    made = {token: json.dumps(text, sort_keys=True, separators=(",", ":")) for token, text in document().items()}
    FILE.write_text("{\n" + ",\n".join(f'"{token}":{text}' for token, text in made.items()) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
