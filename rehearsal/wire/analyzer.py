"""The client of a policy pack."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import grpc
import yaml
from google.protobuf import empty_pb2, json_format
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from rehearsal import urns
from rehearsal.errors import PackError
from rehearsal.values import Properties, ResourceReference, transform
from rehearsal.values.wire import VALUES, Keep, from_struct, to_struct
from rehearsal.wire import patience
from rehearsal.wire.channel import details
from rehearsal.wire.plugin import Say, start
from rehearsal.wire.program import interpreter

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rehearsal.state import ResourceState

_SENT = Keep(unknowns=True, secrets=True)
LEVELS = {0: "advisory", 1: "mandatory", 2: "disabled", 3: "remediate"}
_SEVERITIES = {0: "", 1: "low", 2: "medium", 3: "high", 4: "critical"}


@dataclass(frozen=True)
class Policy:
    """One policy of a pack. `schema`: its configuration's JSON schema, `required` its required names."""

    name: str
    level: str
    stack: bool = False
    schema: dict[str, Any] | None = None
    required: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """What a policy says. `level` is advisory, mandatory or remediate."""

    policy: str
    pack: str
    version: str
    level: str
    message: str
    urn: str = ""
    severity: str = ""
    description: str = ""


@dataclass(frozen=True)
class Remediated:
    """A change a policy made, or why it couldn't (`diagnostic`)."""

    policy: str
    pack: str
    version: str
    description: str
    properties: Properties
    diagnostic: str = ""


@dataclass
class Analyzed:
    """Findings, and the policies that didn't apply, with their reasons."""

    findings: list[Finding] = field(default_factory=list)
    not_applicable: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class StackFacts:
    """What a pack is told about the run."""

    organization: str
    project: str
    stack: str
    dry_run: bool
    config: Mapping[str, str]
    secret_keys: frozenset[str]
    tags: Mapping[str, str]
    environment: Mapping[str, str]


class Analyzer:
    """A running policy pack; `declared`: the version that its PulumiPolicy.yaml gives it, if any.

    Raises PackError when it can't be started or doesn't answer as it should.
    """

    def __init__(self, directory: Path, facts: StackFacts, engine_address: str, say: Say) -> None:
        self.directory = directory
        options, self.declared = _manifest(directory)
        python, environment = interpreter(directory, options, facts.environment)
        environment |= {
            "PULUMI_ORGANIZATION": facts.organization, "PULUMI_PROJECT": facts.project, "PULUMI_STACK": facts.stack,
            "PULUMI_DRY_RUN": "true" if facts.dry_run else "false", "PULUMI_CONFIG": json.dumps(dict(facts.config)),
        }  # fmt: skip
        command = [python if python != sys.executable else sys.executable, "-u", "-m", "pulumi.policy"]
        self._plugin = start([*command, engine_address, str(directory)], directory, environment, PackError, say)
        self._stub = analyzer_pb2_grpc.AnalyzerStub(self._plugin.channel)
        try:
            self._begin(facts)
        except PackError:
            self.close()
            raise

    def _begin(self, facts: StackFacts) -> None:
        request = analyzer_pb2.AnalyzerStackConfigureRequest(
            stack=facts.stack, project=facts.project, organization=facts.organization, dry_run=facts.dry_run,
            config=dict(facts.config), config_secret_keys=sorted(facts.secret_keys), tags=dict(facts.tags),
        )  # fmt: skip
        try:
            self._stub.ConfigureStack(request, wait_for_ready=True, timeout=60)
        except grpc.RpcError as e:
            if e.code() != grpc.StatusCode.UNIMPLEMENTED:
                raise PackError(f"the policy pack {self.directory} doesn't answer: {details(e)}") from e
        info = self._call(self._stub.GetAnalyzerInfo, empty_pb2.Empty())
        self.levels: dict[str, str] = {}
        self.name, self.version, self.supports_config = info.name, self._version(info.version), info.supportsConfig
        self.policies = [_policy(p) for p in info.policies]
        self.initial = {
            name: {**json_format.MessageToDict(c.properties), "enforcementLevel": LEVELS[c.enforcementLevel]}
            for name, c in info.initialConfig.items()
        }

    def _version(self, answered: str) -> str:
        """The pack's version: its file's; a pack in Python answers 0.0.1 whatever it is."""
        return self.declared or answered or "0.0.1"

    def _call(self, method: Any, request: Any) -> Any:
        try:
            return method(request, timeout=patience.seconds())
        except grpc.RpcError as e:
            if e.code() == grpc.StatusCode.DEADLINE_EXCEEDED:
                raise PackError(
                    f"the pack {self.directory.name} doesn't answer within {patience.seconds():g} s: one of its "
                    "policies hangs. REHEARSAL_PATIENCE sets another number of seconds"
                ) from e
            if e.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
                raise PackError(f"the pack {self.directory.name} is gone: its process ended ({details(e)})") from e
            raise PackError(f"failed to run policy of the pack {self.directory.name}: {details(e)}") from e

    def configure(self, configuration: dict[str, dict[str, Any]]) -> None:
        """Give each policy its level and properties: name -> {enforcementLevel, ...}."""
        request = analyzer_pb2.ConfigureAnalyzerRequest()
        numbers = {v: k for k, v in LEVELS.items()}
        for name, row in configuration.items():
            config = request.policyConfig[name]
            config.enforcementLevel = numbers[row["enforcementLevel"]]
            config.properties.update({k: v for k, v in row.items() if k != "enforcementLevel"})
        self._call(self._stub.Configure, request)

    def remediate(self, state: ResourceState, dbr: bool | None, provider: ResourceState | None) -> list[Remediated]:
        """Let policies change the inputs of a resource."""
        request = analyzer_pb2.AnalyzeRequest()
        _fill(request, state, dbr, provider, state.inputs)
        response = self._call(self._stub.Remediate, request)
        return [
            Remediated(r.policyName, r.policyPackName or self.name, self._version(r.policyPackVersion), r.description,
                       from_struct(r.properties, VALUES), r.diagnostic)
            for r in response.remediations
        ]  # fmt: skip

    def analyze(self, state: ResourceState, dbr: bool | None, provider: ResourceState | None) -> Analyzed:
        """Judge the inputs of one resource."""
        request = analyzer_pb2.AnalyzeRequest()
        _fill(request, state, dbr, provider, {k: v for k, v in state.inputs.items() if not k.startswith("__")})
        return self._analyzed(self._call(self._stub.Analyze, request))

    def analyze_stack(
        self, states: list[ResourceState], dbr: Mapping[str, bool | None], providers: Mapping[str, ResourceState]
    ) -> Analyzed:
        """Judge all resources by their outputs. `providers`: reference -> provider resource."""
        request = analyzer_pb2.AnalyzeStackRequest()
        for state in states:
            row = request.resources.add()
            _fill(row, state, dbr.get(state.urn), providers.get(state.provider), state.outputs)
            row.parent = state.parent
            row.dependencies.extend(state.dependencies)
            for key, dependencies in state.property_dependencies.items():
                if dependencies:
                    row.propertyDependencies[key].urns.extend(dependencies)
        return self._analyzed(self._call(self._stub.AnalyzeStack, request))

    def _analyzed(self, response: analyzer_pb2.AnalyzeResponse) -> Analyzed:
        findings = [
            Finding(d.policyName, d.policyPackName or self.name, self._version(d.policyPackVersion),
                    LEVELS.get(d.enforcementLevel, "mandatory"), d.message, d.urn, _SEVERITIES.get(d.severity, ""),
                    d.description)
            for d in response.diagnostics
        ]  # fmt: skip
        return Analyzed(findings, {n.policy_name: n.reason for n in response.not_applicable})

    def close(self) -> None:
        """End the pack."""
        self._plugin.close()


def _fill(
    request: Any, state: ResourceState, dbr: bool | None, provider: ResourceState | None, properties: Properties
) -> None:
    request.urn, request.type, request.name = state.urn, state.type, urns.name_of(state.urn)
    request.properties.CopyFrom(to_struct(_readable(properties), _SENT))
    options = request.options
    options.protect, options.parent = state.protect, state.parent
    options.ignoreChanges.extend(state.ignore_changes)
    options.additionalSecretOutputs.extend(state.additional_secret_outputs)
    options.aliases.extend(state.aliases)
    if dbr is not None:
        options.deleteBeforeReplace, options.deleteBeforeReplaceDefined = dbr, True
    for name in ("create", "update", "delete"):
        setattr(options.customTimeouts, name, state.custom_timeouts.get(name, 0))
    if provider is not None:
        request.provider.urn, request.provider.type = provider.urn, provider.type
        request.provider.name = urns.name_of(provider.urn)
        request.provider.properties.CopyFrom(to_struct(_readable(provider.inputs), _SENT))


def _readable(properties: Properties) -> Properties:
    """References as ids or URNs: packs can't read them."""
    keep = lambda v: (v.urn if v.id is None else v.id) if isinstance(v, ResourceReference) else NotImplemented  # noqa: E731
    return transform(properties, keep)  # type: ignore[no-any-return]


def _policy(info: analyzer_pb2.PolicyInfo) -> Policy:
    schema = json_format.MessageToDict(info.configSchema.properties) if info.HasField("configSchema") else None
    stack = info.policy_type == analyzer_pb2.POLICY_TYPE_STACK
    return Policy(info.name, LEVELS[info.enforcementLevel], stack, schema, tuple(info.configSchema.required))


def _manifest(directory: Path) -> tuple[dict[str, Any], str]:
    """The options of the runtime, and the version, that PulumiPolicy.yaml gives. Raises PackError."""
    path = directory / "PulumiPolicy.yaml"
    try:
        document = yaml.safe_load(path.read_text()) or {}
    except OSError as e:
        raise PackError(f"{directory} holds no policy pack: {path} can't be read: {e.strerror}") from e
    except yaml.YAMLError as e:
        raise PackError(f"{path} isn't valid YAML: {e}") from e
    if not isinstance(document, dict):
        raise PackError(f"{path} must be an object with at least `runtime: python`")
    runtime = document.get("runtime")
    name = runtime.get("name") if isinstance(runtime, dict) else runtime
    if name != "python":
        raise PackError(
            f"{path}: the rehearsal runs packs of runtime python, not {name!r}. Use the Pulumi CLI for this."
        )
    return (runtime.get("options") or {}) if isinstance(runtime, dict) else {}, str(document.get("version") or "")
