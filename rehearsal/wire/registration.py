"""What happens to a registration before the engine sees it: inheritance, provider, transforms, dependencies.

The order is the real engine's (pulumi/pulumi, pkg/resource/deploy/source_eval.go, RegisterResource).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from pulumi.runtime.proto import callback_pb2, resource_pb2

from rehearsal import urns
from rehearsal.errors import ProgramError, RehearsalGap
from rehearsal.goal import Goal, PackageRequest, ReadGoal
from rehearsal.state import ResourceState
from rehearsal.values import UNKNOWN, Properties
from rehearsal.values.wire import EVERYTHING, Keep, from_struct, from_value
from rehearsal.wire import requests

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from rehearsal.wire.callbacks import Callbacks

Callback = callback_pb2.Callback


@dataclass(frozen=True)
class Registered:
    """How a registration ended. `result`: success, fail or skip. `unknown`: the resource was not created now."""

    state: ResourceState
    result: str = "success"
    unknown: bool = False


class Registrar(Protocol):
    """What the engine does for the monitor; all of it blocks until it is done and written down."""

    def default_provider(self, package: PackageRequest) -> str:
        """The reference of the package's default provider, made when it is first asked for."""
        ...

    def register(self, goal: Goal) -> Registered:
        """Bring a resource about."""
        ...

    def read(self, goal: ReadGoal) -> Registered:
        """Read a resource."""
        ...

    def construct(self, request: resource_pb2.RegisterResourceRequest, goal: Goal, providers: dict[str, str]) -> Any:
        """Have a provider build a component; its ConstructResponse."""
        ...


@dataclass
class _Known:
    """What later registrations have to know of an earlier one."""

    parent: str
    goal: Goal | None = None
    transforms: list[Callback] = field(default_factory=list)
    providers: dict[str, str] = field(default_factory=dict)


class Registrations:
    """All registrations of one program, as far as others depend on them."""

    def __init__(self, registrar: Registrar, callbacks: Callbacks, directory: Path, root: Path) -> None:
        self._registrar = registrar
        self._callbacks = callbacks
        self._keep = Keep(True, True, True, True, hash_from=directory)  # as in EVERYTHING
        self._root = root
        self._lock = threading.Lock()
        self._known: dict[str, _Known] = {}
        self._remote: dict[tuple[str, str, str], list[Callback]] = {}
        self.stack_transforms: list[Callback] = []

    def register(self, request: resource_pb2.RegisterResourceRequest) -> tuple[Goal, Registered, Any]:  # noqa: C901
        """Bring one registration to its end; the third part is the ConstructResponse of a remote component."""
        if request.state_migrations:
            raise RehearsalGap("state migrations", request.name)
        parent = self._known.get(request.parent)
        if parent is not None and parent.goal is not None:
            _inherit(request, parent.goal)
        if (request.custom or request.remote) and request.type.count(":") != 2:  # noqa: PLR2004
            raise ProgramError(f"{request.type!r} isn't a resource type: expected <package>:<module>:<name>")
        properties = from_struct(request.object, self._keep)
        dependencies = list(dict.fromkeys(request.dependencies))
        by_property = {k: list(dict.fromkeys(v.urns)) for k, v in request.propertyDependencies.items()}
        if not by_property and not request.remote:
            by_property = dict.fromkeys(properties, dependencies)
        if request.transforms:
            properties = requests.upgraded(properties, by_property)
        options = requests.options_of(request, self._provider(request, parent))
        own = self._own_transforms(request)
        for transform in [*own, *self._outer_transforms(request.parent)]:
            properties, options = requests.run_transform(self._callbacks, transform, request, properties, options)
        goal = self._goal(request, properties, options, dependencies, by_property)
        providers = dict(options.providers)
        if not request.custom and parent is not None:
            providers = {**parent.providers, **providers}
        if (request.custom and not urns.is_provider_type(request.type)) or request.remote:
            goal.provider = self._reference(options.provider, request, options)
        else:
            goal.provider = ""
        response = None
        if request.remote:
            response = self._registrar.construct(request, goal, providers)
            state = ResourceState(response.urn, request.type, custom=False)
            registered = Registered(state)
        else:
            registered = self._registrar.register(goal)
        if registered.state.urn:
            with self._lock:
                self._known[registered.state.urn] = _Known(
                    request.parent, None if request.remote else self._inheritable(goal, options), own, providers
                )
        return goal, registered, response

    def read(self, request: resource_pb2.ReadResourceRequest) -> Registered:
        """Bring a read to its end."""
        if request.packageRef:
            raise RehearsalGap("parameterized packages")
        package = PackageRequest(urns.package_of(request.type), request.version, request.pluginDownloadURL)
        provider = request.provider or self._registrar.default_provider(package)
        id_ = from_value_text(request.id)
        goal = ReadGoal(
            request.type, request.name, id_, from_struct(request.properties, self._keep), request.parent, provider,
            list(request.dependencies), list(request.additionalSecretOutputs),
            requests.source_position(request.sourcePosition, self._root),
        )  # fmt: skip
        return self._registrar.read(goal)

    def component_provider(self, parent: str, package: str) -> str:
        """The provider that a parent component holds for a package, or nothing."""
        known = self._known.get(parent)
        return known.providers.get(package, "") if known else ""

    def _inheritable(self, goal: Goal, options: requests.Options) -> Goal:
        """What children inherit: a component keeps the provider it was given, though it has none of its own."""
        if goal.custom or not options.provider:
            return goal
        return Goal(**{**goal.__dict__, "provider": options.provider})

    def _provider(self, request: resource_pb2.RegisterResourceRequest, parent: _Known | None) -> str:
        if request.provider or not (request.custom or request.remote):
            return str(request.provider)
        package = urns.package_of(request.type)
        if package in request.providers:
            return str(request.providers[package])
        return parent.providers.get(package, "") if parent else ""

    def _reference(self, given: str, request: Any, options: requests.Options) -> str:
        if request.packageRef:
            raise RehearsalGap("parameterized packages", request.type)
        if not given:
            package = PackageRequest(urns.package_of(request.type), options.version, options.plugin_download_url)
            return self._registrar.default_provider(package)
        try:
            urns.provider_of(given)
        except ValueError as e:
            raise ProgramError(f"{request.type} {request.name}: {e}") from e
        return given

    def _own_transforms(self, request: resource_pb2.RegisterResourceRequest) -> list[Callback]:
        """The registration's own transforms; a component built elsewhere has those of the request for it."""
        key = (request.parent, request.type, request.name)
        with self._lock:
            if key in self._remote:
                return self._remote.pop(key)
            own = list(request.transforms)
            if request.remote and own:
                self._remote[key] = own
            return own

    def _outer_transforms(self, parent: str) -> Iterable[Callback]:
        with self._lock:
            found: list[Callback] = []
            while parent in self._known:
                found += self._known[parent].transforms
                parent = self._known[parent].parent
            return found + self.stack_transforms

    def _goal(
        self, request: resource_pb2.RegisterResourceRequest, properties: Properties, options: requests.Options,
        dependencies: list[str], by_property: dict[str, list[str]],
    ) -> Goal:  # fmt: skip
        if request.transforms:
            dependencies, by_property = list(options.depends_on), {}
        by_property = {**by_property}
        for key, value in properties.items():
            found = requests.output_dependencies(value)
            by_property[key] = list(dict.fromkeys([*by_property.get(key, ()), *found]))
            if request.transforms:
                dependencies = list(dict.fromkeys([*dependencies, *found]))
        if not request.remote:
            properties = requests.downgraded(properties)
        if urns.is_provider_type(request.type):
            properties = {**properties, **({"version": options.version} if options.version else {})}
            if options.plugin_download_url or request.envVarMappings:
                raise RehearsalGap("plugin download URLs and environment mappings of providers", request.name)
        trigger = (
            from_value(options.replacement_trigger, EVERYTHING) if options.HasField("replacement_trigger") else None
        )
        return Goal(
            type=request.type, name=request.name, custom=request.custom, properties=properties, parent=request.parent,
            dependencies=dependencies, property_dependencies=by_property,
            protect=options.protect if options.HasField("protect") else None,
            retain_on_delete=options.retain_on_delete if options.HasField("retain_on_delete") else None,
            delete_before_replace=options.delete_before_replace if options.HasField("delete_before_replace") else None,
            ignore_changes=list(options.ignore_changes), replace_on_changes=list(options.replace_on_changes),
            hide_diff=list(options.hide_diff), additional_secret_outputs=list(options.additional_secret_outputs),
            aliases=[requests.alias(a) for a in options.aliases], import_id=getattr(options, "import"),
            custom_timeouts=requests.timeouts(options.custom_timeouts), deleted_with=options.deleted_with,
            replace_with=list(options.replace_with), replacement_trigger=requests.downgraded(trigger),
            resource_hooks=requests.hooks(options.hooks),
            source_position=requests.source_position(request.sourcePosition, self._root),
            stack_trace=requests.stack_trace(request.stackTrace, self._root),
        )  # fmt: skip


def _inherit(request: resource_pb2.RegisterResourceRequest, parent: Goal) -> None:
    if not request.deletedWith:
        request.deletedWith = parent.deleted_with
    if not request.HasField("protect") and parent.protect is not None:
        request.protect = parent.protect
    if not request.HasField("retainOnDelete") and parent.retain_on_delete is not None:
        request.retainOnDelete = parent.retain_on_delete
    if not request.provider and parent.provider:
        component = not request.remote and not request.custom
        package = urns.package_of(urns.type_of(urns.provider_of(parent.provider)[0]))
        if component or package == urns.package_of(request.type):
            request.provider = parent.provider


def from_value_text(text: str) -> Any:
    """An id as a value: the sentinel means it isn't known."""
    from rehearsal.values.signatures import UNKNOWN_SENTINELS

    return UNKNOWN if text in UNKNOWN_SENTINELS else text
