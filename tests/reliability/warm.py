"""What every process of a run would make for itself, made once before they are forked: modules, tables, AWS clients.

Nothing is made otherwise than by the code that would make it later; a process that asks for something that isn't here
makes it then.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import importlib
import os
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

REPOSITORY = Path(__file__).resolve().parents[2]
REGION = "us-east-1"
OF_PROVIDER = ("sagemaker", "s3", "iam", "kms", "ec2", "ecr", "sts", "cloudwatch", "logs", "application-autoscaling")
OF_GUARDS = ("sagemaker", "s3", "iam", "kms", "ec2", "ecr", "sts")
MODULES = (
    *("grpc._channel", "grpc._interceptor", "grpc._server", "grpc._simple_stubs", "grpc._utilities"),
    *("grpc.experimental", "encodings.idna", "networkx", "pulumi_aws.appautoscaling", "pulumi_aws.cloudwatch"),
    *("pulumi_aws.ec2", "pulumi_aws.iam", "pulumi_aws.kms", "pulumi_aws.lambda_", "pulumi_aws.s3"),
    *("pulumi_aws.sagemaker", "pulumi_aws.vpc", "rehearsal.command.project", "rehearsal.engine.running"),
    *("rehearsal.provider.invokes", "rehearsal.provider.lifecycle", "rehearsal.provider.server"),
    *("rehearsal.provider.types", "pulumi.policy", "pulumi_policy", "policies.everything.pack", "policies.serving"),
)
POLL_SECONDS = 0.02


@functools.cache
def warm_up() -> None:
    """Import what engine, provider and program need, and read AWS's service models, once for all forks."""
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    for name in MODULES:
        importlib.import_module(name)
    for folder in ("components", "guards", "knowledge", "findings"):
        for path in sorted((REPOSITORY / folder).glob("*.py")):
            if path.stem != "__main__":
                importlib.import_module(folder if path.stem == "__init__" else f"{folder}.{path.stem}")
    # The virtual time of the account flies; guards that look every other real second would only wait.
    for name in ("guards.endpoint", "guards.judge", "guards.verified_update"):
        vars(importlib.import_module(name))["_POLL_SECONDS"] = POLL_SECONDS
    _tables_of_types()
    _without_positions()
    _remember_descriptions()
    _remember_clients()
    gc.collect()
    gc.freeze()


def _tables_of_types() -> None:
    """The SDK's tables of the properties of what the components make, which it derives anew in every process."""
    import pulumi_aws
    from pulumi import Resource, _types

    named = {
        (module, name)
        for path in (REPOSITORY / "components").glob("*.py")
        for module, name in re.findall(r"\baws\.(\w+)\.([A-Z]\w+)", path.read_text())
    }
    for module, name in sorted(named):
        found = getattr(getattr(pulumi_aws, module), name, None)
        if isinstance(found, type) and issubclass(found, Resource):
            _types.resource_types(found)
            found = getattr(importlib.import_module(found.__module__), f"{name}Args", None)
        if isinstance(found, type) and _types.is_input_type(found):
            _types.input_type_types(found)


def _without_positions() -> None:
    """No resource says in which line it was made: finding that out costs as much as the rest of its registration."""
    from pulumi.runtime import resource
    from pulumi.runtime.proto import source_pb2

    resource._get_stack_trace = source_pb2.StackTrace  # type: ignore[assignment]


def _remember_descriptions() -> None:
    import botocore.loaders

    read = botocore.loaders.JSONFileLoader.load_file
    known: dict[str, Any] = {}

    def load_file(loader: Any, path: str) -> Any:
        if path not in known:
            known[path] = read(loader, path)
        return known[path]

    botocore.loaders.JSONFileLoader.load_file = load_file


def _remember_clients() -> None:
    """A client that a process makes with the same arguments and the same environment is the one that is there."""
    import boto3.session
    import botocore.client
    import botocore.hooks

    botocore.hooks.accepts_kwargs = functools.cache(botocore.hooks.accepts_kwargs)
    make = boto3.session.Session.client
    known: dict[str, Any] = {}
    lock = threading.RLock()
    os.register_at_fork(before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release)

    def client(session: Any, service: str, **given: Any) -> Any:
        config = given.get("config")
        said = sorted((name, repr(value)) for name, value in given.items() if name != "config")
        options = sorted(config._user_provided_options.items(), key=str) if config is not None else ()
        ours = sorted((name, value) for name, value in os.environ.items() if name.startswith("AWS_"))
        key = repr((service, said, options, ours))
        with lock:
            if key not in known:
                known[key] = make(session, service, **given)
            return known[key]

    boto3.session.Session.client = client
    create = botocore.client.ClientCreator._create_client_class
    classes: dict[str, Any] = {}

    def create_client_class(creator: Any, service: str, model: Any) -> Any:
        if service not in classes:
            classes[service] = create(creator, service, model)
        return classes[service]

    botocore.client.ClientCreator._create_client_class = create_client_class


@contextlib.contextmanager
def _in(environment: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def clients(environment: Mapping[str, str]) -> None:
    """The clients that provider and guards make of the account that an environment names."""
    from guards.calls import Calls
    from rehearsal.provider.account import Account

    with _in(environment):
        theirs, ours = Account(REGION), Calls()
        for service in OF_PROVIDER:
            theirs.client(service)
        for service in OF_GUARDS:
            ours.client(service)
