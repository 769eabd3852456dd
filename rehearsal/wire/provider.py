"""The client of a provider plug-in: one call of the engine, one RPC.

Source of what each RPC is given: pulumi/pulumi, pkg/resource/plugin/provider_plugin.go.
"""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from rehearsal import urns
from rehearsal.errors import ProviderError, RehearsalGap
from rehearsal.goal import Diff, Failure, Made
from rehearsal.values import Properties, Secret, contains_secrets, contains_unknowns, plain
from rehearsal.values.assets import restored
from rehearsal.values.wire import VALUES, Keep, to_struct
from rehearsal.wire import patience
from rehearsal.wire.answers import DiffUnavailable, diff_of, error_of, remember_secrets, understood
from rehearsal.wire.channel import details

if TYPE_CHECKING:
    from rehearsal.wire.plugin import Plugin


_KNOWN = replace(VALUES, unknowns=False)


@lru_cache
def _limited(accepts: Keep, *, unknowns: bool, elide: bool) -> Keep:
    return replace(accepts, unknowns=unknowns, elide=elide)


class ProviderClient:
    """A provider plug-in, one process. `configure` may be called once; every call waits until it was."""

    def __init__(self, package: str, plugin: Plugin, engine_address: str, directory: str) -> None:
        self.package = package
        self.plugin = plugin
        self.stub = provider_pb2_grpc.ResourceProviderStub(plugin.channel)
        self.accepts = Keep()
        self.preview = False
        self.config_known = True
        self._configured = threading.Event()
        self._trouble: ProviderError | None = None
        self._negotiated = self._handshake(engine_address, directory)

    def _handshake(self, engine_address: str, directory: str) -> bool:
        request = provider_pb2.ProviderHandshakeRequest(
            engine_address=engine_address, root_directory=directory, program_directory=directory,
            configure_with_urn=True, invoke_with_preview=True, supports_refresh_before_update=True,
        )  # fmt: skip
        try:
            response = self.stub.Handshake(request, wait_for_ready=True, timeout=min(60.0, patience.seconds()))
        except grpc.RpcError as e:
            if e.code() == grpc.StatusCode.UNIMPLEMENTED:
                return False
            raise ProviderError(f"the plug-in of provider {self.package} doesn't answer: {details(e)}") from e
        self._accept(response.accept_secrets, response.accept_resources, response.accept_outputs)
        self.preview = True
        if self.plugin.attached:
            self._call(self.stub.Attach, plugin_pb2.PluginAttach(address=engine_address))
        return True

    def _accept(self, secrets: bool, resources: bool, outputs: bool) -> None:
        self.accepts = Keep(secrets=secrets, resources=resources, outputs=outputs)

    def _call(self, method: Any, request: Any, *, urn: str | None = None) -> Any:
        try:
            return method(request)
        except grpc.RpcError as e:
            raise error_of(e, self.package, urn) from e

    def _ready(self) -> None:
        self._configured.wait()
        if self._trouble is not None:
            raise self._trouble

    def _keep(self, *, unknowns: bool = False, elide: bool = False) -> Keep:
        return _limited(self.accepts, unknowns=unknowns, elide=elide)

    def _read(self, message: Any, like: Properties, *, unknowns: bool, urn: str | None = None) -> Properties:
        read = understood(message, VALUES if unknowns else _KNOWN, self.package, urn)
        return read if self.accepts.secrets else remember_secrets(read, like)

    def check_config(self, urn: str, olds: Properties, news: Properties) -> tuple[Properties, list[Failure]]:
        """Check the configuration; a provider that doesn't offer it accepts everything."""
        keep = Keep(unknowns=True, secrets=self.accepts.secrets, resources=self.accepts.resources)
        request = provider_pb2.CheckRequest(
            urn=urn,
            olds=to_struct(olds, keep),
            news=to_struct(news, keep),
            name=urns.name_of(urn),
            type=urns.type_of(urn),
        )
        try:
            response = self.stub.CheckConfig(request)
        except grpc.RpcError as e:
            if e.code() == grpc.StatusCode.UNIMPLEMENTED:
                return news, []
            raise error_of(e, self.package, urn) from e
        inputs = understood(response.inputs, VALUES, self.package, urn)
        return remember_secrets(inputs, news), [Failure(f.property, f.reason) for f in response.failures]

    def diff_config(self, urn: str, old_inputs: Properties, old_outputs: Properties, news: Properties) -> Diff:
        """Compare configurations; unknown from a provider that doesn't offer it."""
        keep = Keep(unknowns=True, secrets=self.accepts.secrets, resources=self.accepts.resources)
        request = provider_pb2.DiffRequest(
            urn=urn, name=urns.name_of(urn), type=urns.type_of(urn), old_inputs=to_struct(old_inputs, keep),
            olds=to_struct(old_outputs, keep), news=to_struct(news, keep),
        )  # fmt: skip
        try:
            return diff_of(self.stub.DiffConfig(request))
        except grpc.RpcError as e:
            if e.code() == grpc.StatusCode.UNIMPLEMENTED:
                return Diff("unknown")
            raise error_of(e, self.package, urn) from e

    def configure(self, urn: str, id_: str, inputs: Properties) -> None:
        """Configure the provider; an error shows at the next call. Unknown values prevent it."""
        if self._configured.is_set():
            return
        if contains_unknowns(inputs):
            self.config_known = False
            self._configured.set()
            return
        variables = {
            f"{self.package}:config:{k}": v if isinstance(v, str) else json.dumps(v)
            for k, v in plain(inputs).items()
            if k != "version"
        }
        request = provider_pb2.ConfigureRequest(
            variables=variables, args=to_struct(inputs, Keep(secrets=True, resources=True)), acceptSecrets=True,
            acceptResources=True, sends_old_inputs=True, sends_old_inputs_to_delete=True, urn=urn, id=id_,
            name=urns.name_of(urn), type=urns.type_of(urn),
        )  # fmt: skip
        try:
            response = self._call(self.stub.Configure, request)
            if not self._negotiated:
                self._accept(response.acceptSecrets, response.acceptResources, response.acceptOutputs)
                self.preview = response.supportsPreview
        except ProviderError as e:
            self._trouble = e
        finally:
            self._configured.set()

    def check(
        self, urn: str, olds: Properties | None, news: Properties, seed: bytes, *, unknowns: bool
    ) -> tuple[Properties, list[Failure]]:
        """Check inputs against the old ones, if any; returns them completed, and what is wrong with them."""
        self._ready()
        if not self.config_known:
            return news, []
        keep = self._keep(unknowns=unknowns)
        request = provider_pb2.CheckRequest(
            urn=urn, name=urns.name_of(urn), type=urns.type_of(urn), olds=to_struct(olds or {}, keep),
            news=to_struct(news, keep), randomSeed=seed,
        )  # fmt: skip
        response = self._call(self.stub.Check, request, urn=urn)
        failures = [Failure(f.property, f.reason) for f in response.failures]
        inputs = self._read(response.inputs, news, unknowns=True, urn=urn)
        if not unknowns and contains_unknowns(inputs):
            text = f"provider {self.package} answered an unknown value to Check of {urn}, where all values are known"
            raise ProviderError(text, urn=urn)
        return inputs, failures

    def diff(  # noqa: PLR0913, PLR0917
        self, urn: str, id_: str, old_inputs: Properties, old_outputs: Properties, news: Properties,
        ignore_changes: list[str], *, unknowns: bool,
    ) -> Diff:  # fmt: skip
        """Compare a resource with new inputs. Raises DiffUnavailable while the provider's configuration isn't known."""
        self._ready()
        if not self.config_known:
            raise DiffUnavailable(
                f"the provider for this resource has inputs that aren't known during preview; "
                f"whether {urns.name_of(urn)} will be updated can only be said when they are",
                urn=urn,
            )
        keep = self._keep(unknowns=unknowns, elide=True)
        request = provider_pb2.DiffRequest(
            urn=urn, id=id_, name=urns.name_of(urn), type=urns.type_of(urn), olds=to_struct(old_outputs, keep),
            old_inputs=to_struct(old_inputs, keep), news=to_struct(news, keep), ignoreChanges=ignore_changes,
        )  # fmt: skip
        return diff_of(self._call(self.stub.Diff, request, urn=urn))

    def create(self, urn: str, inputs: Properties, timeout: float, *, preview: bool) -> Made:
        """Create a resource, or say what it would be."""
        self._ready()
        if preview and not self.config_known:
            return Made("", {})
        if preview and not self.preview:
            return Made("", dict(inputs))
        request = provider_pb2.CreateRequest(
            urn=urn, name=urns.name_of(urn), type=urns.type_of(urn),
            properties=to_struct(inputs, self._keep(unknowns=preview)), timeout=timeout, preview=preview,
        )  # fmt: skip
        response = self._call(self.stub.Create, request, urn=urn)
        if not response.id and not preview:
            raise ProviderError(
                f"provider {self.package} returned no id for {urn} after creating it; "
                "whether it exists isn't known: look for it at the provider's", urn=urn, unknown=True,
            )  # fmt: skip
        outputs = self._read(response.properties, inputs, unknowns=preview, urn=urn)
        return Made(response.id, outputs, refresh_before_update=response.refresh_before_update)

    def update(  # noqa: PLR0913, PLR0917
        self, urn: str, id_: str, old_inputs: Properties, old_outputs: Properties, news: Properties, timeout: float,
        ignore_changes: list[str], *, preview: bool,
    ) -> Made:  # fmt: skip
        """Change a resource in place, or say what would become of it."""
        self._ready()
        if preview and not self.config_known:
            return Made(id_, {})
        if preview and not self.preview:
            return Made(id_, dict(news))
        olds = self._keep(elide=True)
        request = provider_pb2.UpdateRequest(
            urn=urn, id=id_, name=urns.name_of(urn), type=urns.type_of(urn), olds=to_struct(old_outputs, olds),
            old_inputs=to_struct(old_inputs, olds), news=to_struct(news, self._keep(unknowns=preview)), timeout=timeout,
            ignoreChanges=ignore_changes, preview=preview,
        )  # fmt: skip
        response = self._call(self.stub.Update, request, urn=urn)
        outputs = self._read(response.properties, news, unknowns=preview, urn=urn)
        return Made(id_, outputs, refresh_before_update=response.refresh_before_update)

    def delete(self, urn: str, id_: str, inputs: Properties, outputs: Properties, timeout: float) -> None:
        """Delete a resource."""
        self._ready()
        keep = self._keep(elide=True)
        request = provider_pb2.DeleteRequest(
            urn=urn, id=id_, name=urns.name_of(urn), type=urns.type_of(urn), properties=to_struct(outputs, keep),
            old_inputs=to_struct(inputs, keep), timeout=timeout,
        )  # fmt: skip
        self._call(self.stub.Delete, request, urn=urn)

    def read(self, urn: str, id_: str, inputs: Properties, outputs: Properties) -> Made:
        """Read a resource; its id is empty when it doesn't exist."""
        self._ready()
        if not self.config_known:
            return Made(id_, {}, {})
        keep = self._keep(elide=True)
        request = provider_pb2.ReadRequest(
            urn=urn, id=id_, name=urns.name_of(urn), type=urns.type_of(urn),
            properties=to_struct(outputs, keep), inputs=to_struct(inputs, keep),
        )  # fmt: skip
        response = self._call(self.stub.Read, request, urn=urn)
        if not response.id:
            return Made("", {}, {})
        read_outputs = self._read(response.properties, outputs, unknowns=False, urn=urn)
        told: Properties | None = None  # a provider that tells no inputs is not one that tells there are none
        if response.HasField("inputs"):
            told = restored(self._read(response.inputs, inputs, unknowns=False, urn=urn), inputs)
        return Made(response.id, restored(read_outputs, inputs), told, response.refresh_before_update)

    def invoke(self, token: str, args: Properties, *, preview: bool) -> tuple[Properties, list[Failure]]:
        """Call a function of the provider."""
        self._ready()
        if not self.config_known:
            return {}, []
        request = provider_pb2.InvokeRequest(tok=token, args=to_struct(args, self._keep()), preview=preview)
        response = self._call(self.stub.Invoke, request)
        result = understood(getattr(response, "return"), VALUES, self.package, None)
        if not self.accepts.secrets and contains_secrets(args):
            result = {k: Secret(v) for k, v in result.items()}
        return result, [Failure(f.property, f.reason) for f in response.failures]

    def construct(self, request: provider_pb2.ConstructRequest, inputs: Properties) -> provider_pb2.ConstructResponse:
        """Have the provider build a component; its resources come back through the monitor."""
        self._ready()
        if not self.accepts.secrets:
            raise RehearsalGap("components of providers that don't accept secrets", self.package)
        request.inputs.CopyFrom(to_struct(inputs, self._keep(unknowns=True)))
        return self._call(self.stub.Construct, request)  # type: ignore[no-any-return]

    def call(self, request: provider_pb2.CallRequest, args: Properties) -> provider_pb2.CallResponse:
        """Call a method of a resource of the provider."""
        self._ready()
        request.args.CopyFrom(to_struct(args, self._keep(unknowns=True)))
        return self._call(self.stub.Call, request)  # type: ignore[no-any-return]

    def cancel(self) -> None:
        """Ask the provider to give up what it is doing. Raises ProviderError when it refuses; one that is gone has."""
        gone = (grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
        try:
            self.stub.Cancel(empty_pb2.Empty(), timeout=2)
        except grpc.RpcError as e:
            if e.code() not in (*gone, grpc.StatusCode.CANCELLED):
                raise error_of(e, self.package, None) from e
        except ValueError:  # what gRPC raises for a channel that the end of the run has closed meanwhile
            return

    def close(self) -> None:
        """End the plug-in, or only the connection when somebody else started it."""
        self.plugin.close()
