"""The tables use only names that the installed pulumi_aws knows."""

from __future__ import annotations

import importlib
import inspect
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from rehearsal.provider import api, names, sdk_names
from rehearsal.provider.invokes import functions
from rehearsal.provider.types import TYPES

if TYPE_CHECKING:
    from rehearsal.provider.described import Resource


def test_the_names_file_is_what_the_installed_sdk_says() -> None:
    """Refresh it with `python -m rehearsal.provider.sdk_names`."""
    assert json.loads(names.FILE.read_text(encoding="utf-8")) == sdk_names.document()


def paths(resource: Resource) -> set[str]:
    """Every path that a type's table names."""
    named: set[str] = set(resource.replaces) | set(resource.replaces_all_but or ()) | set(resource.defaults)
    named |= set(resource.limits) | set(resource.optional_computed) | set(resource.sets) | set(resource.documents)
    named |= set(resource.unread) | set(resource.lacks)
    for group in (*resource.one_of, *resource.conflicts, *resource.recomputed.values()):
        named |= set(group)
    if resource.auto_name:
        named |= {resource.auto_name.property, *resource.auto_name.unless}
    return named


def known(nodes: dict[str, Any], path: str) -> bool:
    """Whether a path leads to something in a type's inputs."""
    node: Any = {"object": nodes}
    for part in path.split("."):
        node = names.inner(node, part.removesuffix("[]"))
        if part.endswith("[]"):
            node = names.element(node)
        if node is None:
            return False
    return True


@pytest.mark.parametrize("token", sorted(TYPES))
def test_every_path_of_a_table_is_an_input_of_the_sdk(token: str) -> None:
    resource = TYPES[token]

    assert [path for path in sorted(paths(resource)) if not known(resource.inputs(), path)] == []
    assert [name for name in resource.recomputed if name not in resource.outputs()] == []


@pytest.mark.parametrize("token", sorted(TYPES))
def test_what_is_read_back_is_an_output_of_the_sdk(token: str) -> None:
    """Every property name that a type's code makes a key of is one that the SDK knows, in the type or in its blocks."""
    resource = TYPES[token]
    vocabulary = set(every_name({"object": resource.inputs() | resource.outputs()}))
    for path in resource.renames:
        assert set(path.split(".")) <= vocabulary


def every_name(node: Any) -> Any:
    """All property names in a node."""
    if isinstance(node, dict):
        for name, below in node.get("object", {}).items():
            yield name
            yield from every_name(below)
        for kind in ("list", "map"):
            yield from every_name(node.get(kind))


@pytest.mark.parametrize("token", sorted(TYPES))
def test_the_operations_of_a_table_are_aws_s(token: str) -> None:
    import botocore.session

    resource = TYPES[token]
    model = botocore.session.get_session().get_service_model(resource.service)
    operations = [resource.create_operation, resource.read_operation, resource.delete_operation]

    for operation in filter(None, operations):
        shape = model.operation_model(operation)
        if resource.id_parameter and operation != resource.create_operation:
            assert resource.id_parameter in shape.input_shape.members


def test_every_nested_input_of_a_model_and_a_configuration_has_a_counterpart_in_the_api() -> None:
    """The regular rule (camelCase, singular and plural, unwrapped lists) covers SageMaker without exceptions."""
    import botocore.session

    model = botocore.session.get_session().get_service_model("sagemaker")
    for token in ("aws:sagemaker/model:Model", "aws:sagemaker/endpointConfiguration:EndpointConfiguration"):
        resource = TYPES[token]
        shape = model.operation_model(resource.create_operation).input_shape
        untouched = {"tags", "region", "namePrefix"}
        nodes = {name: node for name, node in resource.inputs().items() if name not in untouched}

        assert list(strangers(shape, nodes, resource.renames, "")) == []


def strangers(shape: Any, nodes: dict[str, Any], renames: dict[str, str], path: str) -> Any:
    """Inputs without a member in the API."""
    for name, node in nodes.items():
        here = f"{path}.{name}" if path else name
        target = renames.get(here) or api.member(name, shape.members)
        if target not in shape.members:
            yield here
            continue
        inner, below = shape.members[target], names.element(node) or node
        inner = inner.member if inner.type_name == "list" else inner
        if isinstance(below, dict) and "object" in below:
            yield from strangers(inner, below["object"], renames, here)


def sdk_function(token: str) -> Any:
    """pulumi_aws's function for a token, and its module."""
    module_name, _, name = token.removeprefix("aws:").partition("/")
    name = name.rpartition(":")[2]
    python = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    home = "pulumi_aws" if module_name == "index" else f"pulumi_aws.{module_name}"
    return importlib.import_module(f"{home}.{python}"), name[0].upper() + name[1:]


@pytest.mark.parametrize("token", sorted(functions()))
def test_a_function_is_the_sdk_s_and_gives_all_that_its_result_type_has(token: str) -> None:
    module, name = sdk_function(token)
    given = set(re.findall(r"__ret__, 'REPLACED'|__ret__\.(\w+)", inspect.getsource(module))) - {"then", "apply", ""}
    source = inspect.getsource(importlib.import_module(functions()[token].__module__))
    wanted = set(
        re.findall(r"pulumi\.get\(__ret__, '(\w+)'\)|@pulumi\.getter\(name=\"(\w+)\"\)", inspect.getsource(module))
    )
    result = getattr(module, f"{name}Result")
    properties = {
        getattr(member.fget, "_pulumi_name", python)
        for python, member in inspect.getmembers(result, lambda m: isinstance(m, property))
    }

    assert f"'{token}'" in inspect.getsource(module)
    assert given or wanted
    assert [p for p in sorted(properties) if f'"{p}"' not in source and p not in arguments(module)] == []


def arguments(module: Any) -> set[str]:
    """The arguments a function takes, which its result repeats."""
    return set(re.findall(r"__args__\['(\w+)'\]", inspect.getsource(module)))
