"""Every call and every field of a request of the installed protocol is used, or a listed gap."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pulumi.runtime.proto import analyzer_pb2, callback_pb2, engine_pb2, provider_pb2, resource_pb2

from rehearsal.errors import RehearsalError, RehearsalGap
from rehearsal.wire.arrivals import Arrivals
from rehearsal.wire.callbacks import Callbacks
from rehearsal.wire.engine_service import EngineService
from rehearsal.wire.monitor import Monitor
from rehearsal.wire.registration import Registrations

if TYPE_CHECKING:
    import grpc

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "rehearsal-engine.md"
SERVICES = {
    "ResourceMonitor": resource_pb2,
    "Engine": engine_pb2,
    "ResourceProvider": provider_pb2,
    "Analyzer": analyzer_pb2,
    "Callbacks": callback_pb2,
}
NEEDED = {
    "GetDeploymentInfo", "SupportsFeature", "RegisterResource", "RegisterResourceOutputs", "ReadResource", "Invoke",
    "RegisterStackTransform", "RegisterStackInvokeTransform", "RegisterResourceHook", "RegisterErrorHook",
    "SignalAndWaitForShutdown", "Log", "CheckConfig", "DiffConfig", "Configure", "Check", "Diff", "Create", "Read",
    "Update", "Delete", "Cancel", "Analyze", "AnalyzeStack", "Remediate", "GetAnalyzerInfo", "ConfigureStack",
    "type", "name", "parent", "custom", "object", "protect", "dependencies", "provider", "propertyDependencies",
    "deleteBeforeReplace", "ignoreChanges", "additionalSecretOutputs", "aliases", "aliasURNs", "importId",
    "customTimeouts", "providers", "replaceOnChanges", "retainOnDelete", "deletedWith", "replace_with",
    "replacement_trigger", "transforms", "hooks", "hideDiffs", "acceptSecrets", "acceptResources", "dependsOn",
    "randomSeed", "olds", "news", "old_inputs", "preview", "timeout", "on_dry_run", "ignore_errors", "properties",
    "options", "policyConfig", "tags",
}  # fmt: skip
"""What decision 5 of the architecture counts as needed: none of it may be a gap."""


def installed() -> list[str]:
    """Each call, and each field of each call's request, as `Service.Call` and `Service.Call.field`."""
    found = []
    for name, module in SERVICES.items():
        for method in module.DESCRIPTOR.services_by_name[name].methods:
            found.append(f"{name}.{method.name}")
            found += [f"{name}.{method.name}.{field.name}" for field in method.input_type.fields]
    return found


@cache
def gaps() -> list[str]:
    """What the page lists; `*` stands for any call."""
    section = PAGE.read_text().split("## The protocol, call by call")[1]
    rows = re.findall(r"^\| (`[^|]+) \|", section, re.MULTILINE)
    return [entry for row in rows for entry in re.findall(r"`([^`]+)`", row)]


def is_gap(entry: str) -> bool:
    """Whether an entry, or the call it belongs to, is listed."""
    parts = entry.split(".")
    candidates = {entry, ".".join(parts[:2]), f"{parts[0]}.*.{parts[-1]}"}
    return any(candidate in gaps() for candidate in candidates)


@cache
def code() -> str:
    """The source of everything that speaks the protocol."""
    return "\n".join(path.read_text() for path in sorted((ROOT / "rehearsal" / "wire").glob("*.py")))


@pytest.mark.parametrize("entry", installed())
def test_what_the_protocol_has_is_used_or_listed_as_a_gap(entry: str) -> None:
    """Never neither: that would be a silent success. Never both: then the list would be wrong."""
    name = entry.rpartition(".")[2]
    used = re.search(rf"""(\.{name}\b|\b{name}=|def {name}\b|["']{name}["'])""", code())

    assert used or is_gap(entry), f"{entry} is neither used nor listed in {PAGE.name}"


def test_nothing_is_listed_that_isnt_there() -> None:
    """A gap that was closed, or never was, leaves the list."""
    known = set(installed())
    known |= {f"{e.split('.')[0]}.*.{e.split('.')[2]}" for e in known if e.count(".") == 2}

    assert [entry for entry in gaps() if entry not in known] == []


def test_no_gap_is_needed() -> None:
    """What the design counts as needed is there, every call and every field of it."""
    missing = [
        e for e in installed() if e.split(".")[-1] in NEEDED and is_gap(e) and ".".join(e.split(".")[:2]) not in gaps()
    ]

    assert missing == []
    assert not {f"ResourceMonitor.{n}" for n in NEEDED} & set(gaps())


class RefusedError(Exception):
    """What a call was aborted with."""


class Context:
    """A gRPC context that raises instead of ending a call."""

    def abort(self, code: grpc.StatusCode, details: str) -> None:
        raise RefusedError(f"{code.name}: {details}")


class Complaints:
    """Stands for the engine: it only hears complaints, and what was refused must never reach it."""

    def __init__(self) -> None:
        self.heard: list[RehearsalError] = []

    def complain(self, error: RehearsalError) -> None:
        self.heard.append(error)

    def call(self, request: Any, provider: str) -> Any:
        raise RehearsalGap("methods of resources", request.tok)


THING = {"type": "parity:index:Thing", "name": "a", "custom": True}
REFUSED = [
    ("RegisterResource", resource_pb2.RegisterResourceRequest(**THING, packageRef="x")),
    ("RegisterResource", resource_pb2.RegisterResourceRequest(**THING, state_migrations=[{}])),
    ("ReadResource", resource_pb2.ReadResourceRequest(type="a:b:C", name="a", id="i", packageRef="x")),
    ("Invoke", resource_pb2.ResourceInvokeRequest(tok="a:b:c", packageRef="x")),
    ("Call", resource_pb2.ResourceCallRequest(tok="a:b:C/d")),
    ("ExistsResource", resource_pb2.ExistsResourceRequest(type="a:b:C", id="i")),
    ("RegisterPackage", resource_pb2.RegisterPackageRequest(name="a")),
]


@pytest.mark.parametrize(("call", "request_"), REFUSED, ids=lambda value: value if isinstance(value, str) else "")
def test_what_is_refused_is_refused_by_name(call: str, request_: Any) -> None:
    """An error that names the gap, shown once, and nothing is done."""
    engine: Any = Complaints()
    registrations = Registrations(engine, Callbacks(), ROOT, ROOT)
    monitor = Monitor(engine, registrations, Callbacks(), resource_pb2.DeploymentInfo(), Arrivals())

    with pytest.raises(RefusedError, match="FAILED_PRECONDITION: the rehearsal doesn't support"):
        getattr(monitor, call)(request_, Context())
    assert [type(error) for error in engine.heard] == [RehearsalGap]


@pytest.mark.parametrize("wanted", ["", ">=3.0.0", ">=3.1.0 <4.0.0", "<1.0.0 || >3.200.0", "!3.0.1"])
def test_a_program_may_require_a_version_that_this_is(wanted: str) -> None:
    """`pulumi.require_pulumi_version` is answered by the version whose protocols are spoken."""
    request = engine_pb2.RequirePulumiVersionRequest(pulumi_version_range=wanted)

    assert EngineService(lambda *_: None).RequirePulumiVersion(request, Context()) is not None


@pytest.mark.parametrize("wanted", ["<3.0.0", ">=99.0.0", "nonsense"])
def test_a_version_that_this_isnt_is_refused(wanted: str) -> None:
    """And never silently taken for fulfilled."""
    request = engine_pb2.RequirePulumiVersionRequest(pulumi_version_range=wanted)

    with pytest.raises(RefusedError, match="FAILED_PRECONDITION"):
        EngineService(lambda *_: None).RequirePulumiVersion(request, Context())
