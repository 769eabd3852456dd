"""The resource monitor: the service by which a program registers its resources.

Source: pulumi/pulumi, proto/pulumi/resource.proto and pkg/resource/deploy/source_eval.go. What isn't offered isn't
advertised either, so that the SDK itself says so where it can.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import callback_pb2, provider_pb2, resource_pb2, resource_pb2_grpc

from rehearsal.errors import Cancelled, ProgramError, RehearsalError, RehearsalGap
from rehearsal.goal import Failure, PackageRequest
from rehearsal.values import Properties, contains_unknowns
from rehearsal.values.signatures import UNKNOWN_SENTINELS
from rehearsal.values.wire import EVERYTHING, VALUES, Keep, from_struct, to_struct
from rehearsal.wire.registration import Registered, Registrar, Registrations

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from rehearsal.wire.arrivals import Arrivals
    from rehearsal.wire.callbacks import Callbacks

_F = resource_pb2.ResourceMonitorFeature
_FEATURES = (
    "SECRETS", "RESOURCE_REFERENCES", "OUTPUT_VALUES", "ALIAS_SPECS", "REPLACEMENT_TRIGGER", "DELETED_WITH",
    "REPLACE_WITH", "TRANSFORMS", "INVOKE_TRANSFORMS", "RESOURCE_HOOKS", "ERROR_HOOKS", "SENDS_OPTIONS_TO_HOOKS",
    "INVOKE_DEPENDS_ON", "INVOKE_PARENT",
)  # fmt: skip
_SKIP = 2
_RESULTS: dict[str, Any] = {"success": resource_pb2.SUCCESS, "fail": resource_pb2.FAIL, "skip": _SKIP}


class Engine(Registrar, Protocol):
    """What the monitor needs of the engine besides registrations."""

    def register_outputs(self, urn: str, outputs: Properties) -> Future[None]:
        """Store the outputs of a component or the stack, in turn with registrations; done when they are stored."""
        ...

    def invoke(
        self, token: str, args: Properties, provider: str, package: PackageRequest
    ) -> tuple[Properties, list[Failure]]:
        """Call a provider's function."""
        ...

    def call(self, request: resource_pb2.ResourceCallRequest, provider: str) -> provider_pb2.CallResponse:
        """Call a method of a resource."""
        ...

    def unresolved(self, urns: list[str]) -> bool:
        """Whether any of these, or what is in them, doesn't really exist yet."""
        ...

    def register_hook(
        self, name: str, callback: callback_pb2.Callback, *, on_dry_run: bool, ignore_errors: bool
    ) -> None:
        """Keep a resource hook."""
        ...

    def register_error_hook(self, name: str, callback: callback_pb2.Callback) -> None:
        """Keep an error hook."""
        ...

    def program_is_done(self) -> None:
        """The program registers nothing more; returns when the run has ended."""
        ...

    def complain(self, error: RehearsalError) -> None:
        """Show an error that ends the run."""
        ...


class Monitor(resource_pb2_grpc.ResourceMonitorServicer):
    """Answers the program. `info` is what GetDeploymentInfo says."""

    def __init__(
        self, engine: Engine, registrations: Registrations, callbacks: Callbacks, info: resource_pb2.DeploymentInfo,
        arrivals: Arrivals,
    ) -> None:  # fmt: skip
        self._engine = engine
        self._arrivals = arrivals
        self._registrations = registrations
        self._callbacks = callbacks
        self._info = info
        self._info.supportedFeatures.extend(_F.Value(f"RESOURCE_MONITOR_FEATURE_{name}") for name in _FEATURES)
        self._invoke_transforms: list[callback_pb2.Callback] = []

    def GetDeploymentInfo(self, request: Any, context: Any) -> resource_pb2.DeploymentInfo:  # noqa: ARG002, D102, N802
        return self._info

    def SupportsFeature(self, request: Any, context: Any) -> resource_pb2.SupportsFeatureResponse:  # noqa: ARG002, D102, N802
        known = {_camel(name) for name in _FEATURES}
        return resource_pb2.SupportsFeatureResponse(hasSupport=request.id in known)

    def RegisterResource(self, request: Any, context: Any) -> resource_pb2.RegisterResourceResponse:  # noqa: D102, N802
        return self._guard(context, lambda: self._register(request))  # type: ignore[no-any-return]

    def _register(self, request: Any) -> resource_pb2.RegisterResourceResponse:
        self._arrivals.wait()
        _, registered, constructed = self._registrations.register(request)
        if constructed is not None:
            response = resource_pb2.RegisterResourceResponse(urn=constructed.urn)
            outputs = from_struct(constructed.state, EVERYTHING)
            response.object.CopyFrom(to_struct(outputs, _kept(request)))
            for key, dependencies in constructed.stateDependencies.items():
                response.propertyDependencies[key].urns.extend(dependencies.urns)
            return response
        state = registered.state
        response = resource_pb2.RegisterResourceResponse(
            urn=state.urn, id=state.id, result=_RESULTS[registered.result], unknown=registered.unknown
        )
        # A local component's outputs come from its own constructor: those of the last run may refer to what is gone.
        outputs = state.outputs if request.custom else {}
        if not request.supportsPartialValues:
            outputs = {k: v for k, v in outputs.items() if not contains_unknowns(v)}
        response.object.CopyFrom(to_struct(outputs, _kept(request)))
        return response

    def ReadResource(self, request: Any, context: Any) -> resource_pb2.ReadResourceResponse:  # noqa: D102, N802
        def act() -> resource_pb2.ReadResourceResponse:
            self._arrivals.wait()
            read: Registered = self._registrations.read(request)
            known = read.state.id not in UNKNOWN_SENTINELS
            response = resource_pb2.ReadResourceResponse(urn=read.state.urn, id=read.state.id if known else "")
            response.result = _RESULTS[read.result]
            response.properties.CopyFrom(to_struct(read.state.outputs, _kept(request)))
            return response

        return self._guard(context, act)  # type: ignore[no-any-return]

    def ExistsResource(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        return self._guard(context, lambda: _gap("asking whether a resource exists", request.type))

    def RegisterPackage(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        return self._guard(context, lambda: _gap("parameterized packages", request.name))

    def RegisterResourceOutputs(self, request: Any, context: Any) -> empty_pb2.Empty:  # noqa: D102, N802
        def act() -> empty_pb2.Empty:
            try:
                stored = self._engine.register_outputs(request.urn, from_struct(request.outputs, VALUES))
            finally:
                self._arrivals.handed_on()
            stored.result()
            return empty_pb2.Empty()

        return self._guard(context, act)

    def Invoke(self, request: Any, context: Any) -> resource_pb2.ResourceInvokeResponse:  # noqa: D102, N802
        return self._guard(context, lambda: self._invoke(request))  # type: ignore[no-any-return]

    def _invoke(self, request: Any) -> resource_pb2.ResourceInvokeResponse:
        package = request.tok.split(":", 1)[0]
        provider = request.provider or self._registrations.component_provider(request.parent, package)
        options = resource_pb2.TransformInvokeOptions(
            provider=provider, version=request.version, plugin_download_url=request.pluginDownloadURL
        )
        args = from_struct(request.args, VALUES)
        for transform in self._invoke_transforms:
            message = resource_pb2.TransformInvokeRequest(
                token=request.tok, args=to_struct(args, EVERYTHING), options=options
            )
            changed = self._callbacks.invoke(transform, message, resource_pb2.TransformInvokeResponse)
            args = from_struct(changed.args, VALUES) if changed.HasField("args") else args
            options = changed.options if changed.HasField("options") else options
        if request.packageRef:
            _gap("parameterized packages", request.tok)
        if request.dependsOn and self._engine.unresolved(list(request.dependsOn)):
            return resource_pb2.ResourceInvokeResponse(unknown=True)
        wanted = PackageRequest(package, options.version, options.plugin_download_url)
        result, failures = self._engine.invoke(request.tok, args, options.provider, wanted)
        response = resource_pb2.ResourceInvokeResponse(
            failures=[provider_pb2.CheckFailure(property=f.property, reason=f.reason) for f in failures]
        )
        resources = request.acceptResources or request.tok == "pulumi:pulumi:getResource"
        getattr(response, "return").CopyFrom(to_struct(result, Keep(unknowns=True, secrets=True, resources=resources)))
        return response

    def Call(self, request: Any, context: Any) -> provider_pb2.CallResponse:  # noqa: D102, N802
        return self._guard(context, lambda: self._engine.call(request, request.provider))  # type: ignore[no-any-return]

    def RegisterStackTransform(self, request: Any, context: Any) -> empty_pb2.Empty:  # noqa: ARG002, D102, N802
        self._registrations.stack_transforms.append(request)
        return empty_pb2.Empty()

    def RegisterStackInvokeTransform(self, request: Any, context: Any) -> empty_pb2.Empty:  # noqa: ARG002, D102, N802
        self._invoke_transforms.append(request)
        return empty_pb2.Empty()

    def RegisterResourceHook(self, request: Any, context: Any) -> empty_pb2.Empty:  # noqa: D102, N802
        def act() -> empty_pb2.Empty:
            self._engine.register_hook(
                request.name, request.callback, on_dry_run=request.on_dry_run, ignore_errors=request.ignore_errors
            )
            return empty_pb2.Empty()

        return self._guard(context, act)

    def RegisterErrorHook(self, request: Any, context: Any) -> empty_pb2.Empty:  # noqa: D102, N802
        def act() -> empty_pb2.Empty:
            self._engine.register_error_hook(request.name, request.callback)
            return empty_pb2.Empty()

        return self._guard(context, act)

    def SignalAndWaitForShutdown(self, request: Any, context: Any) -> empty_pb2.Empty:  # noqa: ARG002, D102, N802
        self._engine.program_is_done()
        return empty_pb2.Empty()

    def _guard(self, context: Any, act: Callable[[], Any]) -> Any:
        """Answer, or say why not: a run that is over answers UNAVAILABLE, by which the SDK knows that it may stop."""
        try:
            return act()
        except Cancelled as e:
            context.abort(grpc.StatusCode.UNAVAILABLE, e.message)
        except ProgramError as e:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, e.message)
        except RehearsalGap as e:
            self._engine.complain(e)
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, e.message)
        except RehearsalError as e:
            context.abort(grpc.StatusCode.UNKNOWN, e.message)


def _gap(feature: str, detail: str) -> Any:
    raise RehearsalGap(feature, detail)


def _kept(request: Any) -> Keep:
    return Keep(unknowns=True, secrets=request.acceptSecrets, resources=request.acceptResources)


def _camel(name: str) -> str:
    first, *rest = name.lower().split("_")
    return first + "".join(part.title() for part in rest)
